/** Statistics of rounds. */

/** The `p` quantile (nearest rank); NaN for an empty list. */
export function percentile(numbers: readonly number[], p: number): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(p * sorted.length) - 1)] ?? NaN;
}

export const median = (numbers: readonly number[]) => percentile(numbers, 0.5);

/** Three significant digits, without an exponent. */
export function short(number: number): string {
  if (!Number.isFinite(number)) return "–";
  const magnitude = Math.abs(number);
  return number.toFixed(magnitude >= 99.95 ? 0 : magnitude >= 9.995 ? 1 : magnitude >= 0.9995 ? 2 : 3);
}
