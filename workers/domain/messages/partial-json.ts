/**
 * Reads the beginning of a truncated JSON object: of a body above the recording limit the first megabyte is stored, which
 * often holds model, stream and metadata. Called by read-request.ts.
 */
import { parseJson, setOwn, type JsonObject } from "../json/json.ts";

/**
 * The top-level members of a truncated JSON object that are complete in `text`; null if it does not begin with `{`.
 * A number or literal at the very end is left out, because it may be truncated. Linear in the text.
 */
export function readObjectHead(text: string): JsonObject | null {
  const start = /^\ufeff?\s*\{/.exec(text)?.[0].length;
  if (start === undefined) return null;
  const members: JsonObject = {};
  for (let at = start; at < text.length;) {
    const end = memberEnd(text, at);
    if (end === -1) break;
    // A single member in braces is a JSON object.
    const member = parseJson(`{${text.slice(at, end)}}`);
    if (typeof member !== "object" || member === null) break;
    for (const [name, value] of Object.entries(member)) setOwn(members, name, value);
    if (text[end] !== ",") break;
    at = end + 1;
  }
  return members;
}

/** Position of the comma or brace that ends the member beginning at `from`; -1 where the text ends before it. */
function memberEnd(text: string, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    const char = text[at];
    if (char === '"') {
      at = stringEnd(text, at);
      if (at === -1) return -1;
    } else if (char === "{" || char === "[") depth++;
    else if (char === "}" || char === "]") {
      if (depth === 0) return at;
      depth--;
    } else if (char === "," && depth === 0) return at;
  }
  return -1;
}

/** Position of the quote that closes the string opened at `from`; -1 where there is none. */
function stringEnd(text: string, from: number): number {
  for (let at = from + 1; at < text.length; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === '"') return at;
  }
  return -1;
}
