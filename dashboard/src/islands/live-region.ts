/** Announces a text to screen readers. */
export function announce(text: string): void {
  const region = document.getElementById("live-region");
  if (region) region.textContent = text;
}
