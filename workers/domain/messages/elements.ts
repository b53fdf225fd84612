/** Replaces the elements that clients write into texts. Used by user-prompt.ts and by linking. */

/**
 * Replaces each `<tag>…</tag>` by what `replace` returns for the text between its tags. An element ends at the first closing tag; an
 * opening tag without one is text. Tags match in any case. Linear in the text, unlike a lazy pattern where closing tags are missing.
 */
export function replaceElements(text: string, tag: string, replace: (inner: string) => string): string {
  let result = "";
  let from = 0;
  let opening: { start: number; end: number } | null = null;
  for (const { 0: found, 1: slash, index } of text.matchAll(new RegExp(`<(/?)${tag}>`, "gi"))) {
    const end = index + found.length;
    if (slash === "") opening ??= { start: index, end };
    else if (opening) {
      result += text.slice(from, opening.start) + replace(text.slice(opening.end, index));
      from = end;
      opening = null;
    }
  }
  return result + text.slice(from);
}
