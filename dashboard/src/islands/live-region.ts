/** Says something to people who listen to the page. */
export function announce(text: string): void {
  const region = document.getElementById("live-region");
  if (region) region.textContent = text;
}
