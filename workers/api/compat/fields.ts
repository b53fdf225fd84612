/** Usage totals under the names that the compatibility endpoints have for them. */
import { sumUsdText } from "../../store/usage/cost.ts";
import type { UsageTotals } from "../../store/usage/totals.ts";

type Totals = Pick<
  UsageTotals,
  | "requests"
  | "inputTokens"
  | "outputTokens"
  | "cacheReadInputTokens"
  | "cacheCreationInputTokens"
  | "costPico"
  | "unpricedCount"
>;

export function iso(at: number): string {
  return new Date(at).toISOString();
}

/** Input and output; cached tokens are counted apart. */
export function totalTokens({ inputTokens, outputTokens }: Totals): number {
  return inputTokens + outputTokens;
}

export function cost({ costPico, unpricedCount }: Totals) {
  return { costUsd: sumUsdText(costPico, unpricedCount), unpricedCount };
}

/** `totalInputTokens`, `totalOutputTokens`, … */
export function withTotalPrefix(totals: Totals) {
  return {
    totalInputTokens: totals.inputTokens,
    totalOutputTokens: totals.outputTokens,
    totalTokens: totalTokens(totals),
    totalRequests: totals.requests,
    cacheCreationInputTokens: totals.cacheCreationInputTokens,
    cacheReadInputTokens: totals.cacheReadInputTokens,
    ...cost(totals),
  };
}

/** The fields beside `outputTokens`. */
export function besideOutput(totals: Totals) {
  return {
    inputTokens: totals.inputTokens,
    cacheReadInputTokens: totals.cacheReadInputTokens,
    cacheCreationInputTokens: totals.cacheCreationInputTokens,
    ...cost(totals),
  };
}
