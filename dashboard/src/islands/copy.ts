/** Buttons with `data-copy` put that text on the clipboard and say so. They are hidden until there is a script. */
export function bindCopyButtons(): void {
  for (const button of document.querySelectorAll<HTMLButtonElement>("button[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      void navigator.clipboard.writeText(button.dataset.copy ?? "").then(() => announce("Copied."));
    });
  }
}

function announce(words: string): void {
  const place = document.getElementById("announce");
  if (place) place.textContent = words;
}
