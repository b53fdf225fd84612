/** Tokens by kind over time: the chart of overview and usage. */
import type { Bucket } from "../api/overview.ts";
import { formatExact, formatShort } from "../format/number.ts";
import { formatMoney } from "../format/money.ts";
import { BarChart, bucketLabel } from "./bar-chart.tsx";
import { KIND_FILLS, TOKEN_KINDS } from "../format/token-kinds.ts";

interface Props {
  buckets: readonly Bucket[];
  bucketMs: number;
  zone: string;
  now: number;
  /** Where the numbers can be had as a file. */
  csvHref?: string | undefined;
}

const SERIES = TOKEN_KINDS.map((kind) => ({ ...kind, fill: KIND_FILLS[kind.key] }));

export function TokenChart({ buckets, bucketMs, zone, now, csvHref }: Props) {
  const cost = (index: number) => {
    const { requests, costUsd } = buckets[index]!.totals;
    return requests === 0 ? "–" : formatMoney(costUsd);
  };
  return (
    <BarChart
      label={`Tokens per ${bucketLabel(bucketMs)} by kind`}
      series={SERIES}
      points={buckets.map(({ start, totals: sums }, index) => ({
        start,
        values: sums.tokens,
        notes: [`${formatExact(sums.requests)} requests, ${cost(index)}`],
      }))}
      bucketMs={bucketMs}
      zone={zone}
      now={now}
      format={{ short: formatShort, exact: formatExact }}
      columns={{
        before: [{ label: "Requests", text: (_, index) => formatExact(buckets[index]!.totals.requests) }],
        after: [{ label: "Cost", text: (_, index) => cost(index) }],
      }}
      isWhole
      csvHref={csvHref}
    />
  );
}
