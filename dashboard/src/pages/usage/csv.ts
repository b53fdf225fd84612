/** /usage.csv: the numbers of the chart, or of one of the tables. */
import { type Overview, type Totals, type TotalsBy, totalsBy } from "../../api/named-totals.ts";
import { toCsv } from "../../format/csv.ts";

const COLUMNS = {
  requests: "requests",
  errors: "errors",
  input_tokens: "inputTokens",
  cache_read_tokens: "cacheReadInputTokens",
  cache_write_tokens: "cacheCreationInputTokens",
  output_tokens: "outputTokens",
  cost_usd: "costUsd",
  unpriced_requests: "unpricedCount",
} as const;

const cells = (totals: Totals) => Object.values(COLUMNS).map((name) => totals[name]);

/** `by` undefined or unknown: over time. */
export function usageCsv(overview: Overview, by: string | undefined): string {
  if (by !== undefined && Object.hasOwn(totalsBy, by)) {
    const entries = totalsBy[by as TotalsBy](overview);
    return toCsv(
      [by, ...Object.keys(COLUMNS)],
      entries.map((entry) => [entry.name, ...cells(entry)]),
    );
  }
  return toCsv(
    ["from", ...Object.keys(COLUMNS)],
    overview.series.map((point) => [new Date(point.time).toISOString(), ...cells(point)]),
  );
}
