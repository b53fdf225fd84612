/**
 * Replaces secrets in a body by a mask before the archive sees it. Bodies that are JSON name the places exactly
 * (content-body.ts); a body that starts as a JSON object and is not one (cut off, broken) has no structure to go by,
 * so there every string member named `authorization_token` is masked.
 */
import { MASK } from "./scan-body.ts";
import { COLON, holds, OPEN_BRACE, QUOTE, skipSpace } from "./json-scanner.ts";

const BYTE_ORDER_MARK = new Uint8Array([0xef, 0xbb, 0xbf]);
const TOKEN_KEY = new TextEncoder().encode('"authorization_token"');

/** A copy with the spans (start, end, start, end, … rising) replaced; the bytes themselves when there are none. */
export function maskSpans(bytes: Uint8Array, spans: readonly number[]): Uint8Array {
  if (spans.length === 0) return bytes;
  let length = bytes.length + (spans.length / 2) * MASK.length;
  for (let i = 0; i < spans.length; i += 2) length -= spans[i + 1]! - spans[i]!;
  const masked = new Uint8Array(length);
  let from = 0;
  let to = 0;
  for (let i = 0; i < spans.length; i += 2) {
    masked.set(bytes.subarray(from, spans[i]), to);
    to += spans[i]! - from;
    masked.set(MASK, to);
    to += MASK.length;
    from = spans[i + 1]!;
  }
  masked.set(bytes.subarray(from), to);
  return masked;
}

/** Masks by name alone, in bytes that begin like a JSON object. The bytes themselves when there is nothing to mask. */
export function maskByName(bytes: Uint8Array): Uint8Array {
  const start = holds(bytes, 0, BYTE_ORDER_MARK) ? BYTE_ORDER_MARK.length : 0;
  if (bytes[skipSpace(bytes, start)] !== OPEN_BRACE) return bytes;
  const spans: number[] = [];
  for (let key = bytes.indexOf(QUOTE, start); key >= 0; key = bytes.indexOf(QUOTE, key + 1)) {
    if (!holds(bytes, key, TOKEN_KEY)) continue;
    const colon = skipSpace(bytes, key + TOKEN_KEY.length);
    const value = skipSpace(bytes, colon + 1);
    if (bytes[colon] !== COLON || bytes[value] !== QUOTE) continue;
    const end = looseStringEnd(bytes, value);
    if (!holds(bytes, value, MASK)) spans.push(value, end);
    key = end - 1;
  }
  return maskSpans(bytes, spans);
}

/** Behind the next quote that no backslash escapes, or the end of the bytes. */
function looseStringEnd(bytes: Uint8Array, start: number): number {
  for (let i = start + 1; i < bytes.length; i++) {
    if (bytes[i] === 0x5c) i++;
    else if (bytes[i] === QUOTE) return i + 1;
  }
  return bytes.length;
}
