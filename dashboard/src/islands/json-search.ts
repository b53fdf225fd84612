/** Searching a tree of JSON: what is found is marked and its branches open; Enter goes on to the next, Shift+Enter back. */

const MOST = 500;
const PATIENCE_MS = 150;

export function bindJsonSearch(): void {
  for (const form of document.querySelectorAll<HTMLElement>("[data-json-search]")) bind(form);
}

function bind(form: HTMLElement): void {
  const input = form.querySelector("input");
  const words = form.querySelector("[data-json-found]");
  const scope = form.parentElement;
  if (!input || !words || !scope) return;
  form.hidden = false;
  let found: Range[] = [];
  let at = -1;
  let waiting: ReturnType<typeof setTimeout> | undefined;

  const go = (by: 1 | -1) => {
    if (found.length === 0) return;
    at = (at + by + found.length) % found.length;
    const range = found[at]!;
    for (let node = range.startContainer.parentElement; node && node !== scope; node = node.parentElement)
      if (node instanceof HTMLDetailsElement) node.open = true;
    mark("json-now", [range]);
    range.startContainer.parentElement?.scrollIntoView({ block: "center" });
    words.textContent = `${at + 1} of ${found.length}${found.length === MOST ? " or more" : ""}`;
  };
  const search = () => {
    const wanted = input.value.toLowerCase();
    found = wanted.length < 2 ? [] : rangesOf(scope, wanted);
    at = -1;
    mark("json-found", found);
    mark("json-now", []);
    words.textContent = wanted.length < 2 ? "" : "nothing found";
    go(1);
  };
  input.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(search, PATIENCE_MS);
  });
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    go(event.shiftKey ? -1 : 1);
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

function rangesOf(scope: Element, wanted: string): Range[] {
  const ranges: Range[] = [];
  for (const tree of scope.querySelectorAll(".json")) {
    const texts = document.createTreeWalker(tree, NodeFilter.SHOW_TEXT);
    for (let node = texts.nextNode(); node && ranges.length < MOST; node = texts.nextNode()) {
      const text = (node.nodeValue ?? "").toLowerCase();
      for (
        let from = text.indexOf(wanted);
        from !== -1 && ranges.length < MOST;
        from = text.indexOf(wanted, from + 1)
      ) {
        const range = document.createRange();
        range.setStart(node, from);
        range.setEnd(node, from + wanted.length);
        ranges.push(range);
      }
    }
  }
  return ranges;
}

/** Marks without touching the document; a browser that cannot still opens and scrolls. */
function mark(name: string, ranges: readonly Range[]): void {
  if (!("highlights" in CSS)) return;
  if (ranges.length === 0) CSS.highlights.delete(name);
  else CSS.highlights.set(name, new Highlight(...ranges));
}
