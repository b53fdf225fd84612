/** Sums under the names that usage shapes have for them. Used by the usage routes. */
import { rollingSpan, type Span } from "../../domain/windows/time-span.ts";
import { sumUsdText } from "../../store/usage/cost.ts";
import type { UsageTotals } from "../../store/usage/read.ts";

type Totals = Omit<UsageTotals, "totalTokens">;

export function iso(at: number): string {
  return new Date(at).toISOString();
}

/** The `length` milliseconds up to `now`, which is inside. */
export function span(now: number, length: number): Span {
  return rollingSpan(now, length);
}

export function totals(sums: Totals) {
  return {
    totalInputTokens: sums.inputTokens,
    totalOutputTokens: sums.outputTokens,
    totalTokens: sums.inputTokens + sums.outputTokens,
    totalRequests: sums.requests,
    cacheCreationInputTokens: sums.cacheCreationInputTokens,
    cacheReadInputTokens: sums.cacheReadInputTokens,
    costUsd: sumUsdText(sums.costPico, sums.unpricedCount),
    unpricedCount: sums.unpricedCount,
  };
}

/** What stands beside output tokens. */
export function tokenDetails(sums: Totals) {
  return {
    inputTokens: sums.inputTokens,
    cacheReadInputTokens: sums.cacheReadInputTokens,
    cacheCreationInputTokens: sums.cacheCreationInputTokens,
    costUsd: sumUsdText(sums.costPico, sums.unpricedCount),
    unpricedCount: sums.unpricedCount,
  };
}
