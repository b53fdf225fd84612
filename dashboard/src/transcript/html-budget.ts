/** A limit for the bytes that the texts of a page take together; the first screen of a page stays below 100 KB. */

export interface HtmlBudget {
  /** Approximate bytes of HTML. */
  left: number;
  /** Parts of messages. A tool call takes about 750 bytes beside its texts. */
  parts?: number;
}

/** Parts of a message that are shown even if the budget is spent. */
const MIN_PARTS = 3;

/** Returns how many of `parts` parts of a message fit in the budget, and deducts them. */
export function spendParts(budget: HtmlBudget | undefined, parts: number): number {
  if (budget?.parts === undefined) return parts;
  const shown = Math.min(parts, Math.max(budget.parts, MIN_PARTS));
  budget.parts -= shown;
  return shown;
}

/** Bytes of the start of a text that are shown even if the budget is spent. */
const MIN_TEXT_BYTES = 300;

/** Returns how many characters of `text`, at most `maxCharacters`, fit in the budget, and deducts their bytes. */
export function spendBudget(budget: HtmlBudget | undefined, text: string, maxCharacters: number): number {
  if (!budget) return maxCharacters;
  const limit = Math.max(budget.left, MIN_TEXT_BYTES);
  let bytes = 0;
  let at = 0;
  for (; at < text.length && at < maxCharacters && bytes < limit; at++) bytes += bytesOf(text.charCodeAt(at));
  budget.left -= bytes;
  return bytes < limit ? maxCharacters : at;
}

/** Bytes of a code unit, escaped and in UTF-8; a surrogate counts 2 of 4. */
function bytesOf(code: number): number {
  if (code > 0x7ff) return code >= 0xd800 && code <= 0xdfff ? 2 : 3;
  if (code > 0x7f) return 2;
  return code === 0x22 || code === 0x26 || code === 0x27 || code === 0x3c || code === 0x3e ? 5 : 1;
}
