/**
 * Scans the top level of a request body: the spans of the elements of `messages`, `system` and `tools`, and of secrets.
 * split-body.ts scans a body to split it and its skeleton to rebuild it, so both find the same positions: of a repeated key the
 * last one counts, whether keys are escaped or not.
 */
import { concat } from "../bytes.ts";
import { type Removal, scanBlock, scanMessage } from "./normalize.ts";
import { findSecrets } from "./mask-secrets.ts";
import type { PrefixCache } from "./prefix-cache.ts";
import { type Findings, noFindings } from "./replacements.ts";
import {
  eachElement,
  eachElementAfter,
  eachMember,
  INVALID,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  skipSpace,
  stringEquals,
  textStart,
  valueEnd,
} from "./json-scanner.ts";
import { type CachedPrefix, type ElementSpan, LIST_NAMES, type ListName, type ListSpan } from "./types.ts";

/**
 * A longer list stays in the skeleton: a million tiny elements would cost a million rows, and each takes a kilobyte of memory. (The API
 * accepts 100,000 messages; a 1M-token context is full long before 10,000.)
 */
const MAX_ELEMENTS = 10_000;

export interface BodyScan {
  /** Null: missing, not a list, or too long. */
  lists: Record<ListName, ListSpan | null>;
  /** Outside the lists. */
  secrets: Findings;
}

const encoder = new TextEncoder();
const KEYS: Record<ListName, Uint8Array> = {
  messages: encoder.encode("messages"),
  system: encoder.encode("system"),
  tools: encoder.encode("tools"),
};

/**
 * Null when the bytes are not valid JSON, or not an object. A byte order mark before it is part of no value. Bytes inside strings that
 * are not UTF-8 stay as they are: a decoder that replaces them never replaces a quote or another ASCII character.
 */
export function scanBody(bytes: Uint8Array, cache?: PrefixCache): BodyScan | null {
  const start = skipSpace(bytes, textStart(bytes));
  if (bytes[start] !== OPEN_BRACE) return null;
  const lists: BodyScan["lists"] = { messages: null, system: null, tools: null };
  const secrets = noFindings();
  const end = eachMember(bytes, start, (key, keyEnd, value) => {
    const name = LIST_NAMES.find((each) => stringEquals(bytes, key, keyEnd, KEYS[each]));
    if (name !== undefined) {
      const list = scanList(bytes, value, name, cache);
      lists[name] = list.span;
      return list.end;
    }
    const memberEnd = valueEnd(bytes, value);
    if (memberEnd !== INVALID && secrets.costLeft >= 0)
      findSecrets(bytes, { start: key, end: memberEnd, skipsContent: true }, secrets);
    return memberEnd;
  });
  return end !== INVALID && skipSpace(bytes, end) === bytes.length ? { lists, secrets } : null;
}

/**
 * The first small members of a JSON object that is too large to be parsed, as an object; model, usage and session are among them. Null
 * where the bytes are no JSON object.
 */
export function smallMembers(bytes: Uint8Array): Uint8Array | null {
  const start = skipSpace(bytes, textStart(bytes));
  if (bytes[start] !== OPEN_BRACE) return null;
  const members: Uint8Array[] = [OPENING];
  let bytesLeft = MAX_SMALL_MEMBERS_BYTES;
  const end = eachMember(bytes, start, (key, _keyEnd, value) => {
    const valueStop = valueEnd(bytes, value);
    if (valueStop !== INVALID && valueStop - key < bytesLeft) {
      if (members.length > 1) members.push(SEPARATOR);
      members.push(bytes.subarray(key, valueStop));
      bytesLeft -= valueStop - key + 1;
    }
    return valueStop;
  });
  return end === INVALID ? null : concat([...members, CLOSING]);
}
/** Of one member, and of all of them. */
const MAX_SMALL_MEMBERS_BYTES = 65_536;
const [OPENING, SEPARATOR, CLOSING] = ["{", ",", "}"].map((text) => encoder.encode(text)) as [
  Uint8Array,
  Uint8Array,
  Uint8Array,
];

function scanList(
  bytes: Uint8Array,
  start: number,
  name: ListName,
  cache: PrefixCache | undefined,
): { span: ListSpan | null; end: number } {
  const elements: ElementSpan[] = [];
  if (bytes[start] === QUOTE && name === "system") {
    const end = valueEnd(bytes, start);
    const prefix = emptyPrefix(start);
    return {
      span: { isString: true, start, prefix, elements: [{ start, end, removals: [] }] },
      end,
    };
  }
  if (bytes[start] !== OPEN_BRACKET) return { span: null, end: valueEnd(bytes, start) };
  const scanElement = name === "messages" ? scanMessage : scanBlock;
  const prefix = cache?.lookup(name, bytes, start + 1) ?? emptyPrefix(start + 1);
  const scanNext = (at: number) => {
    if (prefix.elements.length + elements.length > MAX_ELEMENTS) return valueEnd(bytes, at);
    const removals: Removal[] = [];
    const elementEnd = scanElement(bytes, at, removals);
    elements.push({ start: at, end: elementEnd, removals });
    return elementEnd;
  };
  const end =
    prefix.elements.length > 0
      ? eachElementAfter(bytes, prefix.end, scanNext)
      : eachElement(bytes, start, scanNext);
  const isTooLong = prefix.elements.length + elements.length > MAX_ELEMENTS;
  return { span: isTooLong ? null : { isString: false, start: start + 1, prefix, elements }, end };
}

function emptyPrefix(start: number): CachedPrefix {
  return { elements: [], end: start, node: null };
}
