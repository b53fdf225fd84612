/**
 * The top level of a request body: where the elements of `messages`, `system` and `tools` lie, and where secrets do.
 * Used by content.ts on a body to take it apart and on its skeleton to find the same places again, so both see the
 * same thing: of a repeated key the last one counts, escapes in keys or not.
 */
import { isUtf8 } from "node:buffer";
import { type Removal, scanBlock, scanMessage } from "./normalize.ts";
import type { PrefixCache } from "./prefix-cache.ts";
import type { CachedPrefix } from "./types.ts";
import {
  eachElement,
  eachElementAfter,
  eachMember,
  holds,
  INVALID,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  skipSpace,
  stringIs,
  valueEnd,
} from "./json-scanner.ts";
import { type ElementSpan, LIST_NAMES, type ListName, type ListSpan } from "./types.ts";

/**
 * A longer list stays in the skeleton: it is no conversation, and a million tiny elements would cost a million rows.
 * (The API takes 100,000 messages; a 1M-token context fills long before 20,000.)
 */
export const MAX_ELEMENTS = 20_000;

export interface BodyScan {
  /** Null: not there, not a list, or too long. */
  lists: Record<ListName, ListSpan | null>;
  /** Secret strings, quotes included: start, end, start, end, … rising. */
  secrets: number[];
}

const encoder = new TextEncoder();
const KEYS: Record<ListName, Uint8Array> = {
  messages: encoder.encode("messages"),
  system: encoder.encode("system"),
  tools: encoder.encode("tools"),
};
const MCP_SERVERS = encoder.encode("mcp_servers");
const AUTHORIZATION_TOKEN = encoder.encode("authorization_token");
const REQUESTS = encoder.encode("requests");
const PARAMS = encoder.encode("params");
export const MASK = encoder.encode('"***"');

/** Null when the bytes are not valid UTF-8, not valid JSON, or not an object. */
export function scanBody(bytes: Uint8Array, memory?: PrefixCache): BodyScan | null {
  const start = skipSpace(bytes, 0);
  if (bytes[start] !== OPEN_BRACE || !isUtf8(bytes)) return null;
  const lists: BodyScan["lists"] = { messages: null, system: null, tools: null };
  const secrets: number[] = [];
  const end = eachMember(bytes, start, (key, keyEnd, value) => {
    const name = LIST_NAMES.find((each) => stringIs(bytes, key, keyEnd, KEYS[each]));
    if (name !== undefined) {
      const list = scanList(bytes, value, name, memory);
      lists[name] = list.span;
      return list.end;
    }
    if (stringIs(bytes, key, keyEnd, MCP_SERVERS)) return scanServers(bytes, value, secrets);
    if (stringIs(bytes, key, keyEnd, REQUESTS)) return scanBatch(bytes, value, secrets);
    return valueEnd(bytes, value);
  });
  return end !== INVALID && skipSpace(bytes, end) === bytes.length ? { lists, secrets } : null;
}

function scanList(
  bytes: Uint8Array,
  start: number,
  name: ListName,
  memory: PrefixCache | undefined,
): { span: ListSpan | null; end: number } {
  const elements: ElementSpan[] = [];
  if (bytes[start] === QUOTE && name === "system") {
    const end = valueEnd(bytes, start);
    const recalled = nothingOf(start);
    return {
      span: { isString: true, start, prefix: recalled, elements: [{ start, end, removals: [] }] },
      end,
    };
  }
  if (bytes[start] !== OPEN_BRACKET) return { span: null, end: valueEnd(bytes, start) };
  const scanElement = name === "messages" ? scanMessage : scanBlock;
  const recalled = memory?.lookup(name, bytes, start + 1) ?? nothingOf(start + 1);
  const scanNext = (at: number) => {
    if (recalled.elements.length + elements.length > MAX_ELEMENTS) return valueEnd(bytes, at);
    const cuts: Removal[] = [];
    const elementEnd = scanElement(bytes, at, cuts);
    elements.push({ start: at, end: elementEnd, removals: cuts });
    return elementEnd;
  };
  const end =
    recalled.elements.length > 0
      ? eachElementAfter(bytes, recalled.end, scanNext)
      : eachElement(bytes, start, scanNext);
  const isTooLong = recalled.elements.length + elements.length > MAX_ELEMENTS;
  return { span: isTooLong ? null : { isString: false, start: start + 1, prefix: recalled, elements }, end };
}

function nothingOf(start: number): CachedPrefix {
  return { elements: [], end: start, node: null };
}

/** `mcp_servers[].authorization_token`: a credential for somebody else's server, which the archive must not hold. */
function scanServers(bytes: Uint8Array, start: number, secrets: number[]): number {
  return objectsIn(bytes, start, (key, keyEnd, value) => {
    const end = valueEnd(bytes, value);
    if (bytes[value] !== QUOTE || !stringIs(bytes, key, keyEnd, AUTHORIZATION_TOKEN)) return end;
    const isMasked = holds(bytes, value, MASK);
    if (!isMasked && end !== INVALID) secrets.push(value, end);
    return end;
  });
}

/** A message batch carries whole request bodies: `requests[].params`. */
function scanBatch(bytes: Uint8Array, start: number, secrets: number[]): number {
  return objectsIn(bytes, start, (key, keyEnd, value) => {
    if (bytes[value] !== OPEN_BRACE || !stringIs(bytes, key, keyEnd, PARAMS)) return valueEnd(bytes, value);
    return eachMember(bytes, value, (innerKey, innerKeyEnd, innerValue) =>
      stringIs(bytes, innerKey, innerKeyEnd, MCP_SERVERS)
        ? scanServers(bytes, innerValue, secrets)
        : valueEnd(bytes, innerValue),
    );
  });
}

/** Shows the members of every object in the array at `start`, if it is one. */
function objectsIn(
  bytes: Uint8Array,
  start: number,
  visit: (keyStart: number, keyEnd: number, valueStart: number) => number,
): number {
  if (bytes[start] !== OPEN_BRACKET) return valueEnd(bytes, start);
  return eachElement(bytes, start, (at) =>
    bytes[at] === OPEN_BRACE ? eachMember(bytes, at, visit) : valueEnd(bytes, at),
  );
}
