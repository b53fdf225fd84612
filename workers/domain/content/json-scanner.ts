/**
 * A strict JSON scanner over UTF-8 bytes that returns positions instead of values: the end of a value, the members of an object,
 * the elements of an array. It parses nothing, so number spellings, escapes, duplicate keys and white space are preserved. It
 * accepts exactly what JSON.parse accepts once bytes that are not UTF-8 are replaced, in one pass, without recursion: a nesting
 * level costs one bit.
 *
 * Every function takes the position of a value's first byte and returns the position after its last byte, or INVALID. A
 * visitor returns the end of the value that it is given, from valueEnd or from a scan of its own.
 */

import { STEP_BYTES } from "../../runtime/constants.ts";
import { INVALID, QUOTE, scalarEnd, skipSpace, stringEnd } from "./json-tokens.ts";

export { matchesAt, INVALID, QUOTE, skipSpace, stringEnd, stringEquals, textStart } from "./json-tokens.ts";

const COMMA = 0x2c;
export const COLON = 0x3a;
export const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
export const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** The values of STEP_BYTES, where they are as short as can be. */
const STEP_VALUES = STEP_BYTES / 2;
/** Returned in the middle of a value of more than STEP_VALUES values. */
export const PAUSED = -2;

/** A position before a value within others. */
interface Place {
  at: number;
  depth: number;
  /** One bit per level: 1 = object. */
  levels: Uint8Array;
}

/** The end of the value at `start`, of any kind and depth. */
export function valueEnd(bytes: Uint8Array, start: number): number {
  return endOfLevels(bytes, { at: start, depth: 0, levels: LEVEL_BITS }, bytes.length);
}

/** Scans values one after the other, STEP_VALUES at once, so that other work can be done in between. A string is one value. */
export class ValueScanner {
  readonly #bytes: Uint8Array;
  readonly #place: Place = { at: 0, depth: 0, levels: new Uint8Array(16) };

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** The end of the value at `start`, or PAUSED. With `depth` 1, of the array of which that is an element. */
  end(start: number, depth: 0 | 1 = 0): number {
    this.#place.at = start;
    this.#place.depth = depth;
    if (depth === 1) this.#place.levels[0]! &= ~1; // not an object, which an earlier value may have been
    return this.resume();
  }

  /** Continues after PAUSED. */
  resume(): number {
    return endOfLevels(this.#bytes, this.#place, STEP_VALUES);
  }
}

/** The end of the outermost level of a place; after `maxValues` values PAUSED, with the place moved there. */
function endOfLevels(bytes: Uint8Array, place: Place, maxValues: number): number {
  let { at: i, depth, levels } = place;
  let valuesLeft = maxValues;
  for (;;) {
    if (valuesLeft-- === 0) {
      Object.assign(place, { at: i, depth, levels });
      return PAUSED;
    }
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
  const members = new Items(bytes, start);
  while (!members.isEnd) {
    const { at } = members;
    const valueStart = valueAfterKey(bytes, at);
    members.moveAfter(valueStart === INVALID ? INVALID : visit(at, stringEnd(bytes, at), valueStart));
  }
  return members.at;
}

/** Visits each element of the array at `start`. The visitor returns the element's end. */
export function eachElement(
  bytes: Uint8Array,
  start: number,
  visit: (elementStart: number) => number,
): number {
  const items = new Items(bytes, start);
  while (!items.isEnd) items.moveAfter(visit(items.at));
  return items.at;
}

/** The elements of an array or the members of an object, one at a time, so that other work can be done in between. */
export class Items {
  /** The start of an element, or of a member's key; after the last one, the end of the array or object, or INVALID. */
  at: number;
  isEnd = false;
  readonly #bytes: Uint8Array;
  readonly #closing: number;

  /** `start`: of the array or object. With `previousEnd`, begins after the element that ends there. */
  constructor(bytes: Uint8Array, start: number, previousEnd?: number) {
    this.#bytes = bytes;
    this.#closing = bytes[start]! + 2; // the codes of "}" and "]" are those of "{" and "[" plus 2
    this.at = skipSpace(bytes, start + 1);
    if (previousEnd !== undefined) this.moveAfter(previousEnd);
    else if (bytes[this.at] === this.#closing) this.#endAt(this.at + 1);
  }

  /** Moves to the one after that which ends at `end`. */
  moveAfter(end: number): void {
    if (end === INVALID) return this.#endAt(INVALID);
    const next = skipSpace(this.#bytes, end);
    if (this.#bytes[next] === COMMA) this.at = skipSpace(this.#bytes, next + 1);
    else this.#endAt(this.#bytes[next] === this.#closing ? next + 1 : INVALID);
  }

  #endAt(at: number): void {
    this.at = at;
    this.isEnd = true;
  }
}

/** From a key to the first byte of its value. */
export function valueAfterKey(bytes: Uint8Array, keyStart: number): number {
  if (bytes[keyStart] !== QUOTE) return INVALID;
  const keyEnd = stringEnd(bytes, keyStart);
  if (keyEnd === INVALID) return INVALID;
  const colon = skipSpace(bytes, keyEnd);
  return bytes[colon] === COLON ? skipSpace(bytes, colon + 1) : INVALID;
}
