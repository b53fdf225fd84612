/**
 * Normalises message texts for comparison: one message sent twice gives the same text, two messages give different ones.
 * Claude Code puts reminders before, after and inside a user's text and moves them when the model changes; blocks gain a newline
 * when they are merged. Called by transcript.ts and the recognisers beside it.
 */
import { withoutReminders } from "../../messages/reminders.ts";

/** The text without reminders, with Unix line ends, trimmed. */
export function normalizeText(text: string): string {
  return withoutReminders(text.includes("\r") ? text.replaceAll("\r\n", "\n") : text);
}
