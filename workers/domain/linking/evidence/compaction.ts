/**
 * Compaction: a client whose context window is full asks for a summary and continues with it. Recognised by the texts that
 * Claude Code sends (all versions seen). The compact-ask and its continuation find each other by the summary's first words.
 * Called by evidence.ts.
 */
import { keyOf } from "./keys.ts";
import type { Item, Run } from "./transcript.ts";

const SUMMARISER = "You are a helpful AI assistant tasked with summarizing conversations";
const COMPACT_ASK =
  /^(?:CRITICAL: Respond with TEXT ONLY[\s\S]{0,4000}?)?Your task is to create a detailed summary\b/;
const CONTINUED = "This session is being continued from a previous conversation that ran out of context";
const SUMMARY_FOLLOWS =
  /The conversation is summarized below:|The summary below covers[^.\n]{0,200}\.|is summarized below[:.]/;
/** The heading of a summary, after its analysis: a tag in the response, a label where the summary is quoted. */
const SUMMARY_BEGINS = /<summary>|(?:^|\n)[ \t]*summary:/i;
const SUMMARY_ENDS = /<\/summary>/i;
const TAGS = /<\/?(?:analysis|summary)>|(?:^|\n)[ \t]*(?:analysis|summary):/gi;

/** Summaries are compared over this many first words: the greatest number that both have. */
const PREFIX_LENGTHS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 24, 32, 48, 64, 96];
/** Fewer equal words than this may be chance. */
export const MIN_LIKELY_WORDS = 4;

/** A key over the first `words` words of a summary. */
export interface SummaryKey {
  key: bigint;
  words: number;
}

/** True where the last user text asks for a summary, or the system prompt is that of a summariser. */
export function isCompactAsk(runs: readonly Run[], systemTexts: readonly string[]): boolean {
  const last = runs.at(-1);
  if (!last || last.isAssistant) return false;
  return systemTexts.some((text) => text.includes(SUMMARISER)) || isCompactAskText(last.items.at(-1));
}

export function isCompactAskText(item: Item | undefined): boolean {
  return item?.plainText != null && COMPACT_ASK.test(item.plainText);
}

/** The newest summary in a history and its run; null without one. */
export function carriedSummary(runs: readonly Run[]): { text: string; run: number } | null {
  for (let run = runs.length - 1; run >= 0; run--) {
    if (runs[run]!.isAssistant) continue;
    const item = runs[run]!.items.findLast(({ plainText }) => plainText?.startsWith(CONTINUED));
    if (item?.plainText) return { text: item.plainText, run };
  }
  return null;
}

/** The keys by which a continuation looks for its summary: all prefixes, longest first. */
export function wantedSummaries(carried: string): SummaryKey[] {
  const marker = SUMMARY_FOLLOWS.exec(carried);
  const words = wordsOf(marker ? carried.slice(marker.index + marker[0].length) : carried);
  return PREFIX_LENGTHS.filter((length) => length <= words.length)
    .map((length) => ({ key: summaryKey(words, length), words: length }))
    .reverse();
}

/** The key by which the response to a compact-ask is found; null for a response without words. */
export function offeredSummary(response: readonly Item[]): SummaryKey | null {
  const words = wordsOf(response.flatMap(({ plainText }) => plainText ?? []).join("\n"));
  const length = PREFIX_LENGTHS.findLast((each) => each <= words.length);
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
