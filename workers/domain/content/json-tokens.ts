/**
 * Tokens of the JSON scanner (json-scanner.ts): white space, strings, numbers and literals in UTF-8 bytes, as RFC 8259 defines
 * them. Each function takes a position and returns the one after the token, or INVALID.
 */

/** Returned for text that is not JSON. */
export const INVALID = -1;

export const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** 1 for the bytes that a string scan stops at: the quote, the backslash and the control characters. */
const ENDS_STRING_RUN = new Uint8Array(256).fill(1, 0, 0x20);
ENDS_STRING_RUN[QUOTE] = 1;
ENDS_STRING_RUN[BACKSLASH] = 1;

const decoder = new TextDecoder();
const encoder = new TextEncoder();
const BYTE_ORDER_MARK = new Uint8Array([0xef, 0xbb, 0xbf]);
const TRUE = encoder.encode("true");
const FALSE = encoder.encode("false");
const NULL = encoder.encode("null");

/** The position after a byte order mark. */
export function textStart(bytes: Uint8Array): number {
  return matchesAt(bytes, 0, BYTE_ORDER_MARK) ? BYTE_ORDER_MARK.length : 0;
}

/** The first position at or after `at` that holds no white space. */
export function skipSpace(bytes: Uint8Array, at: number): number {
  let i = at;
  while (i < bytes.length) {
    const c = bytes[i];
    if (c !== 0x20 && c !== 0x0a && c !== 0x0d && c !== 0x09) break;
    i++;
  }
  return i;
}

/** The end of the string whose opening quote is at `start`. */
export function stringEnd(bytes: Uint8Array, start: number): number {
  const length = bytes.length;
  let i = start + 1;
  for (;;) {
    while (i < length && ENDS_STRING_RUN[bytes[i]!] === 0) i++;
    const c = bytes[i];
    if (c === QUOTE) return i + 1;
    if (c !== BACKSLASH) return INVALID; // a control character, or the end of the text
    const escape = bytes[i + 1];
    if (escape === 0x75) {
      if (!isHex(bytes[i + 2]) || !isHex(bytes[i + 3])) return INVALID;
      if (!isHex(bytes[i + 4]) || !isHex(bytes[i + 5])) return INVALID;
      i += 6;
    } else if (isSimpleEscape(escape)) {
      i += 2;
    } else {
      return INVALID;
    }
  }
}

/** True where the bytes at `start` equal `part`. */
export function matchesAt(bytes: Uint8Array, start: number, part: Uint8Array): boolean {
  const length = part.length;
  if (start + length > bytes.length) return false;
  for (let i = 0; i < length; i++) if (bytes[start + i] !== part[i]) return false;
  return true;
}

/** True where the string at [start, end) equals `text`, however it is escaped. */
export function stringEquals(bytes: Uint8Array, start: number, end: number, text: Uint8Array): boolean {
  const length = end - start - 2;
  if (length === text.length && matchesAt(bytes, start + 1, text)) return true;
  // An escape takes up to six bytes for one, and never fewer bytes.
  if (length <= text.length || length > text.length * 6) return false;
  const spelling = bytes.subarray(start, end);
  return spelling.includes(BACKSLASH) && JSON.parse(decoder.decode(spelling)) === decoder.decode(text);
}

/** One of `" \ / b f n r t`. */
function isSimpleEscape(c: number | undefined): boolean {
  switch (c) {
    case QUOTE:
    case BACKSLASH:
    case 0x2f:
    case 0x62:
    case 0x66:
    case 0x6e:
    case 0x72:
    case 0x74:
      return true;
    default:
      return false;
  }
}

function isHex(c: number | undefined): boolean {
  return (
    c !== undefined && ((c >= 0x30 && c <= 0x39) || (c >= 0x41 && c <= 0x46) || (c >= 0x61 && c <= 0x66))
  );
}

function isDigit(c: number | undefined): boolean {
  return c !== undefined && c >= 0x30 && c <= 0x39;
}

/** The end of a number, true, false or null. */
export function scalarEnd(bytes: Uint8Array, start: number): number {
  switch (bytes[start]) {
    case 0x74:
      return literalEnd(bytes, start, TRUE);
    case 0x66:
      return literalEnd(bytes, start, FALSE);
    case 0x6e:
      return literalEnd(bytes, start, NULL);
    default:
      return numberEnd(bytes, start);
  }
}

function literalEnd(bytes: Uint8Array, start: number, literal: Uint8Array): number {
  return matchesAt(bytes, start, literal) ? start + literal.length : INVALID;
}

function numberEnd(bytes: Uint8Array, start: number): number {
  let i = start;
  if (bytes[i] === 0x2d) i++; // -
  if (bytes[i] === 0x30) i++;
  else i = digitsEnd(bytes, i);
  if (i !== INVALID && bytes[i] === 0x2e) i = digitsEnd(bytes, i + 1);
  if (i !== INVALID && (bytes[i] === 0x65 || bytes[i] === 0x45)) {
    i++;
    if (bytes[i] === 0x2b || bytes[i] === 0x2d) i++;
    i = digitsEnd(bytes, i);
  }
  return i;
}

/** The end of one or more digits. */
function digitsEnd(bytes: Uint8Array, start: number): number {
  let i = start;
  while (isDigit(bytes[i])) i++;
  return i === start ? INVALID : i;
}
