/** Says something to people who listen to the page. */
export function announce(words: string): void {
  const place = document.getElementById("announce");
  if (place) place.textContent = words;
}
