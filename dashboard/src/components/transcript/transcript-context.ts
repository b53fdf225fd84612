/** What the parts of a transcript share: links to whole messages, the HTML budget of the page, the length from which texts are shortened. */
import type { Child } from "hono/jsx";
import type { Highlighter } from "../../transcript/highlight.ts";
import type { HtmlBudget } from "../../transcript/html-budget.ts";

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
}

/** Characters of history shown before it folds; the newest exchange shows more. */
export const COLLAPSE_AT = 300;
export const COLLAPSE_NEWEST_AT = 3_000;
