/** /usage: usage windows, then the usage of a period by domain, account, model and type; each table as CSV, too. */
import type { WindowDetail, WindowList } from "../../../../workers/schemas/api/windows.ts";
import type { Result } from "../../api/client.ts";
import { costSeries, type HourlyTokens, OTHERS } from "../../api/cost-series.ts";
import { type NamedTotals, type Overview, type TotalsBy, totalsBy } from "../../api/named-totals.ts";
import { BarChart, bucketLabel } from "../../charts/bar-chart.tsx";
import { Share } from "../../charts/share-bar.tsx";
import { TokenChart } from "../../charts/token-chart.tsx";
import { byTokens, TOKEN_KINDS, totalTokens } from "../../format/token-kinds.ts";
import { Help } from "../../components/ui/help.tsx";
import { ClientSetup } from "../../components/admin/client-setup.tsx";
import { EmptyState, ProblemCard } from "../../components/ui/problem.tsx";
import { Money, ShortNumber, UntrustedText } from "../../components/ui/values.tsx";
import { WindowList as WindowListView } from "../../components/usage/window-list.tsx";
import { linkTo, periodOf } from "../../context/filters.ts";
import { formatUsd } from "../../../../workers/domain/pricing/usd.ts";
import { formatMoney } from "../../../../workers/domain/pricing/format-money.ts";
import { approximateAmount } from "../../format/money.ts";
import { formatCount, formatExact, formatShare, formatShort } from "../../format/number.ts";
import { capitalize, oneLine } from "../../format/text.ts";
import type { View } from "../../context/view.ts";
import { PeriodStats } from "./overview.tsx";
import { AccountUsage } from "./account.tsx";
import { type Column, WideTable } from "../../components/ui/table.tsx";

interface Props {
  view: View;
  overview: Result<Overview>;
  windows: Result<WindowList>;
  /** Of the chosen account; null when none is chosen. */
  account: Result<WindowDetail> | null;
  hourly: Result<HourlyTokens>;
}

export function UsagePage({ view, overview, windows, account, hourly }: Props) {
  return (
    <>
      {account === null ? (
        <AllWindows view={view} windows={windows} />
      ) : account.ok ? (
        <AccountUsage view={view} detail={account.data} historyHours={historyHoursOf(view)} />
      ) : (
        <ProblemCard problem={account.problem} what="the usage windows of this account" view={view} />
      )}
      <PeriodUsage view={view} overview={overview} hourly={hourly} />
    </>
  );
}

/** Hours of window history that fit the chosen period; the API keeps eight days. */
export function historyHoursOf(view: View): number {
  const { from, to } = periodOf(view.filters, view.now);
  return Math.min(192, Math.max(5, Math.ceil((to - from) / 3_600_000)));
}

function AllWindows({ view, windows }: { view: View; windows: Result<WindowList> }) {
  if (!windows.ok) return <ProblemCard problem={windows.problem} what="usage windows" view={view} />;
  if (windows.data.windows.length === 0) return null;
  return (
    <section class="card" id="live-windows" data-live>
      <h2>
        Usage windows{" "}
        <Help
          label="usage windows"
          text="Anthropic limits usage in windows, such as five hours and seven days, that reset as a whole. The bar shows the reported utilization; the lighter part is the forecast until the reset, based on the last hour."
        />
        <span class="mute">fullest first</span>
      </h2>
      <WindowListView
        windows={windows.data.windows}
        view={view}
        href={(accountId) => linkTo("/usage", { ...view.filters, accountId })}
      />
    </section>
  );
}

function PeriodUsage({ view, overview, hourly }: Pick<Props, "view" | "overview" | "hourly">) {
  if (!overview.ok) return <ProblemCard problem={overview.problem} what="usage" view={view} />;
  const { data } = overview;
  if (data.totals.requests === 0) {
    return (
      <EmptyState title="No usage in this period.">
        <ClientSetup view={view} />
      </EmptyState>
    );
  }
  return (
    <>
      <PeriodStats overview={data} />
      <section class="card">
        <h2>
          Tokens per {bucketLabel(data.bucketMs)}{" "}
          <Help
            label="token types"
            text="Each model has its own prices for input, cache reads, cache writes (5 minutes and 1 hour) and output; a request's bill lists them. Output tokens include thinking."
          />
          <span class="mute">{formatShort(totalTokens(data.totals))} total</span>
        </h2>
        <TokenChart
          buckets={data.series}
          bucketMs={data.bucketMs}
          zone={view.zone}
          now={view.now}
          csvHref={linkTo("/usage.csv", view.filters)}
        />
      </section>
      <CostByDomain view={view} hourly={hourly} bucketMs={data.bucketMs} />
      {(["domain", "account", "model", "type"] as const).map((by) => (
        <UsageTable by={by} view={view} entries={totalsBy[by](data)} />
      ))}
    </>
  );
}

