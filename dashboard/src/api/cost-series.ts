/** Cost over time by domain, from hours: exact sums per bucket, the largest domains by name, the rest together. */
import type { ApiResponse } from "../../../workers/schemas/api/routes.ts";
import { parseUsd } from "../../../workers/domain/pricing/usd.ts";

export type HourlyTokens = ApiResponse<"GET", "/api/usage/tokens/hourly">;

export interface CostSeries {
  /** The largest first; `OTHERS` last. */
  names: string[];
  /** Pico-dollars by name: null if none of its exchanges has a price, absent without exchanges. */
  buckets: { start: number; pico: Record<string, bigint | null>; unpriced: number }[];
  total: bigint;
}

/** Key of the domains beyond the named ones. A host name is never empty. */
export const OTHERS = "";

/** Buckets of `bucketMs` (a multiple of an hour) from `from` to `to`, empty ones included. */
export function costSeries(
  hourly: HourlyTokens,
  { from, to, bucketMs, maxNames }: { from: number; to: number; bucketMs: number; maxNames: number },
): CostSeries {
  const domains = new Map<string, { start: number; pico: bigint | null; unpriced: number }[]>();
  for (const [domain, hours] of Object.entries(hourly.data)) {
    const within = hours
      .map((hour) => ({
        start: Math.floor(Date.parse(hour.hour) / bucketMs) * bucketMs,
        ...priced(hour),
      }))
      .filter((hour) => hour.start + bucketMs > from && hour.start < to);
    if (within.length > 0) domains.set(domain, within);
  }
  const sums = [...domains]
    .map(([name, hours]) => ({ name, sum: hours.reduce((sum, hour) => sum + (hour.pico ?? 0n), 0n) }))
    .toSorted((left, right) => (left.sum > right.sum ? -1 : left.sum < right.sum ? 1 : 0));
  const names = sums.slice(0, maxNames).map(({ name }) => name);
  const hasOthers = sums.length > names.length;
  const buckets: CostSeries["buckets"] = [];
  const byStart = new Map<number, CostSeries["buckets"][number]>();
  for (let start = Math.floor(from / bucketMs) * bucketMs; start < to; start += bucketMs) {
    // No prototype: a domain may have any name.
    const bucket = { start, pico: Object.create(null) as Record<string, bigint | null>, unpriced: 0 };
    buckets.push(bucket);
    byStart.set(start, bucket);
  }
  for (const [domain, hours] of domains) {
    const key = names.includes(domain) ? domain : OTHERS;
    for (const hour of hours) {
      const bucket = byStart.get(hour.start);
      if (!bucket) continue;
      const sum = bucket.pico[key] ?? null;
      bucket.pico[key] = hour.pico === null ? sum : (sum ?? 0n) + hour.pico;
      bucket.unpriced += hour.unpriced;
    }
  }
  return {
    names: hasOthers ? [...names, OTHERS] : names,
    buckets,
    total: sums.reduce((total, { sum }) => total + sum, 0n),
  };
}

/** An amount that cannot be read counts as unpriced, never as $0. */
function priced({ costUsd, count, unpricedCount }: HourlyTokens["data"][string][number]) {
  try {
    return { pico: costUsd === null ? null : parseUsd(costUsd), unpriced: unpricedCount };
  } catch {
    return { pico: null, unpriced: count };
  }
}
