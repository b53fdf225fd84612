/**
 * Normalises message texts for comparison: one message sent twice gives the same text, two messages give different ones.
 * Claude Code puts reminders before, behind and inside a user's text and moves them when the model changes; blocks gain a
 * newline when they are merged. Called by transcript.ts and the recognisers beside it.
 */

const OPENING = /<system-reminder>/i;
const CLOSING = /<\/system-reminder>/gi;

/** The text without reminders, with Unix line ends, trimmed. A tag that is never closed stays. */
export function normalizeText(text: string): string {
  return withoutReminders(text.includes("\r") ? text.replaceAll("\r\n", "\n") : text).trim();
}

/** Every `<system-reminder>…</system-reminder>` (any case, shortest match) goes, with the white space before it. Linear. */
function withoutReminders(text: string): string {
  let rest = text;
  let kept = "";
  for (let opening = OPENING.exec(rest); opening; opening = OPENING.exec(rest)) {
    CLOSING.lastIndex = opening.index;
    if (!CLOSING.test(rest)) break;
    kept += rest.slice(0, opening.index).trimEnd();
    rest = rest.slice(CLOSING.lastIndex);
  }
  return kept + rest;
}
