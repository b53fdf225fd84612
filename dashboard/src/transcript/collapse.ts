/** Splits a long plain text into the shown part and the part behind "Show more (N lines)". */
import { countLines, cutAt } from "../format/text.ts";

export interface CollapsedText {
  shown: string;
  /** Empty when all is shown. */
  rest: string;
  restLines: number;
  /** Characters that the page omits. */
  omitted: number;
}

/** Maximum characters of one text in a page; a link leads to all of it. */
export const MAX_TEXT_CHARACTERS = 24_000;

/**
 * Cuts near `limit` characters, at a line's end where one is near. Lines without end are cut within; what would leave
 * less than a third of `limit` to fold stays whole.
 */
export function collapseText(text: string, limit: number, maximum = MAX_TEXT_CHARACTERS): CollapsedText {
  const kept = cutAt(text, maximum);
  const omitted = text.length - kept.length;
  if (kept.length <= limit * 1.33) return { shown: kept, rest: "", restLines: 0, omitted };
  const newline = kept.lastIndexOf("\n", limit);
  const shown = newline > limit / 2 ? kept.slice(0, newline) : cutAt(kept, limit);
  const rest = kept.slice(newline > limit / 2 ? newline + 1 : shown.length);
  return { shown, rest, restLines: countLines(rest), omitted };
}
