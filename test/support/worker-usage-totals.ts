/** Token and cost totals of stored rows, and of what the API returns, in one shape. */
import type { CurrentUsage, DailyUsage, SlidingWindow } from "../../workers/schemas/api/compat.ts";
import { parseUsd } from "../../workers/domain/pricing/usd.ts";
import { addTotals, ZERO_TOTALS } from "../../workers/domain/usage/token-totals.ts";
import { byField, TOTAL_KINDS, type TokenTotals } from "../../workers/schemas/tokens.ts";
import { queryRows } from "./worker-database.ts";

const TOKENS = TOTAL_KINDS.map(({ field, column }) => `coalesce(sum(${column}), 0)::int AS "${field}"`).join(
  ", ",
);
const COST = `coalesce(sum(cost_pico), 0)::text AS "costPico"`;
const ROW_TOTALS = `count(*)::int AS requests, ${TOKENS}, ${COST},
  count(*) FILTER (WHERE cost_pico IS NULL)::int AS "unpricedCount"`;
const ROLLUP_TOTALS = `coalesce(sum(requests), 0)::int AS requests, ${TOKENS}, ${COST},
  coalesce(sum(unpriced_count), 0)::int AS "unpricedCount"`;
/** `d.name` is the domain. */
export const ROWS = "requests JOIN (SELECT id AS d_id, name FROM domains) d ON d_id = domain_id";

async function totals(select: string, where: string, parameters: unknown[] = []): Promise<TokenTotals> {
  const [row] = await queryRows<Record<string, unknown>>(`SELECT ${select} FROM ${where}`, parameters);
  return { ...(row as unknown as TokenTotals), costPico: BigInt(String(row!["costPico"])) };
}

/** Of the rows; compared with the API while nothing is recorded. */
export const ofRows = (where = "true", parameters: unknown[] = []) =>
  totals(ROW_TOTALS, `${ROWS} WHERE ${where}`, parameters);
export const ofRollups = () => totals(ROLLUP_TOTALS, "rollups");

export const pico = (usd: string | null) => parseUsd(usd ?? "0");

type Tokens = Record<(typeof TOTAL_KINDS)[number]["field"], number>;
/** Of one part of a response. */
export const totalsOf = (
  one: Tokens & { costUsd: string | null; unpricedCount: number },
  requests: number,
): TokenTotals => ({
  requests,
  ...byField(TOTAL_KINDS, ({ field }) => one[field]),
  costPico: pico(one.costUsd),
  unpricedCount: one.unpricedCount,
});
export const prefixed = (one: CurrentUsage | DailyUsage["usage"][number]): TokenTotals =>
  totalsOf(
    { ...one, inputTokens: one.totalInputTokens, outputTokens: one.totalOutputTokens },
    one.totalRequests,
  );
export const sliding = (point: SlidingWindow["data"][number]): TokenTotals => ({
  requests: point.sliding_window_requests,
  inputTokens: point.sliding_window_input_tokens,
  outputTokens: point.sliding_window_tokens,
  cacheReadInputTokens: point.sliding_window_cache_read_tokens,
  cacheCreationInputTokens: point.sliding_window_cache_creation_tokens,
  costPico: pico(point.sliding_window_cost_usd),
  unpricedCount: point.sliding_window_unpriced_count,
});
export const added = (list: readonly TokenTotals[]): TokenTotals =>
  list.reduce((sum, one) => addTotals(sum, one), ZERO_TOTALS);
