/** Token usage of a response: merging what a stream sends into one object, and reading its counts. */
import { byField, TOKEN_KINDS, type TokenField } from "../../schemas/tokens.ts";
import { isObject, setOwn, type JsonObject } from "../json/json.ts";

/** The largest `integer` of Postgres. No exchange uses 2³¹ tokens, so more is not a count. */
const MAX_COUNT = 2_147_483_647;

/** Usage nests two levels deep. Objects deeper than this are replaced instead of merged. */
const MAX_MERGE_DEPTH = 8;

/**
 * The usage so far, overwritten by the one of a `message_delta`. Its counts are cumulative, so a member that is present and not
 * null replaces the earlier one. Nested objects (`cache_creation`, `server_tool_use`, `output_tokens_details`) merge by
 * the same rule, so a delta without the breakdown of cache writes keeps the one of `message_start`. Arrays
 * (`iterations`) are replaced, unknown members kept. The arguments are not changed.
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

/** Tokens by kind; null = not reported, or not a count (a string, negative, fractional, beyond 2³¹). */
export type TokenCounts = Record<TokenField, number | null>;

/**
 * The top-level counts of a usage object; anything but an object gives nulls. What `iterations` lists beyond them
 * (compaction, advisor) is read by pricing. Without a total of cache writes it is the sum of both lifetimes.
 */
export function tokenCounts(usage: unknown): TokenCounts {
  const counts = byField(TOKEN_KINDS, ({ usage: [member, nested] }) => {
    const value = isObject(usage) ? usage[member] : null;
    return count(nested === undefined ? value : isObject(value) ? value[nested] : null);
  });
  const { cacheCreation5mInputTokens: fiveMinutes, cacheCreation1hInputTokens: oneHour } = counts;
  return {
    ...counts,
    cacheCreationInputTokens: counts.cacheCreationInputTokens ?? sum(fiveMinutes, oneHour),
  };
}

/** Requests of server tools by name (`web_search_requests`); null where the usage reports none. */
export function serverToolUse(usage: unknown): Record<string, number> | null {
  const reported = isObject(usage) ? usage["server_tool_use"] : null;
  if (!isObject(reported)) return null;
  const counts = Object.entries(reported).flatMap(([name, item]) => {
    const valid = count(item);
    return valid === null ? [] : [[name, valid] as const];
  });
  return counts.length === 0 ? null : Object.fromEntries(counts);
}

function count(value: unknown): number | null {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= MAX_COUNT
    ? (value as number) + 0 // -0 becomes 0
    : null;
}

function sum(a: number | null, b: number | null): number | null {
  return a === null && b === null ? null : count((a ?? 0) + (b ?? 0));
}