const HOUR_MS = 3_600_000;
const NAMED_DOMAINS = 7;

/** Not shown with a filter by account or model: the hourly totals have neither. */
function CostByDomain({
  view,
  hourly,
  bucketMs,
}: {
  view: View;
  hourly: Result<HourlyTokens>;
  bucketMs: number;
}) {
  if (view.filters.accountId !== null || view.filters.model !== null) return null;
  if (!hourly.ok) return <ProblemCard problem={hourly.problem} what="the cost by domain" view={view} />;
  const { from, to } = periodOf(view.filters, view.now);
  const series = costSeries(hourly.data, {
    from,
    to,
    bucketMs: Math.max(bucketMs, HOUR_MS),
    maxNames: NAMED_DOMAINS,
  });
  if (series.total === 0n) return null;
  const step = Math.max(bucketMs, HOUR_MS);
  const picoAt = (index: number, key: string) => series.buckets[index]!.pico[series.names[Number(key)]!];
  const usdAt = (index: number, key: string) => {
    const pico = picoAt(index, key);
    return pico === null ? null : formatUsd(pico ?? 0n);
  };
  return (
    <section class="card">
      <h2>
        Cost per {bucketLabel(step)} by domain{" "}
        <span class="mute">{formatMoney(formatUsd(series.total))} total</span>
      </h2>
      <BarChart
        label={`Cost per ${bucketLabel(step)} by domain`}
        series={series.names.map((name, index) => ({
          key: String(index),
          label: name === OTHERS ? "Other domains" : oneLine(name, 40),
          fill: `fill-series-${index + 1}`,
        }))}
        points={series.buckets.map((bucket, index) => ({
          start: bucket.start,
          values: Object.fromEntries(
            series.names.map((_, key) => [String(key), approximateAmount(usdAt(index, String(key))) ?? 0]),
          ),
          notes: bucket.unpriced > 0 ? [formatCount(bucket.unpriced, "unpriced request")] : [],
        }))}
        bucketMs={step}
        zone={view.zone}
        now={view.now}
        format={{
          short: (value) => formatMoney(String(Math.round(value * 1e6) / 1e6)),
          exact: (_value, key, index) => formatMoney(usdAt(index, key)),
        }}
      />
    </section>
  );
}

/** URL of a name of the table: usage filtered by it, or for types its requests. */
function nameUrl(view: View, by: TotalsBy, name: string): string {
  if (by === "type") return linkTo("/requests", view.filters, { requestType: name });
  return linkTo("/usage", { ...view.filters, [by === "account" ? "accountId" : by]: name });
}

interface TableProps {
  by: TotalsBy;
  view: View;
  entries: readonly NamedTotals[];
}

function UsageTable({ by, view, entries }: TableProps) {
  if (entries.length === 0) return null;
  const sorted = byTokens(entries);
  const total = sorted.reduce((sum, entry) => sum + totalTokens(entry), 0);
  return (
    <section class="card">
      <h2>
        By {by}
        <a href={linkTo("/usage.csv", view.filters, { by })} download>
          CSV
        </a>
      </h2>
      <WideTable
        kind="usage"
        rows={sorted.slice(0, 200)}
        columns={[
          {
            label: capitalize(by),
            cell: ({ name }) => (
              <a href={nameUrl(view, by, name)}>
                <UntrustedText text={name || "(none)"} length={60} />
              </a>
            ),
          },
          { label: "Requests", isNumber: true, cell: (entry) => formatExact(entry.requests) },
          ...TOKEN_KINDS.map(({ key, label }): Column<NamedTotals> => ({
            label,
            isNumber: true,
            cell: (entry) => <ShortNumber value={entry[key]} />,
          })),
          { label: "Cache hit rate", isNumber: true, cell: (entry) => formatShare(entry.cacheHitShare) },
          { label: "Cost", isNumber: true, cell: (entry) => <Money amount={entry.costUsd} /> },
          {
            label: "Share of tokens",
            isShare: true,
            cell: (entry) => <Share share={total === 0 ? 0 : totalTokens(entry) / total} />,
          },
        ]}
      />
    </section>
  );
}
