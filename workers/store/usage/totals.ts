/**
 * Totals over exchanges in SQL: which there are, how they are summed over `rollups`, and what one row of `requests` adds to
 * each. Rollups, usage, overview and compatibility endpoints derive their columns from this list.
 */
import { sql, type SQL } from "drizzle-orm";
import { rollups } from "../../../drizzle/schema.ts";
import { totalTokens } from "../../domain/usage/token-totals.ts";
import { byField, TOTAL_KINDS, type TokenTotals } from "../../schemas/tokens.ts";
import { sumUsdText } from "./cost.ts";

/** Token counts that are columns of `requests`, `rollups` and `conversations` alike. */
export const TOKEN_COLUMNS = [...TOTAL_KINDS.map(({ field }) => field), "thinkingTokens"] as const;

/** Numeric columns of `rollups` that readers add up. */
const TOTALS = [
  ...TOKEN_COLUMNS,
  "requests",
  "errors",
  "shareRequests",
  "shareErrors",
  "toolCallCount",
  "unpricedCount",
  "unpricedShares",
  "durationMs",
] as const;

export type UsageTotals = TokenTotals & Record<(typeof TOTALS)[number], number>;
/** Totals as PostgreSQL sends them, sums as text, by column name. */
export type TotalsRow = Record<string, unknown>;

const COLUMNS = [...TOTALS, "costPico"] as const;

/** Of a row of `requests`: it should have a price and has none. */
export const IS_UNPRICED = sql.raw("cost_pico is null");

/** As hasFailed of workers/domain/outcome.ts. */
export const HAS_FAILED = sql.raw("coalesce(failed, status is null or status >= 400)");

/** What a row of `requests` adds where it is not the column of the same name. */
const ROW_VALUES: Partial<Record<(typeof COLUMNS)[number], SQL>> = {
  requests: sql.raw("1::int8"),
  errors: sql`${HAS_FAILED}::int::int8`,
  shareRequests: sql.raw("0::int8"),
  shareErrors: sql.raw("0::int8"),
  unpricedCount: sql`(${IS_UNPRICED})::int::int8`,
  unpricedShares: sql.raw("0::int8"),
};

/** What a model's share of an exchange consists of. */
const SHARE_FIELDS: ReadonlySet<string> = new Set([...TOKEN_COLUMNS, "costPico"]);

const list = (parts: readonly SQL[]) => sql.join([...parts], sql.raw(", "));

/** `sum(input_tokens) as input_tokens, …` over a relation with the columns of `rollups`. */
export const SUMS = list(
  COLUMNS.map((name) => sql.raw(`sum(${rollups[name].name}) as ${rollups[name].name}`)),
);
/** The columns of `rollups`, not summed. */
export const ROLLUP_VALUES = list(COLUMNS.map((name) => sql.raw(rollups[name].name)));
/** The same columns for single rows of `requests`. */
export const REQUEST_VALUES = list(
  COLUMNS.map((name) => {
    const column = rollups[name].name;
    return sql`${ROW_VALUES[name] ?? sql.raw(`coalesce(${column}, 0)`)} as ${sql.raw(column)}`;
  }),
);

/** What an element of `model_shares` adds to its model only; it takes nothing from the requested model. */
const SHARE_COUNTS: Partial<Record<(typeof COLUMNS)[number], SQL>> = {
  shareRequests: sql.raw("(sign = 1)::int::int8"),
  shareErrors: sql`(sign = 1 and ${HAS_FAILED})::int::int8`,
  unpricedShares: sql.raw("(sign = 1 and share ? 'isUnpriced')::int::int8"),
};

/** The same columns for an element `share` of `model_shares`, times the column `sign`; what shares do not have is 0. */
export const SHARE_VALUES = list(
  COLUMNS.map((name) => {
    const type = name === "costPico" ? "numeric" : "int8";
    const value = SHARE_FIELDS.has(name) ? `sign * (share ->> '${name}')::${type}` : "0::int8";
    return sql`${SHARE_COUNTS[name] ?? sql.raw(value)} as ${sql.raw(rollups[name].name)}`;
  }),
);

export const ZERO_USAGE = toTotals({});

export function toTotals(row: TotalsRow): UsageTotals {
  const number = (name: (typeof TOTALS)[number]) => [name, Number(row[rollups[name].name] ?? 0)];
  return {
    ...(Object.fromEntries(TOTALS.map(number)) as Record<(typeof TOTALS)[number], number>),
    costPico: BigInt((row["cost_pico"] as string | null | undefined) ?? 0),
  };
}

/**
 * Totals of one model, whose requests are all that used it: those that requested it, and those that used it within the
 * response of another. Added up over models they count a request once for each.
 */
export function withShareRequests(totals: UsageTotals): UsageTotals {
  const { requests, errors, unpricedCount, shareRequests, shareErrors, unpricedShares } = totals;
  return {
    ...totals,
    requests: requests + shareRequests,
    errors: errors + shareErrors,
    unpricedCount: unpricedCount + unpricedShares,
  };
}

export function addUsage(list: readonly UsageTotals[]): UsageTotals {
  return list.reduce((sum, one) => {
    const result = { ...sum, costPico: sum.costPico + one.costPico };
    for (const name of TOTALS) result[name] += one[name];
    return result;
  }, ZERO_USAGE);
}

/** `sum(input_tokens) as input_tokens, …` of the token counts alone. */
export const TOKEN_SUMS = list(
  TOTAL_KINDS.map(({ column }) => sql.raw(`coalesce(sum(${column}), 0) as ${column}`)),
);
/** The fields of `tokenTotals` (schemas/api/totals.ts). */
export function tokenTotalsView(totals: Omit<TokenTotals, "requests">) {
  const { costPico, unpricedCount } = totals;
  return {
    ...byField(TOTAL_KINDS, ({ field }) => totals[field]),
    totalTokens: totalTokens(totals),
    costUsd: sumUsdText(costPico, unpricedCount),
    unpricedCount,
  };
}

/** Cache reads as a share of all prompt tokens, 0 to 1; null without prompt tokens. */
export function cacheHitShare(totals: Omit<TokenTotals, "requests">): number | null {
  const prompt = TOTAL_KINDS.reduce((sum, { field, isPrompt }) => sum + (isPrompt ? totals[field] : 0), 0);
  return prompt === 0 ? null : totals.cacheReadInputTokens / prompt;
}

/** Input and output tokens of one exchange; null where both are unknown. */
export function totalTokensOrNull(row: {
  inputTokens: number | null;
  outputTokens: number | null;
}): number | null {
  const { inputTokens, outputTokens } = row;
  return inputTokens === null && outputTokens === null ? null : (inputTokens ?? 0) + (outputTokens ?? 0);
}
