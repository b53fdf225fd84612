/** /usage.csv: the numbers of the chart, or of one of the tables. */
import type { Overview, PeriodTotals } from "../../api/overview.ts";
import { toCsv } from "../../format/csv.ts";

const TABLES = { domain: "domains", account: "accounts", model: "models", type: "types" } as const;
export type UsageBy = keyof typeof TABLES;

const TOTAL_COLUMNS = [
  "requests",
  "errors",
  "input_tokens",
  "cache_read_tokens",
  "cache_write_tokens",
  "output_tokens",
  "cost_usd",
  "unpriced_requests",
] as const;

/** `by` undefined or unknown: over time. */
export function usageCsv(overview: Overview, by: string | undefined): string {
  if (by !== undefined && Object.hasOwn(TABLES, by)) {
    const entries = overview[TABLES[by as UsageBy]];
    return toCsv(
      [by, ...TOTAL_COLUMNS],
      entries.map(({ name, totals: sums }) => [name, ...totalCells(sums)]),
    );
  }
  return toCsv(
    ["from", ...TOTAL_COLUMNS],
    overview.buckets.map(({ start, totals: sums }) => [new Date(start).toISOString(), ...totalCells(sums)]),
  );
}

const totalCells = (sums: PeriodTotals) => [
  sums.requests,
  sums.errors,
  sums.tokens.input,
  sums.tokens.cacheRead,
  sums.tokens.cacheWrite,
  sums.tokens.output,
  sums.costUsd,
  sums.unpricedCount,
];
