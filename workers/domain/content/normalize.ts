/**
 * What is taken out of a list element so that equal content has equal text whenever it is sent: every `cache_control`
 * (it moves to the newest message on each turn) and, in a message whose content is a single plain text block, all that
 * distinguishes this from the string form (Claude Code sends the last message as an array, the same one as a string
 * one turn later). Scans elements for content-body.ts; what becomes of the cuts is content-form.ts.
 *
 * Only where the API gives `cache_control` its meaning is it cut: on the element itself, on a message's content blocks,
 * and on the blocks within a tool_result. Elsewhere (a tool's input, a tool's schema) the key is the user's own data.
 */
import {
  eachElement,
  eachMember,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  stringIs,
  valueEnd,
} from "./json-scanner.ts";

/** Bytes taken out: from `start` up to, not including, `end`. */
export interface Removal {
  start: number;
  end: number;
}

/** An element with more cuts than this is kept as it is: real ones have at most a handful (the API allows 4 markers). */
export const MAX_REMOVALS = 256;

const encoder = new TextEncoder();
const CACHE_CONTROL = encoder.encode("cache_control");
const CONTENT = encoder.encode("content");
const TYPE = encoder.encode("type");
const TEXT = encoder.encode("text");
const TOOL_RESULT = encoder.encode("tool_result");

/** Adds the cuts of the message at `start`, in no particular order, and returns its end (INVALID if it is not JSON). */
export function scanMessage(bytes: Uint8Array, start: number, cuts: Removal[]): number {
  if (bytes[start] !== OPEN_BRACE) return valueEnd(bytes, start);
  return cutCacheControl(bytes, start, cuts, (key, keyEnd, value) =>
    bytes[value] === OPEN_BRACKET && stringIs(bytes, key, keyEnd, CONTENT)
      ? cutContent(bytes, value, cuts)
      : valueEnd(bytes, value),
  );
}

/** The same for a system block or a tool, of which only its own `cache_control` is cut. */
export function scanBlock(bytes: Uint8Array, start: number, cuts: Removal[]): number {
  if (bytes[start] !== OPEN_BRACE) return valueEnd(bytes, start);
  return cutCacheControl(bytes, start, cuts, (_key, _keyEnd, value) => valueEnd(bytes, value));
}

function cutContent(bytes: Uint8Array, start: number, cuts: Removal[]): number {
  const inner: Removal[] = [];
  let blocks = 0;
  let plainText: Removal | null = null;
  const end = eachElement(bytes, start, (at) => {
    const block = scanContentBlock(bytes, at, inner);
    plainText = ++blocks === 1 ? block.plainText : null;
    return block.end;
  });
  const text = plainText as Removal | null;
  if (text) add(cuts, { start, end: text.start }, { start: text.end, end });
  else add(cuts, ...inner);
  return end;
}

/** One content block: its cuts, its end, and where its text lies if it is nothing but text. */
function scanContentBlock(
  bytes: Uint8Array,
  start: number,
  cuts: Removal[],
): { end: number; plainText: Removal | null } {
  if (bytes[start] !== OPEN_BRACE) return { end: valueEnd(bytes, start), plainText: null };
  const nested: Removal[] = [];
  let members = 0;
  let isText = false;
  let isToolResult = false;
  let text: Removal | null = null;
  const end = cutCacheControl(bytes, start, cuts, (key, keyEnd, value) => {
    members++;
    if (bytes[value] === OPEN_BRACKET && stringIs(bytes, key, keyEnd, CONTENT)) {
      return eachElement(bytes, value, (at) => scanBlock(bytes, at, nested));
    }
    const valueStop = valueEnd(bytes, value);
    if (bytes[value] !== QUOTE) return valueStop;
    if (stringIs(bytes, key, keyEnd, TYPE)) {
      isText = stringIs(bytes, value, valueStop, TEXT);
      isToolResult = stringIs(bytes, value, valueStop, TOOL_RESULT);
    } else if (stringIs(bytes, key, keyEnd, TEXT)) {
      text = { start: value, end: valueStop };
    }
    return valueStop;
  });
  if (isToolResult) add(cuts, ...nested);
  return { end, plainText: isText && members === 2 ? text : null };
}

/**
 * Walks the object at `start`, cuts its `cache_control` members and shows the others. A member goes with the comma
 * before it; with the one behind it where nothing is kept before it.
 */
function cutCacheControl(
  bytes: Uint8Array,
  start: number,
  cuts: Removal[],
  visit: (keyStart: number, keyEnd: number, valueStart: number) => number,
): number {
  let hasKept = false;
  let previousEnd = 0;
  let leading: number | null = null; // the key of a cut member that still has to take the comma behind it
  const end = eachMember(bytes, start, (key, keyEnd, value) => {
    if (leading !== null) add(cuts, { start: leading, end: key });
    leading = null;
    if (stringIs(bytes, key, keyEnd, CACHE_CONTROL)) {
      const valueStop = valueEnd(bytes, value);
      if (hasKept) add(cuts, { start: previousEnd, end: valueStop });
      else leading = key;
      previousEnd = valueStop;
    } else {
      hasKept = true;
      previousEnd = visit(key, keyEnd, value);
    }
    return previousEnd;
  });
  if (leading !== null) add(cuts, { start: leading, end: previousEnd });
  return end;
}

/** Beyond the limit one more is enough to say so. */
function add(cuts: Removal[], ...more: Removal[]): void {
  for (const cut of more) if (cuts.length <= MAX_REMOVALS) cuts.push(cut);
}
