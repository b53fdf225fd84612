/** The nesting depth of a JSON text, checked before an untrusted body reaches code that recurses (serialisers, pages). */

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Arrays and objects around the innermost value, 0 for a plain value. `text` must be valid JSON. Linear, without a stack. */
export function jsonDepth(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = endOfString(text, at);
    // "[" and "{" differ by 0x20, as do "]" and "}".
    else if ((code | 0x20) === 0x7b) deepest = Math.max(deepest, ++depth);
    else if ((code | 0x20) === 0x7d) depth--;
  }
  return deepest;
}

/** Position of the quote that ends the string beginning at `start`. `indexOf` is fast over texts, which are mostly strings. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === BACKSLASH) backslashes++;
    if (backslashes % 2 === 0) return end;
  }
  return text.length;
}
