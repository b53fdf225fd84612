/**
 * Finds what normalising removes from a list element, so that equal content has equal text in every request: `cache_control`
 * (it moves to the newest message on each turn) and, in a message whose content is a single plain text block, everything but the
 * text's string (Claude Code sends the last message as an array, and as a string one turn later). Called by scan-body.ts;
 * overlay.ts applies the removals.
 *
 * `cache_control` is removed only where the API defines it: on the element, on a message's content blocks, and on the blocks
 * within a tool_result. Elsewhere (a tool's input, a tool's schema) the key is user data.
 */
import {
  eachElement,
  eachMember,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  stringEquals,
  valueEnd,
} from "./json-scanner.ts";

/** The bytes [start, end) are removed. */
export interface Removal {
  start: number;
  end: number;
}

/** An element with more removals is stored unchanged. The API allows 4 markers in a request. */
export const MAX_REMOVALS = 32;
/** Nothing is removed from blocks after these: looking into a block takes three times as long as finding its end. */
const MAX_BLOCKS = 10_000;

const encoder = new TextEncoder();
const CACHE_CONTROL = encoder.encode("cache_control");
const CONTENT = encoder.encode("content");
const TYPE = encoder.encode("type");
const TEXT = encoder.encode("text");
const TOOL_RESULT = encoder.encode("tool_result");

/** Adds the removals of the message at `start`, in no particular order, and returns its end (INVALID if it is not JSON). */
export function scanMessage(bytes: Uint8Array, start: number, removals: Removal[]): number {
  if (bytes[start] !== OPEN_BRACE) return valueEnd(bytes, start);
  return scanMembers(bytes, start, removals, (key, keyEnd, value) =>
    bytes[value] === OPEN_BRACKET && stringEquals(bytes, key, keyEnd, CONTENT)
      ? scanContent(bytes, value, removals)
      : valueEnd(bytes, value),
  );
}

/** The same for a system block or a tool, of which only its own `cache_control` is removed. */
export function scanBlock(bytes: Uint8Array, start: number, removals: Removal[]): number {
  if (bytes[start] !== OPEN_BRACE) return valueEnd(bytes, start);
  return scanMembers(bytes, start, removals, (_key, _keyEnd, value) => valueEnd(bytes, value));
}

function scanContent(bytes: Uint8Array, start: number, removals: Removal[]): number {
  const blockRemovals: Removal[] = [];
  let blocks = 0;
  let plainText: Removal | null = null;
  const end = eachElement(bytes, start, (at) => {
    if (blocks === MAX_BLOCKS) return valueEnd(bytes, at);
    const block = scanContentBlock(bytes, at, blockRemovals);
    plainText = ++blocks === 1 ? block.plainText : null;
    return block.end;
  });
  const text = plainText as Removal | null;
  if (text) addRemovals(removals, { start, end: text.start }, { start: text.end, end });
  else addRemovals(removals, ...blockRemovals);
  return end;
}

/** One content block: its removals, its end, and the span of its text if it has no other member. */
function scanContentBlock(
  bytes: Uint8Array,
  start: number,
  removals: Removal[],
): { end: number; plainText: Removal | null } {
  if (bytes[start] !== OPEN_BRACE) return { end: valueEnd(bytes, start), plainText: null };
  const nestedRemovals: Removal[] = [];
  let members = 0;
  let nested = 0;
  let isText = false;
  let isToolResult = false;
  let text: Removal | null = null;
  const end = scanMembers(bytes, start, removals, (key, keyEnd, value) => {
    members++;
    if (bytes[value] === OPEN_BRACKET && stringEquals(bytes, key, keyEnd, CONTENT)) {
      return eachElement(bytes, value, (at) =>
        ++nested > MAX_BLOCKS ? valueEnd(bytes, at) : scanBlock(bytes, at, nestedRemovals),
      );
    }
    const valueStop = valueEnd(bytes, value);
    if (bytes[value] !== QUOTE) return valueStop;
    if (stringEquals(bytes, key, keyEnd, TYPE)) {
      isText = stringEquals(bytes, value, valueStop, TEXT);
      isToolResult = stringEquals(bytes, value, valueStop, TOOL_RESULT);
    } else if (stringEquals(bytes, key, keyEnd, TEXT)) {
      text = { start: value, end: valueStop };
    }
    return valueStop;
  });
  if (isToolResult) addRemovals(removals, ...nestedRemovals);
  return { end, plainText: isText && members === 2 ? text : null };
}

/**
 * Visits the members of the object at `start` except `cache_control`, which it adds to the removals: with the comma before it,
 * or with the comma after it where no member is kept before it.
 */
function scanMembers(
  bytes: Uint8Array,
  start: number,
  removals: Removal[],
  visit: (keyStart: number, keyEnd: number, valueStart: number) => number,
): number {
  let hasKept = false;
  let previousEnd = 0;
  let leadingKey: number | null = null; // the key of a removed member whose following comma is still to be removed
  const end = eachMember(bytes, start, (key, keyEnd, value) => {
    if (leadingKey !== null) addRemovals(removals, { start: leadingKey, end: key });
    leadingKey = null;
    if (stringEquals(bytes, key, keyEnd, CACHE_CONTROL)) {
      const valueStop = valueEnd(bytes, value);
      if (hasKept) addRemovals(removals, { start: previousEnd, end: valueStop });
      else leadingKey = key;
      previousEnd = valueStop;
    } else {
      hasKept = true;
      previousEnd = visit(key, keyEnd, value);
    }
    return previousEnd;
  });
  if (leadingKey !== null) addRemovals(removals, { start: leadingKey, end: previousEnd });
  return end;
}

/** Adds at most one removal beyond the limit, which marks the element. */
function addRemovals(removals: Removal[], ...added: Removal[]): void {
  for (const removal of added) if (removals.length <= MAX_REMOVALS) removals.push(removal);
}
