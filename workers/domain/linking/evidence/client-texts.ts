/**
 * Texts that clients write into messages and system prompts beside what people say. Called by
 * transcript.ts and evidence.ts.
 */

/** Texts of the user that only side requests have, from their first word on. */
const SIDE_TEXTS = [
  /^\[SUGGESTION(?: MODE)?: /,
  /^\[[A-Z][A-Z ]{0,40} MODE: [^\]]{1,300}\]\s*$/,
  /^The user stepped away and is coming back\. Recap\b/,
  /^Describe your most recent action in 3-5 words\b/,
  /^Generate a short kebab-case name (?:\(\d-\d words\) that captures the main topic of|for) this conversation\b/,
  /^Based on the conversation transcript above, has the following stopping condition been satisfied\?/,
];
/** First words of reminders that only side requests have. */
const SIDE_REMINDERS = [/^This is a side question from the user\./, /^Stop hook evaluation\b/];
const REMINDER_BEGINS = /^\s*<system-reminder>\s*/i;
/** Of a text only so much is compared. */
const MAX_COMPARED = 500;
const DIRECTORY = /(?:^|\n)[ \t]*(?:-[ \t]*)?(?:primary |current )?working directory:[ \t]*([^\n]{1,500})/i;

/**
 * Where a user message, whose texts are given as sent, has a text that only side requests have: in a reminder of its own, or as
 * its only text beside reminders. Null without one.
 */
export function sideTextIn(texts: readonly string[]): "reminder" | "message" | null {
  const others: string[] = [];
  for (const text of texts) {
    const begin = REMINDER_BEGINS.exec(text)?.[0];
    const compared = text.slice(begin?.length ?? 0, MAX_COMPARED);
    if (begin === undefined) others.push(compared.trimStart());
    else if (SIDE_REMINDERS.some((pattern) => pattern.test(compared))) return "reminder";
  }
  const [only, ...more] = others;
  const isSide = only !== undefined && more.length === 0 && SIDE_TEXTS.some((pattern) => pattern.test(only));
  return isSide ? "message" : null;
}

/** The first working directory that one of these texts states; it tells sessions of equal words apart. Null without one. */
export function workingDirectoryIn(texts: Iterable<string>): string | null {
  for (const text of texts) {
    const directory = DIRECTORY.exec(text)?.[1]?.trim();
    if (directory) return directory;
  }
  return null;
}
