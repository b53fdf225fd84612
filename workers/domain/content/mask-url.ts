/**
 * Masks userinfo and query of URLs in JSON, whose characters may be escaped (`https:\/\/`, `\u0026`), at any depth of JSON in strings.
 * Linear in the size of the URL.
 */
import { redactQuery, redactUrl } from "../masking/redact.ts";
import { COLON, QUOTE } from "./json-scanner.ts";
import { type Findings, latin1Text, MASKED, replace, URL_COST } from "./replacements.ts";

const BACKSLASH = 0x5c;
const SLASH = 0x2f;
const LETTER_U = 0x75;
/** Of a longer URL the rest is masked. */
const MAX_URL_BYTES = 65_536;
const ESCAPE_BYTES = 6;

/**
 * Masks the URL whose scheme ends with the colon at `at`, which may be the `u` of `\u003a`. Returns the position to continue from: the
 * next one, or the URL's end.
 */
export function maskUrl(bytes: Uint8Array, at: number, end: number, found: Findings): number {
  const start = afterSlash(bytes, afterSlash(bytes, bytes[at] === COLON ? at + 1 : at + ESCAPE_BYTES - 1));
  if (start < 0) return at + 1;
  let urlEnd = start;
  while (urlEnd < end && bytes[urlEnd]! > 0x20 && bytes[urlEnd] !== QUOTE) urlEnd++;
  // The backslashes before a quote are the quote's.
  if (bytes[urlEnd] === QUOTE) urlEnd = beforeBackslashes(bytes, start, urlEnd);
  const readEnd = urlEnd - start > MAX_URL_BYTES ? beforeEscape(bytes, start, start + MAX_URL_BYTES) : urlEnd;
  found.costLeft -= URL_COST + (readEnd - start) / 8;
  maskRead(bytes, start, readEnd, found);
  replace(bytes, { start: readEnd, end: urlEnd }, MASKED, found);
  return urlEnd;
}

/** Whether the `u` at `at` begins the rest of an escaped colon. */
export const isEscapedColon = (bytes: Uint8Array, at: number) =>
  bytes[at - 1] === BACKSLASH && escapedCode(bytes, at) === COLON;

function maskRead(bytes: Uint8Array, start: number, end: number, found: Findings): void {
  const isEscaped = bytes.subarray(start, end).includes(BACKSLASH);
  const { text, positions } = isEscaped
    ? withoutEscapes(bytes, start, end)
    : { text: latin1Text(bytes, start, end), positions: null };
  if (redactUrl(SCHEME + text) === SCHEME + text) return;
  const replaceText = (from: number, to: number, masked: string) => {
    const place = positions
      ? { start: positions[from]!, end: positions[to]! }
      : { start: start + from, end: start + to };
    replace(bytes, place, isEscaped && !UNESCAPED.test(masked) ? MASKED : masked, found);
  };
  for (const { 0: part, index } of text.matchAll(/^[^?]+|[^?&;]+/g)) {
    if (index > 0) {
      if (redactQuery(part) !== part) replaceText(index + part.indexOf("=") + 1, index + part.length, MASKED);
      continue;
    }
    const masked = redactUrl(SCHEME + part).slice(SCHEME.length);
    const shorter = Math.min(part.length, masked.length);
    let from = 0;
    while (from < shorter && part[from] === masked[from]) from++;
    let same = 0;
    while (same < shorter - from && part.at(-1 - same) === masked.at(-1 - same)) same++;
    replaceText(from, part.length - same, masked.slice(from, masked.length - same));
  }
}
const SCHEME = "a://";
/** Characters that need no escape in a string of JSON. */
const UNESCAPED = /^[ !#-[\]-~]*$/;

/** The text of a URL as its server reads it, as far as it is ASCII, and the position of each of its characters, and of its end. */
function withoutEscapes(bytes: Uint8Array, start: number, end: number) {
  const codes = new Uint8Array(end - start);
  const positions = new Uint32Array(end - start + 1);
  let length = 0;
  for (let at = start; at < end;) {
    positions[length] = at;
    while (at < end && bytes[at] === BACKSLASH) at++;
    if (at === end) break;
    const code = at > positions[length]! ? escapedCode(bytes, at) : -1;
    const isAscii = code >= 0 && code < 0x80;
    codes[length++] = isAscii ? code : bytes[at]!;
    at += isAscii ? ESCAPE_BYTES - 1 : 1;
  }
  positions[length] = end;
  return { text: latin1Text(codes, 0, length), positions };
}

/** The position after a slash at `at`, which may be escaped; negative where another character stands there. */
function afterSlash(bytes: Uint8Array, at: number): number {
  if (at < 0) return at;
  let first = at;
  while (bytes[first] === BACKSLASH) first++;
  if (bytes[first] === SLASH) return first + 1;
  return first > at && escapedCode(bytes, first) === SLASH ? first + ESCAPE_BYTES - 1 : -1;
}

/** The code of the four hexadecimal digits after the `u` at `at`; -1 where there are none. */
function escapedCode(bytes: Uint8Array, at: number): number {
  if (bytes[at] !== LETTER_U) return -1;
  let code = 0;
  for (let digit = at + 1; digit < at + ESCAPE_BYTES - 1; digit++) {
    const c = bytes[digit] ?? 0;
    const lower = c | 0x20;
    if (c >= 0x30 && c <= 0x39) code = code * 16 + c - 0x30;
    else if (lower >= 0x61 && lower <= 0x66) code = code * 16 + lower - 0x57;
    else return -1;
  }
  return code;
}

function beforeBackslashes(bytes: Uint8Array, start: number, position: number): number {
  let at = position;
  while (at > start && bytes[at - 1] === BACKSLASH) at--;
  return at;
}

/** The last position up to `position` that is not within an escape. */
function beforeEscape(bytes: Uint8Array, start: number, position: number): number {
  let at = position;
  for (let before = position - 1; before > position - ESCAPE_BYTES; before--)
    if (bytes[before] === BACKSLASH) at = before;
  return beforeBackslashes(bytes, start, at);
}
