/** What the analyses of a period found and cost: figures, sentiment, quality and cost over time, frequent tips and topics. */
import type { AnalysisTrends } from "../../../../workers/schemas/api/analyses.ts";
import { BarChart, bucketLabel, type BarSeries } from "../../charts/bar-chart.tsx";
import { Share } from "../../charts/share-bar.tsx";
import { SENTIMENTS, valueLabel } from "../../components/analyses/labels.tsx";
import { scoreText } from "../../components/analyses/result.tsx";
import { CardTitle } from "../../components/ui/controls.tsx";
import { StatCard } from "../../components/ui/stat-card.tsx";
import { Table } from "../../components/ui/table.tsx";
import { UntrustedText } from "../../components/ui/values.tsx";
import type { View } from "../../context/view.ts";
import { approximateAmount, formatMoneyExact, formatMoneyShort } from "../../format/money.ts";
import { formatCount, formatExact, formatShare, formatShort, UNKNOWN } from "../../format/number.ts";
import { formatMoney } from "../../../../workers/domain/pricing/format-money.ts";

/** Best first, so that the worst stands on top of the bars. */
const SENTIMENT_SERIES = [
  { key: "positive", label: SENTIMENTS.positive, fill: "fill-series-3" },
  { key: "neutral", label: SENTIMENTS.neutral, fill: "fill-series-8" },
  { key: "mixed", label: SENTIMENTS.mixed, fill: "fill-series-2" },
  { key: "negative", label: SENTIMENTS.negative, fill: "fill-series-6" },
] as const satisfies BarSeries[];
const QUALITY_SERIES = [
  { key: "highly effective", label: "Highly effective", fill: "fill-series-3" },
  { key: "effective", label: "Effective", fill: "fill-series-1" },
  { key: "needs improvement", label: "Needs improvement", fill: "fill-series-6" },
] as const satisfies BarSeries[];

interface Props {
  view: View;
  trends: AnalysisTrends;
}

export function Trends({ view, trends }: Props) {
  const { statuses, tips, topics } = trends;
  const results = Object.values(trends.effectiveness).reduce((sum, count) => sum + count, 0);
  if (Object.values(statuses).every((count) => count === 0) && trends.costUsd === "0") return null;
  const perBucket = `per ${bucketLabel(trends.bucketMs)}`;
  const counts = { short: formatShort, exact: formatExact };
  const chart = {
    bucketMs: trends.bucketMs,
    zone: view.zone,
    now: view.now,
  };
  const resultChart = (name: "sentiments" | "effectiveness", title: string, series: readonly BarSeries[]) => (
    <section class="card">
      <CardTitle title={title} note={perBucket} />
      <BarChart
        label={`Analyzed conversations ${perBucket} by ${title.toLowerCase()}`}
        series={series}
        points={trends.series.map((point) => ({ start: Date.parse(point.time), values: point[name] }))}
        format={counts}
        isWhole
        {...chart}
      />
    </section>
  );
  return (
    <div class="analysis-trends" id="live-analysis-trends" data-live="analysis">
      <Figures trends={trends} />
      {results > 0 && (
        <div class="pair">
          {resultChart("sentiments", "Sentiment", SENTIMENT_SERIES)}
          {resultChart("effectiveness", "Effectiveness", QUALITY_SERIES)}
        </div>
      )}
      <div class="pair">
        <section class="card">
          <CardTitle title="Cost of analyses" note={`${perBucket}, apart from proxied requests`} />
          <BarChart
            label={`Cost of analyses ${perBucket}`}
            series={[{ key: "cost", label: "Cost", fill: "fill-accent" }]}
            points={trends.series.map(({ time, costUsd }) => ({
              start: Date.parse(time),
              values: { cost: approximateAmount(costUsd) ?? 0 },
            }))}
            format={{
              short: (value) => formatMoney(String(Math.round(value * 1e6) / 1e6)),
              exact: (_value, _key, index) => formatMoneyExact(trends.series[index]!.costUsd),
            }}
            {...chart}
          />
        </section>
        <div class="column">
          <FrequentTips tips={tips} total={results} />
          {topics.length > 0 && (
            <section class="card">
              <CardTitle title="Frequent topics" note="with the number of conversations" />
              <ul class="chips">
                {topics.map(({ topic, count }) => (
                  <li class="chip">
                    <UntrustedText text={topic} length={60} /> <span class="mute">{formatExact(count)}</span>
                  </li>
                ))}
              </ul>
            </section>
          )}
        </div>
      </div>
    </div>
  );
}

function Figures({ trends }: { trends: AnalysisTrends }) {
  const { statuses, effectiveness, promptClarity, contextCompleteness, costUsd, unpricedCount } = trends;
  const { unreportedCostUsd: unreported } = trends;
  const all = Object.values(statuses).reduce((sum, count) => sum + count, 0);
  const rated = Object.values(effectiveness).reduce((sum, count) => sum + count, 0);
  const good = rated - (effectiveness["needs improvement"] ?? 0);
  const open = statuses.pending + statuses.processing;
  const tokens = trends.promptTokens + trends.completionTokens;
  const score = (value: number | null) => (value === null ? UNKNOWN : scoreText(value));
  return (
    <dl class="stat-cards">
      <StatCard label="Analyses" value={formatShort(all)} exact={formatExact(all)}>
        {open > 0 && <span class="stat-note">{formatExact(open)} open</span>}
        {statuses.failed > 0 && <span class="stat-note">{formatExact(statuses.failed)} failed</span>}
      </StatCard>
      <StatCard
        label="Effective"
        value={formatShare(rated === 0 ? null : good / rated)}
        exact={`${formatExact(good)} of ${formatCount(rated, "rated conversation")}`}
        help="Conversations that were effective or highly effective, of those with a structured result."
      />
      <StatCard
        label="Prompt clarity"
        value={score(promptClarity)}
        exact="Average of the structured results, from 0 to 10"
      />
      <StatCard
        label="Context given"
        value={score(contextCompleteness)}
        exact="Average of the structured results, from 0 to 10"
      />
      <StatCard
        label="Cost of analyses"
        value={formatMoneyShort(costUsd)}
        exact={formatMoneyExact(costUsd)}
        help="Of all versions, failed attempts included. Not part of the cost of proxied requests."
      >
        <span class="stat-note">{formatShort(tokens)} tokens</span>
        {unreported !== "0" && (
          <span class="stat-note" title="Estimated cost of attempts whose usage the provider did not report">
            + about {formatMoneyShort(unreported)} unreported
          </span>
        )}
        {unpricedCount > 0 && <span class="stat-note">+ {formatExact(unpricedCount)} unpriced</span>}
      </StatCard>
    </dl>
  );
}

/** `total`: structured results. */
function FrequentTips({ tips, total }: { tips: AnalysisTrends["tips"]; total: number }) {
  return (
    <section class="card">
      <CardTitle title="Frequent tips" note={`of ${formatCount(total, "analyzed conversation")}`} />
      {tips.length === 0 ? (
        <p class="mute">None</p>
      ) : (
        <Table
          kind="ranking"
          rows={tips}
          columns={[
            {
              label: "Category",
              cell: ({ category }) => <UntrustedText text={valueLabel(category)} length={60} />,
            },
            { label: "Analyses", isNumber: true, cell: ({ count }) => formatExact(count) },
            {
              label: "Share",
              isShare: true,
              cell: ({ count }) => <Share share={total === 0 ? null : count / total} />,
            },
          ]}
        />
      )}
    </section>
  );
}
