/**
 * Masks secrets in a body before it is archived. In JSON bodies scan-body.ts finds their exact positions. In a body that starts
 * as a JSON object but is not valid JSON (truncated, broken), every string member named `authorization_token` is masked.
 */
import { MASK, textStart } from "./scan-body.ts";
import { COLON, matchesAt, OPEN_BRACE, QUOTE, skipSpace } from "./json-scanner.ts";

const TOKEN_KEY = new TextEncoder().encode('"authorization_token"');

/** A copy with the spans (start, end, start, end, … ascending) masked; the same bytes without spans. */
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

/** Masks by member name, in bytes that begin like a JSON object. The same bytes where there is nothing to mask. */
export function maskByName(bytes: Uint8Array): Uint8Array {
  const start = textStart(bytes);
  if (bytes[skipSpace(bytes, start)] !== OPEN_BRACE) return bytes;
  const spans: number[] = [];
  for (let key = bytes.indexOf(QUOTE, start); key >= 0; key = bytes.indexOf(QUOTE, key + 1)) {
    if (!matchesAt(bytes, key, TOKEN_KEY)) continue;
    const colon = skipSpace(bytes, key + TOKEN_KEY.length);
    const value = skipSpace(bytes, colon + 1);
    if (bytes[colon] !== COLON || bytes[value] !== QUOTE) continue;
    const end = lenientStringEnd(bytes, value);
    if (!matchesAt(bytes, value, MASK)) spans.push(value, end);
    key = end - 1;
  }
  return maskSpans(bytes, spans);
}

/** The position after the next unescaped quote, or the end of the bytes. */
function lenientStringEnd(bytes: Uint8Array, start: number): number {
  for (let i = start + 1; i < bytes.length; i++) {
    if (bytes[i] === 0x5c) i++;
    else if (bytes[i] === QUOTE) return i + 1;
  }
  return bytes.length;
}
