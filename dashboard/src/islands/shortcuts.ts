/** The keyboard: `/`, `?`, `j`, `k`, `Enter`, `g` and a letter, `Esc`. */

/** How long after `g` a letter counts as the second half. */
const SEQUENCE_TIMEOUT_MS = 1_500;

export function bindShortcuts(): void {
  let goUntil = 0;
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.key === "Escape") return closeOverlays();
    if (isTyping(event.target)) return;
    if (event.timeStamp < goUntil) {
      goUntil = 0;
      const link = document.querySelector<HTMLAnchorElement>(`a[data-go="${CSS.escape(event.key)}"]`);
      if (link) return link.click();
    }
    switch (event.key) {
      case "g":
        goUntil = event.timeStamp + SEQUENCE_TIMEOUT_MS;
        return;
      case "?":
        return document.querySelector<HTMLDialogElement>("dialog#keys")?.showModal();
      case "/":
        event.preventDefault();
        return (
          document.querySelector<HTMLElement>(
            "form[data-filters] input[type=search], [data-json-search] input",
          ) ?? document.querySelector<HTMLElement>("form[data-filters] select")
        )?.focus();
      case "j":
      case "k":
        return markRow(event.key === "j" ? 1 : -1);
      case "Enter":
        // A focused link or button does its own thing.
        if (event.target instanceof HTMLElement && event.target.closest("a, button, summary")) return;
        return document.querySelector<HTMLAnchorElement>("[data-marked] a.row-link")?.click();
    }
  });
}

function closeOverlays(): void {
  for (const sheet of document.querySelectorAll<HTMLDetailsElement>("details.more[open], details.menu[open]"))
    sheet.open = false;
  if (document.activeElement instanceof HTMLElement && isTyping(document.activeElement))
    document.activeElement.blur();
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest("input, textarea, select, dialog[open]") !== null;
}

/** Marks the next or the previous row. The position is kept in the row's attribute, so it survives live updates. */
function markRow(by: 1 | -1): void {
  const rows = [...document.querySelectorAll<HTMLElement>("[data-rows] [data-row]")];
  if (rows.length === 0) return;
  const at = rows.findIndex((row) => row.hasAttribute("data-marked"));
  const next =
    rows[at === -1 ? (by === 1 ? 0 : rows.length - 1) : Math.max(0, Math.min(rows.length - 1, at + by))];
  rows[at]?.removeAttribute("data-marked");
  next?.setAttribute("data-marked", "");
  next?.scrollIntoView({ block: "nearest" });
  (next?.querySelector<HTMLElement>("a.row-link") ?? next)?.focus({ preventScroll: true });
}
