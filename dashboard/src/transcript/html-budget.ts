/** How much text a page still has room for: its first screen is to be small, however much was said in how many pieces. */

export interface HtmlBudget {
  /** Bytes of HTML, about. */
  left: number;
}

/** Even where there is no room left, a text shows how it begins. */
const MIN_TEXT_BYTES = 300;

/** How many characters of `text`, `most` at the most, there is room for. It is taken. */
export function spendBudget(budget: HtmlBudget | undefined, text: string, maxCharacters: number): number {
  if (!budget) return maxCharacters;
  const limit = Math.max(budget.left, MIN_TEXT_BYTES);
  let bytes = 0;
  let at = 0;
  for (; at < text.length && at < maxCharacters && bytes < limit; at++) bytes += bytesOf(text.charCodeAt(at));
  budget.left -= bytes;
  return bytes < limit ? maxCharacters : at;
}

/** Escaped and in UTF-8; halves of a pair count half. */
function bytesOf(code: number): number {
  if (code > 0x7ff) return code >= 0xd800 && code <= 0xdfff ? 2 : 3;
  if (code > 0x7f) return 2;
  return code === 0x22 || code === 0x26 || code === 0x27 || code === 0x3c || code === 0x3e ? 5 : 1;
}
