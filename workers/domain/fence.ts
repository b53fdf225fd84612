/** Separates stored text, which is data, from instructions to a model. Stored text is first made visible, then masked, then quoted. */
import { toHex } from "./bytes.ts";
import { sha256 } from "./sha256.ts";
import { truncate } from "./truncate.ts";

/** The text between two lines that are named after its hash, so that it cannot contain its end. */
export function fenced(name: string, text: string): string {
  const fence = `${name}-${toHex(sha256(text).subarray(0, 8))}`;
  return `----- begin ${fence} -----\n${text}\n----- end ${fence} -----`;
}

/**
 * Control characters but tab and line feed, and what no font draws: joiners, marks of direction, tags, variation selectors. They could
 * split a secret or a mark in two that looks whole. https://www.unicode.org/reports/tr44/#Default_Ignorable_Code_Point
 */
const INVISIBLE =
  /[\p{Default_Ignorable_Code_Point}\u2028\u2029\ufff9-\ufffb\u0000-\u0008\v-\u001f\u007f-\u009f]/gu;

/** A terminal's sequences for colors and the cursor (ECMA-48 5.4), and its titles and links (8.3.89). */
const TERMINAL = /\u001b\[[0-?]{0,40}[ -/]{0,4}[@-~]|\u001b\][^\u0007\u001b\n]{0,2000}(?:\u0007|\u001b\\)/g;

/** The text without a terminal's sequences and characters that are not seen; lone surrogates become U+FFFD. */
export function visibleText(text: string): string {
  const wellFormed = text.toWellFormed();
  return (wellFormed.includes("\u001b") ? wellFormed.replace(TERMINAL, "") : wellFormed).replace(
    INVISIBLE,
    "",
  );
}

/** The lines by which transcripts are structured, after any blanks. */
const MARK =
  /^(?=(?:[^\S\r\n\u2028\u2029]|\u2800)*(?:\[(?:\d|tool |sub-task |message cut|…)|-----(?: begin| end)|#{1,6}[ \t]*\d))/gm;

/** Lines that look like those of a transcript itself begin with a backslash, so that a message cannot imitate another. */
export function quoteMarks(text: string): string {
  return text.replace(MARK, "\\");
}

/** A name that a client chose, without what could end its line or brackets. */
export function labelOf(name: string): string {
  return truncate(name, 100).replace(/[^\w.:-]/g, "_");
}
