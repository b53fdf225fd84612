/** Search in a JSON tree: matches are highlighted and their branches open; Enter goes to the next, Shift+Enter back. */

const MAX_MATCHES = 500;
const TYPING_DELAY_MS = 150;

export function bindJsonSearch(): void {
  for (const form of document.querySelectorAll<HTMLElement>("[data-json-search]")) bindSearch(form);
}

function bindSearch(form: HTMLElement): void {
  const input = form.querySelector("input");
  const status = form.querySelector("[data-json-found]");
  const scope = form.parentElement;
  if (!input || !status || !scope) return;
  form.hidden = false;
  let matches: Range[] = [];
  let index = -1;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const step = (by: 1 | -1) => {
    if (matches.length === 0) return;
    index = (index + by + matches.length) % matches.length;
    const range = matches[index]!;
    for (let node = range.startContainer.parentElement; node && node !== scope; node = node.parentElement)
      if (node instanceof HTMLDetailsElement) node.open = true;
    setHighlight("json-now", [range]);
    range.startContainer.parentElement?.scrollIntoView({ block: "center" });
    status.textContent = `${index + 1} of ${matches.length}${matches.length === MAX_MATCHES ? "+" : ""}`;
  };
  const search = () => {
    const query = input.value.toLowerCase();
    matches = query.length < 2 ? [] : findRanges(scope, query);
    index = -1;
    setHighlight("json-found", matches);
    setHighlight("json-now", []);
    status.textContent = query.length < 2 ? "" : "No matches";
    step(1);
  };
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(search, TYPING_DELAY_MS);
  });
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    step(event.shiftKey ? -1 : 1);
  });
  form.addEventListener("click", (event) => {
    const button =
      event.target instanceof Element ? event.target.closest<HTMLElement>("[data-json-fold]") : null;
    if (!button) return;
    const isOpen = button.dataset.jsonFold === "open";
    for (const branch of scope.querySelectorAll<HTMLDetailsElement>("details.json-branch"))
      branch.open = isOpen;
  });
}

function findRanges(scope: Element, query: string): Range[] {
  const ranges: Range[] = [];
  for (const tree of scope.querySelectorAll(".json")) {
    const texts = document.createTreeWalker(tree, NodeFilter.SHOW_TEXT);
    for (let node = texts.nextNode(); node && ranges.length < MAX_MATCHES; node = texts.nextNode()) {
      const text = (node.nodeValue ?? "").toLowerCase();
      for (
        let from = text.indexOf(query);
        from !== -1 && ranges.length < MAX_MATCHES;
        from = text.indexOf(query, from + 1)
      ) {
        const range = document.createRange();
        range.setStart(node, from);
        range.setEnd(node, from + query.length);
        ranges.push(range);
      }
    }
  }
  return ranges;
}

/** Marks without touching the document; a browser that cannot still opens and scrolls. */
function setHighlight(name: string, ranges: readonly Range[]): void {
  if (!("highlights" in CSS)) return;
  if (ranges.length === 0) CSS.highlights.delete(name);
  else CSS.highlights.set(name, new Highlight(...ranges));
}
