/** Buttons with `data-copy` put that text on the clipboard and say so. They are hidden until there is a script. */
import { announce } from "./announce.ts";

const SHOWN_MS = 1_500;

export function bindCopyButtons(): void {
  for (const button of document.querySelectorAll<HTMLButtonElement>("button[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      void copy(button.dataset.copy ?? "").then((isCopied) => {
        announce(isCopied ? "Copied." : "Could not be copied.");
        if (!isCopied) return;
        button.classList.add("copied");
        setTimeout(() => button.classList.remove("copied"), SHOWN_MS);
      });
    });
  }
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
  area.className = "unseen";
  document.body.append(area);
  area.select();
  const isCopied = document.execCommand("copy");
  area.remove();
  return isCopied;
}
