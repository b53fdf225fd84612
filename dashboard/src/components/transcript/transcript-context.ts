/** What the parts of a transcript share: links to whole messages, the HTML budget of the page, the length from which texts are shortened. */
import type { Child } from "hono/jsx";
import type { SparkFeedback } from "../../api/spark.ts";
import type { View } from "../../context/view.ts";
import type { Highlighter } from "../../transcript/highlight.ts";
import type { HtmlBudget } from "../../transcript/html-budget.ts";

/** What the cards of recommendations need. */
export interface SparkContext {
  view: View;
  feedback: SparkFeedback;
  /** Sessions that already have a card on this page; of those, one has the form. */
  shown: Set<string>;
  /** The page of a request with the whole of a shortened recommendation. */
  wholeHref: string;
}

/** Undefined without recommendations. */
export function sparkContext(
  view: View,
  feedback: SparkFeedback | null,
  wholeHref: string,
): SparkContext | undefined {
  return feedback ? { view, feedback, shown: new Set(), wholeHref } : undefined;
}

/** What a transcript needs to know to link to the whole of what it cuts. */
export interface TranscriptContext {
  /** Address of the page with all parameters but the fragment. */
  here: string;
  /** Link to the whole of the request's body. */
  rawHref: string;
  /** Where a message that came cut can be had whole; null for one that is whole. */
  fullMessageHref?: (number: number) => string | null;
  /** System reminders stand open. */
  remindersOpen?: boolean;
  /** Colours code; one for the page. */
  highlight?: Highlighter;
  /** Budget of the page. */
  budget?: HtmlBudget;
  /** When a message was sent and by which request, where that is known. */
  noteOf?: (number: number) => Child;
  /** The item of the tree beside it that a message belongs to. */
  nodeOf?: (number: number) => number | null;
  /** Shows recommendations of Spark as cards; without it they are tool calls. */
  spark?: SparkContext | undefined;
}

/** Characters of history shown before it folds; the newest exchange shows more. */
export const COLLAPSE_AT = 300;
export const COLLAPSE_NEWEST_AT = 3_000;
