/** `/api/analytics/token-usage/sliding-window`: what an account used in the hours before each point, and where the vendor warned. */
import { planSliding, slidingTotals } from "../../domain/usage/time-series.ts";
import { errorText, log } from "../../runtime/log.ts";
import type { SlidingWindow } from "../../schemas/api/usage.ts";
import type { DatabaseConfig } from "../../store/db/db.ts";
import { sumUsdText } from "../../store/usage/cost.ts";
import { readRateLimitedAt } from "../../store/usage/accounts.ts";
import { readUsage } from "../../store/usage/read.ts";
import { iso } from "./totals.ts";

interface Query {
  accountId: string;
  days: number;
  bucketMinutes: number;
  windowHours: number;
}

export async function readSlidingWindow(
  env: Env,
  config: DatabaseConfig,
  { accountId, ...params }: Query,
  now: number,
): Promise<SlidingWindow> {
  const plan = planSliding(now, params);
  const { from, slotMs } = plan;
  const [cells, refusals, warnings] = await Promise.all([
    readUsage(config, { from, to: now + 1, accountId }, { slotMs }),
    readRateLimitedAt(config, accountId, new Date(from), new Date(now + 1)),
    readWarnings(env, accountId, from),
  ]);
  const sums = new Map(cells.map((cell) => [cell.slot, cell]));
  const marks = [...refusals, ...warnings].sort((a, b) => a - b);
  return {
    accountId,
    params,
    data: slidingTotals(plan, params, sums, marks).map((point) => ({
      time_bucket: iso(point.time),
      sliding_window_tokens: point.outputTokens,
      sliding_window_input_tokens: point.inputTokens,
      sliding_window_cache_read_tokens: point.cacheReadInputTokens,
      sliding_window_cache_creation_tokens: point.cacheCreationInputTokens,
      sliding_window_requests: point.requests,
      sliding_window_cost_usd: sumUsdText(point.costPico, point.unpricedCount),
      sliding_window_unpriced_count: point.unpricedCount,
      rate_limit_warning_in_window: point.isMarked,
    })),
  };
}

/** Sums are right without them. */
async function readWarnings(env: Env, accountId: string, from: number): Promise<number[]> {
  try {
    return await env.ACCOUNT_WINDOW.getByName(accountId).warnings(from);
  } catch (thrown) {
    log.warn("usage: an account's window did not answer", { accountId, error: errorText(thrown) });
    return [];
  }
}
