/** The part of a text around a match. Pure; called for search results. */
import type { Range } from "./query.ts";

const CONTEXT_BEFORE = 60;
const MAX_SNIPPET = 240;
const MAX_HIGHLIGHTS = 20;

export interface Snippet {
  snippet: string;
  /** In the snippet, in UTF-16 code units, in order, without overlaps. */
  highlights: Range[];
}

/** Around the first range (the beginning without one); one line, whole characters. */
export function snippetAround(text: string, ranges: readonly Range[]): Snippet {
  const first = ranges[0]?.start ?? 0;
  const from = alignToCharacter(
    text,
    first <= CONTEXT_BEFORE ? 0 : wordStart(text, first - CONTEXT_BEFORE, first),
  );
  const to = alignToCharacter(
    text,
    Math.min(text.length, Math.max(from + MAX_SNIPPET, ranges[0]?.end ?? 0), from + 2 * MAX_SNIPPET),
  );
  const lead = from > 0 ? "…" : "";
  const piece = text
    .slice(from, to)
    .toWellFormed()
    .replace(/[\p{Cc}\u2028\u2029]/gu, " ");
  const highlights: Range[] = [];
  let highlightedTo = from;
  for (const { start, end } of ranges) {
    if (start < highlightedTo || end > to) continue;
    highlightedTo = end;
    highlights.push({ start: start - from + lead.length, end: end - from + lead.length });
    if (highlights.length === MAX_HIGHLIGHTS) break;
  }
  return { snippet: `${lead}${piece}${to < text.length ? "…" : ""}`, highlights };
}

/** Not inside a surrogate pair. */
function alignToCharacter(text: string, at: number): number {
  const code = text.charCodeAt(at);
  return at > 0 && at < text.length && code >= 0xdc00 && code <= 0xdfff ? at - 1 : at;
}

function wordStart(text: string, at: number, before: number): number {
  const space = text.slice(at, before).search(/\s/);
  return space < 0 ? at : at + space + 1;
}
