/**
 * Normalises message texts for comparison: one message sent twice gives the same text, two messages give different ones.
 * Claude Code puts reminders before, after and inside a user's text and moves them when the model changes; blocks gain a newline
 * when they are merged. Called by transcript.ts and the recognisers beside it.
 */
import { withoutFlatReminders } from "../../messages/reminders.ts";

/**
 * The text without reminders, with Unix line ends, trimmed. Reminders do not nest here and an unclosed tag always stays text,
 * unlike in titles and alerts: stored hashes depend on it.
 */
export function normalizeText(text: string): string {
  return withoutFlatReminders(text.includes("\r") ? text.replaceAll("\r\n", "\n") : text);
}
