/**
 * Compaction: a client that runs out of room asks for a summary and goes on with it. Recognised by Claude Code's own words,
 * of all versions seen; ask and continuation find each other by the summary's first words. Called by evidence.ts.
 */
import { keyOf } from "./keys.ts";
import type { Item, Run } from "./transcript.ts";

const SUMMARISER = "You are a helpful AI assistant tasked with summarizing conversations";
const ASK =
  /^(?:CRITICAL: Respond with TEXT ONLY[\s\S]{0,4000}?)?Your task is to create a detailed summary\b/;
const CONTINUED = "This session is being continued from a previous conversation that ran out of context";
const BELOW =
  /The conversation is summarized below:|The summary below covers[^.\n]{0,200}\.|is summarized below[:.]/;
/** A summary's own heading, after the thoughts that led to it: a tag in the answer, a label where it is quoted. */
const SUMMARY_BEGINS = /<summary>|(?:^|\n)[ \t]*summary:/i;
const SUMMARY_ENDS = /<\/summary>/i;
const TAGS = /<\/?(?:analysis|summary)>|(?:^|\n)[ \t]*(?:analysis|summary):/gi;

/** Summaries are compared over so many words from their beginning: the greatest of these that both have. */
const LENGTHS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 24, 32, 48, 64, 96];
/** What more words are equal says more. Fewer than this may be chance. */
export const MIN_LIKELY_WORDS = 4;

/** A key with the number of words it covers. */
export interface SummaryKey {
  key: bigint;
  words: number;
}

/** The text that asks for a summary is the last thing the user says, or the system prompt makes a summariser. */
export function isCompactAsk(runs: readonly Run[], systemTexts: readonly string[]): boolean {
  const last = runs.at(-1);
  if (!last || last.isAssistant) return false;
  return systemTexts.some((text) => text.includes(SUMMARISER)) || isCompactAskText(last.items.at(-1));
}

export function isCompactAskText(item: Item | undefined): boolean {
  return item?.plainText != null && ASK.test(item.plainText);
}

/** The newest summary a history carries, and the run it is in; null where there is none. */
export function carriedSummary(runs: readonly Run[]): { text: string; run: number } | null {
  for (let run = runs.length - 1; run >= 0; run--) {
    if (runs[run]!.isAssistant) continue;
    const item = runs[run]!.items.findLast(({ plainText: plain }) => plain?.startsWith(CONTINUED));
    if (item?.plainText) return { text: item.plainText, run };
  }
  return null;
}

/** Under which a continuation looks for its summary: all prefixes, longest first. */
export function wantedSummaries(carried: string): SummaryKey[] {
  const marker = BELOW.exec(carried);
  const words = wordsOf(marker ? carried.slice(marker.index + marker[0].length) : carried);
  return LENGTHS.filter((length) => length <= words.length)
    .map((length) => ({ key: summaryKey(words, length), words: length }))
    .reverse();
}

/** Under which the answer to an ask is found; null where it says nothing. */
export function offeredSummary(answer: readonly Item[]): SummaryKey | null {
  const words = wordsOf(answer.flatMap(({ plainText: plain }) => plain ?? []).join("\n"));
  const length = LENGTHS.findLast((each) => each <= words.length);
  return length === undefined ? null : { key: summaryKey(words, length), words: length };
}

function summaryKey(words: readonly string[], length: number): bigint {
  return keyOf("summary", ...words.slice(0, length));
}

function wordsOf(text: string): string[] {
  const begins = SUMMARY_BEGINS.exec(text);
  const from = begins ? text.slice(begins.index + begins[0].length) : text;
  const ends = SUMMARY_ENDS.exec(from);
  const summary = (ends ? from.slice(0, ends.index) : from).slice(0, 4_000).replace(TAGS, "\n");
  return summary.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
}
