/** Adds up token totals. Used by windows, usage over time, and the store. */
import { byField, TOTAL_KINDS, type TokenTotals } from "../../schemas/tokens.ts";

export const ZERO_TOTALS: TokenTotals = {
  requests: 0,
  ...byField(TOTAL_KINDS, () => 0),
  costPico: 0n,
  unpricedCount: 0,
};

/** `a` plus `b`, or with the sign -1 `a` minus `b`. */
export function addTotals(a: TokenTotals, b: TokenTotals, sign: 1 | -1 = 1): TokenTotals {
  return {
    requests: a.requests + sign * b.requests,
    ...byField(TOTAL_KINDS, ({ field }) => a[field] + sign * b[field]),
    costPico: a.costPico + BigInt(sign) * b.costPico,
    unpricedCount: a.unpricedCount + sign * b.unpricedCount,
  };
}

/** Input and output tokens together; the existing system's definition, which leaves the cache out. */
export function totalTokens({
  inputTokens,
  outputTokens,
}: Pick<TokenTotals, "inputTokens" | "outputTokens">): number {
  return inputTokens + outputTokens;
}
