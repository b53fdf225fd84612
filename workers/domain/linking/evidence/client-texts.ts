/**
 * Texts that clients write into messages and system prompts beside what people say, recognised by their first words. Called by
 * transcript.ts and evidence.ts.
 */

/** First words of the user texts that only side requests have, in a reminder or not. */
const SIDE_TEXTS = [
  /^\[[A-Z][A-Z ]{0,40} MODE:/,
  /^This is a side question from the user\b/,
  /^The user stepped away and is coming back\b/,
  /^Describe your most recent action in\b/,
  /^Generate a short kebab-case name\b/,
  /^Based on the conversation transcript above, has the following stopping condition\b/,
];
const REMINDER_BEGINS = /^\s*(?:<system-reminder>\s*)?/i;
const DIRECTORY = /(?:^|\n)[ \t]*(?:-[ \t]*)?(?:primary |current )?working directory:[ \t]*([^\n]{1,500})/i;

/** True for a user text, as sent, with which only side requests begin. */
export function isSideText(text: string): boolean {
  const [begin] = REMINDER_BEGINS.exec(text)!;
  const first = text.slice(begin.length, begin.length + 100);
  return SIDE_TEXTS.some((pattern) => pattern.test(first));
}

/** The first working directory that one of these texts states; it tells sessions of equal words apart. Null without one. */
export function workingDirectoryIn(texts: Iterable<string>): string | null {
  for (const text of texts) {
    const directory = DIRECTORY.exec(text)?.[1]?.trim();
    if (directory) return directory;
  }
  return null;
}
