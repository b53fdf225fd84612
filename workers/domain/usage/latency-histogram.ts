/**
 * The latency histograms of rollups: counting durations, adding up, quantiles. Called by workers/store (counting, in the
 * transaction of the row) and workers/api (quantiles).
 */

/**
 * Upper bounds in milliseconds, inclusive, four per decade from 10 ms to 1 h; one more class holds longer durations.
 * Stored arrays are indexed by position in this list: it must never change, neither in order nor in length.
 */
export const LATENCY_BOUNDS_MS: readonly number[] = [
  10, 18, 32, 56, 100, 180, 320, 560, 1_000, 1_800, 3_200, 5_600, 10_000, 18_000, 32_000, 56_000, 100_000,
  180_000, 320_000, 560_000, 1_000_000, 1_800_000, 3_600_000,
];

/** Length of a histogram: every bounded class and the one above. */
export const LATENCY_CLASSES = LATENCY_BOUNDS_MS.length + 1;

/** Index of the class of a duration in milliseconds. Negative durations (a clock set back) and NaN fall into the first. */
export function latencyClass(ms: number): number {
  if (!(ms > 0)) return 0;
  const index = LATENCY_BOUNDS_MS.findIndex((bound) => ms <= bound);
  return index === -1 ? LATENCY_CLASSES - 1 : index;
}

/** The histogram of one duration, or of none (null). */
export function latencyHistogram(ms: number | null): number[] {
  const histogram = new Array<number>(LATENCY_CLASSES).fill(0);
  if (ms !== null) histogram[latencyClass(ms)] = 1;
  return histogram;
}

/** Class-wise sum; a missing class counts as empty. The arguments are not changed. */
export function addHistograms(a: readonly number[], b: readonly number[]): number[] {
  const length = Math.max(LATENCY_CLASSES, a.length, b.length);
  return Array.from({ length }, (_, index) => (a[index] ?? 0) + (b[index] ?? 0));
}

/**
 * The `q` quantile (0 to 1) in milliseconds, interpolated linearly within its class; null for an empty histogram. Durations above
 * the last bound count as that bound.
 */
export function quantile(histogram: readonly number[], q: number): number | null {
  const total = histogram.reduce((sum, count) => sum + count, 0);
  if (!(total > 0)) return null;
  const rank = Math.min(1, Math.max(0, Number.isNaN(q) ? 0 : q)) * total;
  let below = 0;
  for (const [index, count] of histogram.entries()) {
    if (count > 0 && below + count >= rank) {
      const lower = LATENCY_BOUNDS_MS[index - 1] ?? 0;
      const upper = LATENCY_BOUNDS_MS[index];
      return upper === undefined
        ? LATENCY_BOUNDS_MS.at(-1)!
        : lower + ((rank - below) / count) * (upper - lower);
    }
    below += count;
  }
  // Reached only by a rounding error of `rank`: the upper bound of the last class that is not empty.
  const last = histogram.findLastIndex((count) => count > 0);
  return LATENCY_BOUNDS_MS[last] ?? LATENCY_BOUNDS_MS.at(-1)!;
}
