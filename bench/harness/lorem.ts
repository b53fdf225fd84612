/** Random texts that compress about as well as prose. */

const VOCABULARY = Array.from({ length: 4_000 }, (_, index) =>
  Array.from({ length: 2 + (index % 4) }, (_, part) => syllable(index * 7 + part * 13)).join(""),
);
function syllable(n: number): string {
  return `${"bcdfghjklmnprstvw"[n % 17]}${"aeiou"[Math.floor(n / 17) % 5]}`;
}

/** A text of at least `length` characters. */
export function lorem(length: number): string {
  let text = "";
  while (text.length < length) text += `${VOCABULARY[Math.floor(Math.random() * VOCABULARY.length)]} `;
  return text;
}
