/** Token usage of a response: merges the usage objects of a stream, and reads token counts. */
import { byField, TOKEN_KINDS, TOTAL_KINDS, type TokenField } from "../../schemas/tokens.ts";
import { isObject, setOwn, type JsonObject } from "../json/json.ts";

/** The largest `integer` of Postgres. No exchange uses 2³¹ tokens, so larger values are invalid. */
export const MAX_COUNT = 2_147_483_647;

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
  return merge(soFar ?? {}, later, MAX_MERGE_DEPTH, (object) => ({ ...object }));
}

/** The same into `soFar`, which is changed: copying it for each event of a stream would be quadratic. */
export function addUsage(soFar: JsonObject, later: JsonObject): void {
  merge(soFar, later, MAX_MERGE_DEPTH, (object) => object);
}

/** `own`: an object that may be changed, with the members of the given one. */
function merge(
  soFar: JsonObject,
  later: JsonObject,
  depth: number,
  own: (object: JsonObject) => JsonObject,
): JsonObject {
  const merged = own(soFar);
  for (const [name, value] of Object.entries(later)) {
    const known = Object.hasOwn(merged, name) ? merged[name] : undefined;
    if (value === null) {
      if (known === undefined) setOwn(merged, name, null);
    } else if (isObject(value) && isObject(known) && depth > 0) {
      setOwn(merged, name, merge(known, value, depth - 1, own));
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
 * The top-level counts of a usage object or of an entry of `iterations`; anything but an object gives nulls. Without a total
 * of cache writes it is their sum over all lifetimes.
 */
export function tokenCounts(usage: unknown): TokenCounts {
  const counts = byField(TOKEN_KINDS, ({ usage: [member, nested] }) => {
    const value = isObject(usage) ? usage[member] : null;
    return count(nested === undefined ? value : isObject(value) ? value[nested] : null);
  });
  const lifetimes = CACHE_LIFETIMES.map(({ field }) => counts[field]);
  return { ...counts, cacheCreationInputTokens: counts.cacheCreationInputTokens ?? sum(lifetimes) };
}

/** One inference of a response that took several: an entry of `iterations` that has token counts. */
export interface Iteration {
  type: string | null;
  source: JsonObject;
  counts: TokenCounts;
}

/** Types of entries that the top-level counts leave out. */
const BESIDE_TOP_LEVEL: readonly (string | null)[] = ["compaction", "advisor_message"];

/**
 * What a usage counts: the entries of `iterations`, and the top level (`source` is the usage itself) where no entry is part of
 * it. Beside compactions and advisors alone, as at the start of a stream, the top level is the message's own inference.
 */
export function countedInferences(usage: JsonObject): Iteration[] {
  const listed = iterationsOf(usage);
  if (!listed.every(({ type }) => BESIDE_TOP_LEVEL.includes(type))) return listed;
  const counts = tokenCounts(usage);
  return hasTokenCounts(counts) ? [...listed, { type: null, source: usage, counts }] : listed;
}

/** The entries of `iterations`; empty where the usage has none and the top level is one inference or an unknown number. */
function iterationsOf(usage: JsonObject): Iteration[] {
  const listed = Array.isArray(usage["iterations"]) ? (usage["iterations"] as unknown[]) : [];
  return listed
    .filter(isObject)
    .map((source) => ({
      type: typeof source["type"] === "string" ? source["type"] : null,
      source,
      counts: tokenCounts(source),
    }))
    .filter(({ counts }) => hasTokenCounts(counts));
}

/** Kinds that a cost depends on. */
const BILLABLE_KINDS: readonly (typeof TOKEN_KINDS)[number][] = TOKEN_KINDS.filter(
  ({ billed, totalColumn }) => billed !== null || totalColumn !== null,
);
/** Members of every usage (`Usage` of the vendor's SDK); the counts of the cache may be null. */
const ALWAYS_COUNTED: readonly string[] = ["input_tokens", "output_tokens"];

/**
 * Whether what the cost depends on is no count: a string, a negative, fractional or too large number, null for input or output,
 * or, unless `isPartial`, no input or output at all; or a sum of the inferences that is too large. What the response cost, and how large its context is, is then unknown.
 */
export function hasInvalidCounts(usage: JsonObject, isPartial = false): boolean {
  const { iterations, server_tool_use: tools } = usage;
  if (iterations != null && !Array.isArray(iterations)) return true;
  if (tools != null && (!isObject(tools) || Object.values(tools).some(isInvalid))) return true;
  const entries = (iterations ?? []) as unknown[];
  const isLacking = entries.length === 0 && !isPartial && ALWAYS_COUNTED.some((name) => usage[name] == null);
  if (isLacking || hasInvalidMember(usage)) return true;
  return entries.some((one) => !isObject(one) || hasInvalidMember(one)) || hasTooLargeSum(usage);
}

function hasTooLargeSum(usage: JsonObject): boolean {
  const inferences = countedInferences(usage);
  return TOTAL_KINDS.some(({ field }) => {
    const counts = inferences.map((inference) => inference.counts[field]);
    return sum(counts) === null && counts.some((one) => one !== null);
  });
}

function hasInvalidMember(source: JsonObject): boolean {
  return BILLABLE_KINDS.some(({ usage: [member, nested] }) => {
    const value = source[member];
    if (nested === undefined) return isInvalid(value) || (value === null && ALWAYS_COUNTED.includes(member));
    return value != null && (!isObject(value) || isInvalid(value[nested]));
  });
}

const isInvalid = (value: unknown) => value != null && count(value) === null;

export function hasTokenCounts(counts: TokenCounts): boolean {
  return TOTAL_KINDS.some(({ field }) => counts[field] !== null);
}

/**
 * The tokens of all inferences of a response. Where `iterations` is present they are its sum, because the top level leaves out
 * compactions, advisors and attempts before a fallback; a kind that no entry reports has the top-level count.
 * Source: the pages on usage, compaction and the advisor tool of the Messages API.
 */
export function totalTokenCounts(usage: unknown): TokenCounts {
  const whole = tokenCounts(usage);
  const inferences = isObject(usage) ? countedInferences(usage) : [];
  return byField(
    TOKEN_KINDS,
    ({ field }) => sum(inferences.map(({ counts }) => counts[field])) ?? whole[field],
  );
}

/**
 * The size of the context after a response: prompt and output of its last inference by the conversation's own model. Null
 * where it is unknown: counts are missing or invalid, or one usage covers several inferences without listing them.
 * `tookSeveral`: the content shows several (tookSeveralInferences of messages/content.ts).
 */
export function contextTokens(usage: JsonObject | null, tookSeveral: boolean): number | null {
  if (usage === null || hasInvalidCounts(usage)) return null;
  const iterations = iterationsOf(usage);
  if (iterations.length === 0 && (tookSeveral || hasServerToolRequests(usage))) return null;
  const last =
    iterations.length === 0
      ? tokenCounts(usage)
      : iterations.findLast(({ type }) => type === "message" || type === "fallback_message")?.counts;
  return last ? sum(TOTAL_KINDS.map(({ field }) => last[field])) : null;
}

function hasServerToolRequests(usage: JsonObject): boolean {
  return Object.values(serverToolUse(usage) ?? {}).some((requests) => requests > 0);
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
