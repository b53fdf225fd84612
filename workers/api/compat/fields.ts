/** Totals under the names that the compatibility endpoints have for them. */
import type { TokenTotals } from "../../schemas/tokens.ts";
export { iso } from "../../domain/usage/calendar.ts";
import { tokenTotalsView } from "../../store/usage/totals.ts";

export function cost(totals: TokenTotals) {
  const { costUsd, unpricedCount } = tokenTotalsView(totals);
  return { costUsd, unpricedCount };
}

/** `totalInputTokens`, `totalOutputTokens`, … */
export function withTotalPrefix(totals: TokenTotals) {
  const { inputTokens, outputTokens, ...others } = tokenTotalsView(totals);
  return {
    totalInputTokens: inputTokens,
    totalOutputTokens: outputTokens,
    totalRequests: totals.requests,
    ...others,
  };
}

/** The fields beside `outputTokens`. */
export function besideOutput(totals: TokenTotals) {
  const { outputTokens: _output, totalTokens: _total, ...others } = tokenTotalsView(totals);
  return others;
}
