/** Token usage of a response: merges the usage objects of a stream, and reads token counts. */
import { byField, TOKEN_KINDS, type TokenField } from "../../schemas/tokens.ts";
import { isObject, setOwn, type JsonObject } from "../json/json.ts";

/** The largest `integer` of Postgres. No exchange uses 2³¹ tokens, so larger values are invalid. */
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

/** Cache writes of one lifetime each. */
const CACHE_LIFETIMES = TOKEN_KINDS.filter(({ usage: [member] }) => member === "cache_creation");

/** Tokens by kind; null = not reported, or not a count (a string, negative, fractional, beyond 2³¹). */
export type TokenCounts = Record<TokenField, number | null>;

/**
 * The top-level counts of a usage object; anything but an object gives nulls. What `iterations` lists beyond them
 * (compaction, advisor) is read by pricing. Without a total of cache writes it is their sum over all lifetimes.
 */
export function tokenCounts(usage: unknown): TokenCounts {
  const counts = byField(TOKEN_KINDS, ({ usage: [member, nested] }) => {
    const value = isObject(usage) ? usage[member] : null;
    return count(nested === undefined ? value : isObject(value) ? value[nested] : null);
  });
  const lifetimes = CACHE_LIFETIMES.map(({ field }) => counts[field]);
  return { ...counts, cacheCreationInputTokens: counts.cacheCreationInputTokens ?? sum(lifetimes) };
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

function sum(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : count(known.reduce((a, b) => a + b));
}
