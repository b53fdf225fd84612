/** Truncates texts for columns and log lines. */

/** The first `max` UTF-16 code units, one less where that would cut a surrogate pair in two. */
export function truncate(text: string, max: number): string {
  if (text.length <= max) return text;
  const last = text.charCodeAt(max - 1);
  const isHighSurrogate = last >= 0xd800 && last <= 0xdbff;
  return text.slice(0, Math.max(0, isHighSurrogate ? max - 1 : max));
}

/** Control characters and line separators. */
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;
/** A run of them and of spaces. */
const BLANKS = /[ \u0000-\u001f\u007f-\u009f\u2028\u2029]+/g;

/**
 * An untrusted text as one line of at most `max` characters that any database accepts: runs of control characters and line
 * separators, with the blanks around them, become one blank; lone surrogates become U+FFFD.
 */
export function plainText(text: string, max: number): string {
  // Truncated before, because a regular expression over a megabyte of text is slow, and after, because runs shrink.
  const line = truncate(text, 4 * max)
    .toWellFormed()
    .replace(BLANKS, (run) => (CONTROL.test(run) ? " " : run))
    .trim();
  return truncate(line, max);
}
