/**
 * Token usage of an answer: how the pieces that a stream sends become one object, and the figures that go into columns.
 * Called by answer-stream.ts and workers/ingest.
 */
import { isObject, setOwn, type JsonObject } from "../json/json.ts";

/** Postgres' `integer`; no vendor counts two thousand million tokens in one exchange, so more is not a count. */
const MAX_COUNT = 2_147_483_647;

/** Real usage nests two levels deep; what nests deeper than this is taken over whole instead of merged. */
const MAX_MERGE_DEPTH = 8;

/**
 * Usage so far plus what a `message_delta` says. Its counts are cumulative, so a member overwrites if it is there and not
 * null, and nothing is ever added up. Nested objects (`cache_creation`, `server_tool_use`, `output_tokens_details`) merge by
 * the same rule: a delta without the breakdown of cache writes leaves the one of `message_start` alone. Arrays
 * (`iterations`) are replaced. Members nobody knows yet are kept. The arguments are not changed.
 * Source: the streaming and usage pages of the Messages API, and its SDK's message accumulator.
 */
export function mergeUsage(soFar: JsonObject | null, later: JsonObject | null): JsonObject | null {
  if (later === null) return soFar;
  return merge(soFar ?? {}, later, MAX_MERGE_DEPTH);
}

function merge(soFar: JsonObject, later: JsonObject, depth: number): JsonObject {
  const merged = { ...soFar };
  for (const [name, value] of Object.entries(later)) {
    const known = Object.hasOwn(merged, name) ? merged[name] : undefined;
    if (value === null) {
      if (known === undefined) setOwn(merged, name, null);
    } else if (isObject(value) && isObject(known) && depth > 0) {
      setOwn(merged, name, merge(known, value, depth - 1));
    } else {
      setOwn(merged, name, value);
    }
  }
  return merged;
}

/** Tokens by kind; null = not told, or not a count (a string, negative, fractional, beyond 2³¹). */
export interface TokenCounts {
  /** Without cache reads and writes. */
  input: number | null;
  output: number | null;
  cacheRead: number | null;
  /** All cache writes: both lifetimes and what the vendor did not classify. */
  cacheCreation: number | null;
  cacheCreation5m: number | null;
  cacheCreation1h: number | null;
  /** Part of `output`, not in addition to it. */
  thinking: number | null;
  /** Requests of server tools by name (`web_search_requests`); null where there is no such object. */
  serverToolUse: Record<string, number> | null;
}

/**
 * The top-level figures of a usage object as columns; anything else than an object gives nulls. What `iterations` lists
 * beyond them (compaction, advisor) is for pricing to read.
 */
export function tokenCounts(usage: unknown): TokenCounts {
  const from = isObject(usage) ? usage : {};
  const lifetimes = isObject(from["cache_creation"]) ? from["cache_creation"] : {};
  const details = isObject(from["output_tokens_details"]) ? from["output_tokens_details"] : {};
  const fiveMinutes = count(lifetimes["ephemeral_5m_input_tokens"]);
  const oneHour = count(lifetimes["ephemeral_1h_input_tokens"]);
  return {
    input: count(from["input_tokens"]),
    output: count(from["output_tokens"]),
    cacheRead: count(from["cache_read_input_tokens"]),
    cacheCreation: count(from["cache_creation_input_tokens"]) ?? sum(fiveMinutes, oneHour),
    cacheCreation5m: fiveMinutes,
    cacheCreation1h: oneHour,
    thinking: count(details["thinking_tokens"]),
    serverToolUse: counts(from["server_tool_use"]),
  };
}

function count(value: unknown): number | null {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= MAX_COUNT
    ? (value as number) + 0 // -0 becomes 0
    : null;
}

function sum(a: number | null, b: number | null): number | null {
  return a === null && b === null ? null : count((a ?? 0) + (b ?? 0));
}

function counts(value: unknown): Record<string, number> | null {
  if (!isObject(value)) return null;
  const known = Object.entries(value).flatMap(([name, item]) => {
    const valid = count(item);
    return valid === null ? [] : [[name, valid] as const];
  });
  return known.length === 0 ? null : Object.fromEntries(known);
}
