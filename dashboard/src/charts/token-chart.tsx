/** Tokens by kind over time: the chart of overview and usage. */
import type { Overview } from "../api/named-totals.ts";
import { formatCount, formatExact, formatShort } from "../format/number.ts";
import { formatMoneySum } from "../../../workers/domain/pricing/format-money.ts";
import { BarChart, bucketLabel } from "./bar-chart.tsx";
import { TOKEN_KINDS } from "../format/token-kinds.ts";

interface Props {
  buckets: Overview["series"];
  bucketMs: number;
  zone: string;
  now: number;
  /** URL of the values as CSV. */
  csvHref?: string | undefined;
}

export function TokenChart({ buckets, bucketMs, zone, now, csvHref }: Props) {
  const cost = (index: number) => {
    const bucket = buckets[index]!;
    return bucket.requests === 0 && bucket.costUsd === "0" ? "–" : formatMoneySum(bucket);
  };
  return (
    <BarChart
      label={`Tokens per ${bucketLabel(bucketMs)} by kind`}
      series={TOKEN_KINDS}
      points={buckets.map((point, index) => ({
        start: Date.parse(point.time),
        values: Object.fromEntries(TOKEN_KINDS.map(({ key }) => [key, point[key]])),
        notes: [`${formatCount(point.requests, "request")}, ${cost(index)}`],
      }))}
      bucketMs={bucketMs}
      zone={zone}
      now={now}
      format={{ short: formatShort, exact: formatExact }}
      columns={{
        before: [{ label: "Requests", text: (_, index) => formatExact(buckets[index]!.requests) }],
        after: [{ label: "Cost", text: (_, index) => cost(index) }],
      }}
      isWhole
      csvHref={csvHref}
    />
  );
}
