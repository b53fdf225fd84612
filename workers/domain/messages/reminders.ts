/**
 * The one filter of `<system-reminder>` elements, which Claude Code puts before, after and inside a user's text.
 * Used by titles, alerts, linking and the dashboard; keys and hashes of linking are made of texts without reminders.
 */

export interface TextSegment {
  /** Of a reminder: the text between its tags. */
  text: string;
  isReminder: boolean;
}

const TAG = /<(\/?)system-reminder>/gi;

/**
 * A text as segments, in order. Tags match in any case and nest: a reminder ends at the closing tag of its own opening tag, or,
 * if it has none, at the next closing tag. An opening tag without a closing tag after it begins a reminder only if no other
 * text precedes it (a truncated reminder); elsewhere it is text that mentions the tag. Linear in the text.
 */
export function splitReminders(text: string): TextSegment[] {
  const tags = Array.from(text.matchAll(TAG), ({ 0: tag, 1: slash, index }) => ({
    start: index,
    end: index + tag.length,
    isClosing: slash === "/",
  }));
  const closingTags = matchClosingTags(tags.map(({ isClosing }) => isClosing));
  const segments: TextSegment[] = [];
  let from = 0;
  const addText = (to: number) => {
    if (to > from) segments.push({ text: text.slice(from, to), isReminder: false });
  };
  for (let at = 0; at < tags.length; at++) {
    const { start, end, isClosing } = tags[at]!;
    if (isClosing) continue;
    const closing = closingTags[at];
    if (closing === null || closing === undefined) {
      const hasText = segments.some((segment) => !segment.isReminder && segment.text.trim() !== "");
      if (hasText || text.slice(from, start).trim() !== "") break;
      addText(start);
      segments.push({ text: text.slice(end), isReminder: true });
      return segments;
    }
    const { start: innerEnd, end: outerEnd } = tags[closing]!;
    addText(start);
    segments.push({ text: text.slice(end, innerEnd), isReminder: true });
    from = outerEnd;
    at = closing;
  }
  addText(text.length);
  return segments;
}

/** The text without reminders and the white space before each, trimmed. */
export function withoutReminders(text: string): string {
  return splitReminders(text)
    .map((segment, at, segments) =>
      segment.isReminder ? "" : segments[at + 1] ? segment.text.trimEnd() : segment.text,
    )
    .join("")
    .trim();
}

/** For each opening tag the index of the tag that closes it; null where none follows. */
function matchClosingTags(isClosing: readonly boolean[]): (number | null)[] {
  const matches = new Array<number | null>(isClosing.length).fill(null);
  const open: number[] = [];
  for (const [at, closes] of isClosing.entries()) {
    if (!closes) open.push(at);
    else if (open.length > 0) matches[open.pop()!] = at;
  }
  let nextClosing: number | null = null;
  for (let at = isClosing.length - 1; at >= 0; at--) {
    if (isClosing[at]) nextClosing = at;
    else matches[at] ??= nextClosing;
  }
  return matches;
}
