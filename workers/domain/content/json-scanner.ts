/**
 * A strict JSON scanner over UTF-8 bytes that returns positions instead of values: the end of a value, the members of an object,
 * the elements of an array. It parses nothing, so number spellings, escapes, duplicate keys and white space are preserved. It
 * accepts exactly what JSON.parse accepts once bytes that are not UTF-8 are replaced, in one pass, without recursion: a nesting
 * level costs one bit.
 *
 * Every function takes the position of a value's first byte and returns the position after its last byte, or INVALID. A
 * visitor returns the end of the value that it is given, from valueEnd or from a scan of its own.
 */

import { INVALID, QUOTE, scalarEnd, skipSpace, stringEnd } from "./json-tokens.ts";

export { matchesAt, INVALID, QUOTE, skipSpace, stringEquals, textStart } from "./json-tokens.ts";

const COMMA = 0x2c;
export const COLON = 0x3a;
export const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
export const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** The end of the value at `start`, of any kind and depth. */
export function valueEnd(bytes: Uint8Array, start: number): number {
  let levels = LEVEL_BITS; // one bit per level: 1 = object
  let depth = 0;
  let i = start;
  for (;;) {
    const first = bytes[i];
    if (first === QUOTE) {
      i = stringEnd(bytes, i);
    } else if (first === OPEN_BRACE || first === OPEN_BRACKET) {
      const isObject = first === OPEN_BRACE;
      i = skipSpace(bytes, i + 1);
      if (bytes[i] === first + 2) {
        i++; // empty: the codes of "}" and "]" are those of "{" and "[" plus 2
      } else {
        if (depth >> 3 === levels.length) levels = doubleSize(levels);
        const slot = depth >> 3;
        if (isObject) levels[slot]! |= 1 << (depth & 7);
        else levels[slot]! &= ~(1 << (depth & 7));
        depth++;
        if (isObject) i = valueAfterKey(bytes, i);
        if (i === INVALID) return INVALID;
        continue;
      }
    } else {
      i = scalarEnd(bytes, i);
    }
    if (i === INVALID) return INVALID;
    // A value ends at i: close the levels that end here, up to a comma before another value.
    for (;;) {
      if (depth === 0) return i;
      i = skipSpace(bytes, i);
      const inObject = (levels[(depth - 1) >> 3]! & (1 << ((depth - 1) & 7))) !== 0;
      const c = bytes[i];
      if (c === COMMA) {
        i = skipSpace(bytes, i + 1);
        if (inObject) i = valueAfterKey(bytes, i);
        if (i === INVALID) return INVALID;
        break;
      }
      if (c !== (inObject ? CLOSE_BRACE : CLOSE_BRACKET)) return INVALID;
      depth--;
      i++;
    }
  }
}

/** Nesting up to 2,048 levels needs no allocation. Not re-entrant: valueEnd calls no visitor. */
const LEVEL_BITS = new Uint8Array(256);

function doubleSize(levels: Uint8Array): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(levels.length * 2);
  larger.set(levels);
  return larger;
}

/**
 * Visits each member of the object at `start` with the start and end of its key (quotes included) and the start of its value.
 * The visitor returns the value's end.
 */
export function eachMember(
  bytes: Uint8Array,
  start: number,
  visit: (keyStart: number, keyEnd: number, valueStart: number) => number,
): number {
  let i = skipSpace(bytes, start + 1);
  if (bytes[i] === CLOSE_BRACE) return i + 1;
  for (;;) {
    const keyStart = i;
    const valueStart = valueAfterKey(bytes, keyStart);
    if (valueStart === INVALID) return INVALID;
    i = visit(keyStart, stringEnd(bytes, keyStart), valueStart);
    if (i === INVALID) return INVALID;
    i = skipSpace(bytes, i);
    if (bytes[i] === CLOSE_BRACE) return i + 1;
    if (bytes[i] !== COMMA) return INVALID;
    i = skipSpace(bytes, i + 1);
  }
}

/** Visits each element of the array at `start`. The visitor returns the element's end. */
export function eachElement(
  bytes: Uint8Array,
  start: number,
  visit: (elementStart: number) => number,
): number {
  const i = skipSpace(bytes, start + 1);
  if (bytes[i] === CLOSE_BRACKET) return i + 1;
  return eachElementAfter(bytes, visit(i), visit);
}

/** Visits the elements of an array after the one that ends at `end`. */
export function eachElementAfter(
  bytes: Uint8Array,
  end: number,
  visit: (elementStart: number) => number,
): number {
  let i = end;
  for (;;) {
    if (i === INVALID) return INVALID;
    i = skipSpace(bytes, i);
    if (bytes[i] === CLOSE_BRACKET) return i + 1;
    if (bytes[i] !== COMMA) return INVALID;
    i = visit(skipSpace(bytes, i + 1));
  }
}

/** From a key to the first byte of its value. */
function valueAfterKey(bytes: Uint8Array, keyStart: number): number {
  if (bytes[keyStart] !== QUOTE) return INVALID;
  const keyEnd = stringEnd(bytes, keyStart);
  if (keyEnd === INVALID) return INVALID;
  const colon = skipSpace(bytes, keyEnd);
  return bytes[colon] === COLON ? skipSpace(bytes, colon + 1) : INVALID;
}
