/** `/api/analytics/token-usage/sliding-window`: usage of an account in the hours before each point, and rate-limit warnings. */
import type { z } from "zod";
import { planSliding, slidingTotals } from "../../domain/usage/time-series.ts";
import { errorText, log } from "../../runtime/log.ts";
import type { SlidingWindow, SlidingWindowQuery } from "../../schemas/api/compat.ts";
import type { DatabaseConfig } from "../../store/db/db.ts";
import { readRateLimitedAt } from "../../store/usage/compat.ts";
import { readUsage } from "../../store/usage/read.ts";
import { cost, iso } from "./fields.ts";

export async function readSlidingWindow(
  env: Env,
  config: DatabaseConfig,
  { accountId, ...params }: z.infer<typeof SlidingWindowQuery>,
  now: number,
): Promise<SlidingWindow> {
  const plan = planSliding(now, params);
  const { from, slotMs } = plan;
  const [cells, rateLimited, warnings] = await Promise.all([
    readUsage(config, { from, to: now + 1, accountId }, { slotMs }),
    readRateLimitedAt(config, accountId, from, now + 1),
    readWarnings(env, accountId, from),
  ]);
  const bySlot = new Map(cells.map((cell) => [cell.slot, cell]));
  const marks = [...rateLimited, ...warnings].sort((a, b) => a - b);
  return {
    accountId,
    params,
    data: slidingTotals(plan, params, bySlot, marks).map((point) => {
      const { costUsd, unpricedCount } = cost(point);
      return {
        time_bucket: iso(point.time),
        sliding_window_tokens: point.outputTokens,
        sliding_window_input_tokens: point.inputTokens,
        sliding_window_cache_read_tokens: point.cacheReadInputTokens,
        sliding_window_cache_creation_tokens: point.cacheCreationInputTokens,
        sliding_window_requests: point.requests,
        sliding_window_cost_usd: costUsd,
        sliding_window_unpriced_count: unpricedCount,
        rate_limit_warning_in_window: point.isMarked,
      };
    }),
  };
}

/** Warnings of the vendor since `from`; none when the Durable Object fails, which leaves the totals exact. */
async function readWarnings(env: Env, accountId: string, from: number): Promise<number[]> {
  try {
    return await env.ACCOUNT_WINDOW.getByName(accountId).warnings(from);
  } catch (thrown) {
    log.warn("usage: AccountWindow failed", { accountId, error: errorText(thrown) });
    return [];
  }
}
