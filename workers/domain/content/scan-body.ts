/**
 * Scans the top level of a request body: the spans of the elements of `messages`, `system` and `tools`, and of secrets.
 * split-body.ts scans a body to split it and its skeleton to rebuild it, so both find the same positions: of a repeated key the
 * last one counts, whether keys are escaped or not.
 */
import { STEP_BYTES } from "../../runtime/constants.ts";
import { concat } from "../bytes.ts";
import type { Steps } from "../steps.ts";
import { type Removal, scanBlock, scanMessage } from "./normalize.ts";
import { findSecrets } from "./mask-secrets.ts";
import type { PrefixCache } from "./prefix-cache.ts";
import type { Findings } from "./replacements.ts";
import {
  INVALID,
  Items,
  OPEN_BRACE,
  OPEN_BRACKET,
  PAUSED,
  QUOTE,
  skipSpace,
  stringEnd,
  stringEquals,
  textStart,
  valueAfterKey,
  valueEnd,
  ValueScanner,
} from "./json-scanner.ts";
import { type CachedPrefix, type ElementSpan, LIST_NAMES, type ListName, type ListSpan } from "./types.ts";

/**
 * A longer list stays in the skeleton: a million tiny elements would cost a million rows, and each takes a kilobyte of memory. (The API
 * accepts 100,000 messages; a 1M-token context is full long before 10,000.)
 */
const MAX_ELEMENTS = 10_000;

/** Null: missing, not a list, or too long. */
export type BodyScan = Record<ListName, ListSpan | null>;

interface ScanOptions {
  cache?: PrefixCache | undefined;
  /** Gets the secrets outside the lists. */
  secrets?: Findings;
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
export function* scanBody(bytes: Uint8Array, { cache, secrets }: ScanOptions = {}): Steps<BodyScan | null> {
  const start = skipSpace(bytes, textStart(bytes));
  if (bytes[start] !== OPEN_BRACE) return null;
  const lists: BodyScan = { messages: null, system: null, tools: null };
  const members = new Items(bytes, start);
  const values = new ValueScanner(bytes);
  /** Where the members begin that were not searched for secrets. */
  let searchStart = members.at;
  let stepEnd = start + STEP_BYTES;
  while (!members.isEnd) {
    const key = members.at;
    const value = valueAfterKey(bytes, key);
    if (value === INVALID) return null;
    const keyEnd = stringEnd(bytes, key);
    const name = LIST_NAMES.find((each) => stringEquals(bytes, key, keyEnd, KEYS[each]));
    let end = name === undefined ? values.end(value) : INVALID;
    if (name !== undefined) {
      if (secrets) yield* findSecrets(bytes, { start: searchStart, end: key, skipsContent: true }, secrets);
      const list = yield* scanList(bytes, value, name, cache);
      lists[name] = list.span;
      end = searchStart = list.end;
    }
    while (end === PAUSED || end > stepEnd) {
      yield;
      if (end === PAUSED) end = values.resume();
      else stepEnd = end + STEP_BYTES;
    }
    members.moveAfter(end);
  }
  if (members.at === INVALID || skipSpace(bytes, members.at) !== bytes.length) return null;
  if (secrets)
    yield* findSecrets(bytes, { start: searchStart, end: members.at, skipsContent: true }, secrets);
  return lists;
}

/**
 * The first small members of a JSON object that is too large to be parsed, as an object; model, usage and session are among them. Null
 * where the bytes are no JSON object.
 */
export function* smallMembers(bytes: Uint8Array): Steps<Uint8Array | null> {
  const start = skipSpace(bytes, textStart(bytes));
  if (bytes[start] !== OPEN_BRACE) return null;
  const small: Uint8Array[] = [OPENING];
  let bytesLeft = MAX_SMALL_MEMBERS_BYTES;
  const members = new Items(bytes, start);
  const values = new ValueScanner(bytes);
  let stepEnd = start + STEP_BYTES;
  while (!members.isEnd) {
    const key = members.at;
    const value = valueAfterKey(bytes, key);
    let end = value === INVALID ? INVALID : values.end(value);
    while (end === PAUSED || end > stepEnd) {
      yield;
      if (end === PAUSED) end = values.resume();
      else stepEnd = end + STEP_BYTES;
    }
    if (end !== INVALID && end - key < bytesLeft) {
      if (small.length > 1) small.push(SEPARATOR);
      small.push(bytes.subarray(key, end));
      bytesLeft -= end - key + 1;
    }
    members.moveAfter(end);
  }
  return members.at === INVALID ? null : concat([...small, CLOSING]);
}
/** Of one member, and of all of them. */
const MAX_SMALL_MEMBERS_BYTES = 65_536;
const [OPENING, SEPARATOR, CLOSING] = ["{", ",", "}"].map((text) => encoder.encode(text)) as [
  Uint8Array,
  Uint8Array,
  Uint8Array,
];

function* scanList(
  bytes: Uint8Array,
  start: number,
  name: ListName,
  cache: PrefixCache | undefined,
): Steps<{ span: ListSpan | null; end: number }> {
  const elements: ElementSpan[] = [];
  if (bytes[start] === QUOTE && name === "system") {
    const end = valueEnd(bytes, start);
    const prefix = emptyPrefix(start);
    return {
      span: { isString: true, start, prefix, elements: [{ start, end, removals: [] }] },
      end,
    };
  }
  const values = new ValueScanner(bytes);
  if (bytes[start] !== OPEN_BRACKET) return { span: null, end: yield* endInSteps(values, values.end(start)) };
  const scanElement = name === "messages" ? scanMessage : scanBlock;
  const prefix = cache?.lookup(name, bytes, start + 1) ?? emptyPrefix(start + 1);
  const items = new Items(bytes, start, prefix.elements.length > 0 ? prefix.end : undefined);
  let stepEnd = prefix.end + STEP_BYTES;
  while (!items.isEnd) {
    const { at } = items;
    if (prefix.elements.length + elements.length > MAX_ELEMENTS)
      return { span: null, end: yield* endInSteps(values, values.end(at, 1)) };
    const removals: Removal[] = [];
    // Of an element of more values than a step reads, nothing is removed.
    let end = bytes.length - at > STEP_BYTES ? values.end(at) : 0;
    if (end > at + STEP_BYTES) yield;
    if (end === PAUSED) end = yield* endInSteps(values, end);
    else if (end !== INVALID) end = scanElement(bytes, at, removals);
    elements.push({ start: at, end, removals });
    if (end > stepEnd) {
      yield;
      stepEnd = end + STEP_BYTES;
    }
    items.moveAfter(end);
  }
  const isTooLong = prefix.elements.length + elements.length > MAX_ELEMENTS;
  return { span: isTooLong ? null : { isString: false, start: start + 1, prefix, elements }, end: items.at };
}

function* endInSteps(values: ValueScanner, firstEnd: number): Steps<number> {
  let end = firstEnd;
  while (end === PAUSED) {
    yield;
    end = values.resume();
  }
  return end;
}

function emptyPrefix(start: number): CachedPrefix {
  return { elements: [], end: start, node: null };
}
