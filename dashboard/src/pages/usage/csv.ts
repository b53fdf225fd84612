/** /usage.csv: the numbers of the chart, or of one of the tables. */
import { type Overview, type Totals, type TotalsBy, totalsBy } from "../../api/named-totals.ts";
import { toCsv } from "../../format/csv.ts";
import { TOKEN_KINDS } from "../../format/token-kinds.ts";

const HEADER = [
  "requests",
  "errors",
  ...TOKEN_KINDS.map(({ csvColumn }) => csvColumn),
  "cost_usd",
  "unpriced_requests",
];

const cells = (totals: Totals) => [
  totals.requests,
  totals.errors,
  ...TOKEN_KINDS.map(({ key }) => totals[key]),
  totals.costUsd,
  totals.unpricedCount,
];

/** `by` null: over time. */
export function usageCsv(overview: Overview, by: TotalsBy | null): string {
  if (by !== null) {
    const entries = totalsBy[by](overview);
    return toCsv(
      [by, ...HEADER],
      entries.map((entry) => [entry.name || "(none)", ...cells(entry)]),
    );
  }
  return toCsv(
    ["from", ...HEADER],
    overview.series.map((point) => [new Date(point.time).toISOString(), ...cells(point)]),
  );
}
