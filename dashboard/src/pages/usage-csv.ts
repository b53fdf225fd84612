/** /usage.csv: the numbers of the chart. */
import type { Overview } from "../api/overview.ts";
import { toCsv } from "../format/csv.ts";

export function usageCsv(overview: Overview): string {
  return toCsv(
    [
      "from",
      "requests",
      "errors",
      "input_tokens",
      "cache_read_tokens",
      "cache_write_tokens",
      "output_tokens",
      "cost_usd",
    ],
    overview.buckets.map(({ start, sums }) => [
      new Date(start).toISOString(),
      sums.requests,
      sums.errors,
      sums.tokens.input,
      sums.tokens.cacheRead,
      sums.tokens.cacheWrite,
      sums.tokens.output,
      sums.costUsd,
    ]),
  );
}
