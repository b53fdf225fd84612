/** The keyboard: `/`, `?`, `j`, `k`, `Enter`, `g` and a letter, `Esc`. */
const G_MS = 1_000;

export function bindKeys(): void {
  let goUntil = 0;
  let marked = -1;
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape" && document.activeElement instanceof HTMLElement)
      return document.activeElement.blur();
    if (isTyping(event.target)) return;
    if (Date.now() < goUntil) {
      goUntil = 0;
      document.querySelector<HTMLAnchorElement>(`a[data-go="${CSS.escape(event.key)}"]`)?.click();
      return;
    }
    switch (event.key) {
      case "g":
        goUntil = Date.now() + G_MS;
        return;
      case "?":
        document.querySelector<HTMLDialogElement>("dialog#keys")?.showModal();
        return;
      case "/":
        event.preventDefault();
        document.querySelector<HTMLElement>("input[type=search], form[data-filters] select")?.focus();
        return;
      case "j":
      case "k":
        marked = mark(marked + (event.key === "j" ? 1 : -1));
        return;
      case "Enter":
        document.querySelector<HTMLAnchorElement>("[data-marked] a.row-link")?.click();
    }
  });
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement && target.closest("input, textarea, select, [contenteditable]") !== null
  );
}

function mark(wanted: number): number {
  const rows = document.querySelectorAll<HTMLElement>("[data-rows] [data-row]");
  const index = Math.max(0, Math.min(rows.length - 1, wanted));
  for (const row of rows) row.removeAttribute("data-marked");
  rows[index]?.setAttribute("data-marked", "");
  rows[index]?.scrollIntoView({ block: "nearest" });
  return index;
}
