/**
 * Buttons with `data-copy` put that text on the clipboard and say so; those with `data-copy-from` what is at that address,
 * because a page is no place for a long text twice. They are hidden until there is a script.
 */
import { announce } from "./live-region.ts";

const COPIED_SHOWN_MS = 1_500;
const BUTTONS = "button[data-copy], button[data-copy-from]";

export function bindCopyButtons(): void {
  revealCopyButtons(document);
  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest(BUTTONS) : null;
    if (!(button instanceof HTMLButtonElement)) return;
    void textOf(button)
      .then((text) => text !== null && copy(text))
      .then((isCopied) => {
        announce(isCopied ? "Copied." : "Copy failed.");
        if (!isCopied) return;
        button.classList.add("copied");
        setTimeout(() => button.classList.remove("copied"), COPIED_SHOWN_MS);
      });
  });
}

/** Shows the buttons below `root`: without a script they would do nothing. */
export function revealCopyButtons(root: ParentNode): void {
  for (const button of root.querySelectorAll<HTMLButtonElement>(BUTTONS)) button.hidden = false;
}

async function textOf(button: HTMLButtonElement): Promise<string | null> {
  const address = button.dataset.copyFrom;
  if (address === undefined) return button.dataset.copy ?? "";
  const response = await fetch(address).catch(() => null);
  return response?.ok ? response.text() : null;
}

/** Over plain http on a name other than localhost there is no clipboard API; the old way still works. */
async function copy(text: string): Promise<boolean> {
  if (navigator.clipboard as Clipboard | undefined) {
    return navigator.clipboard.writeText(text).then(
      () => true,
      () => false,
    );
  }
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "visually-hidden";
  document.body.append(area);
  area.select();
  const isCopied = document.execCommand("copy");
  area.remove();
  return isCopied;
}
