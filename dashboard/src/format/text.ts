/**
 * Untrusted text for a page: control characters become visible, long text is cut between code points and ends with "…".
 * The renderer escapes it.
 */

/** Control characters other than tab and newline as their pictures (NUL → ␀), so that they neither vanish nor act. */
export function printable(text: string): string {
  return text
    .replace(/\r\n?/g, "\n")
    .replace(/[\u0000-\u0008\u000b-\u001f\u007f]/g, (char) =>
      String.fromCharCode(char === "\u007f" ? 0x2421 : 0x2400 + char.charCodeAt(0)),
    );
}

/** One line, at most `length` characters (whole code points), "…" where something was cut. */
export function oneLine(text: string, length: number): string {
  const head = text.slice(0, length * 8);
  const points = Array.from(printable(head).replace(/\s+/g, " ").trim());
  if (points.length <= length && head.length === text.length) return points.join("");
  return `${points.slice(0, length - 1).join("")}…`;
}

/** "client key" → "Client key". */
export const capitalize = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

/** Number of lines: one more than the newlines between the first and the last character. */
export function countLines(text: string): number {
  if (text === "") return 0;
  let lines = 1;
  for (let at = text.indexOf("\n"); at !== -1 && at < text.length - 1; at = text.indexOf("\n", at + 1))
    lines++;
  return lines;
}

/** The last eight characters of an id: UUIDv7s of the same time share their beginning. */
export function shortId(id: string): string {
  return id.length <= 12 ? id : id.slice(-8);
}

/** Cuts before `length` without splitting a surrogate pair. */
export function cutAt(text: string, length: number): string {
  if (text.length <= length) return text;
  const code = text.charCodeAt(length - 1);
  return text.slice(0, code >= 0xd800 && code <= 0xdbff ? length - 1 : length);
}
