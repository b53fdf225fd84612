/** /usage: usage windows, then the usage of a period by domain, account, model and type; each table as CSV, too. */
import type { WindowDetail, WindowList } from "../../../../workers/schemas/api/windows.ts";
import type { Result } from "../../api/client.ts";
import {
  type NamedTotals,
  type Overview,
  rankByCost,
  type Ranked,
  type TotalsBy,
  totalsBy,
} from "../../api/named-totals.ts";
import { BarChart, bucketLabel } from "../../charts/bar-chart.tsx";
import { Share } from "../../charts/share-bar.tsx";
import { TokenChart } from "../../charts/token-chart.tsx";
import { TOKEN_KINDS, totalTokens } from "../../format/token-kinds.ts";
import { Help } from "../../components/ui/help.tsx";
import { ClientSetup } from "../../components/admin/client-setup.tsx";
import { EmptyState, ProblemCard } from "../../components/ui/problem.tsx";
import { MoneySum, NameLink, ShortNumber } from "../../components/ui/values.tsx";
import { WindowList as WindowListView } from "../../components/usage/window-list.tsx";
import { linkTo, periodOf } from "../../context/filters.ts";
import { formatMoney, formatMoneySum } from "../../../../workers/domain/pricing/format-money.ts";
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
}

export function UsagePage({ view, overview, windows, account }: Props) {
  return (
    <>
      {account === null ? (
        <AllWindows view={view} windows={windows} />
      ) : account.ok ? (
        <AccountUsage view={view} detail={account.data} historyHours={historyHoursOf(view)} />
      ) : (
        <ProblemCard problem={account.problem} what="the usage windows of this account" view={view} />
      )}
      <PeriodUsage view={view} overview={overview} />
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

function PeriodUsage({ view, overview }: Pick<Props, "view" | "overview">) {
  if (!overview.ok) return <ProblemCard problem={overview.problem} what="usage" view={view} />;
  const { data } = overview;
  // A model that served parts of others' requests, such as an advisor, has tokens without requests.
  if (data.totals.requests === 0 && totalTokens(data.totals) === 0) {
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
      <CostByDomain view={view} overview={data} />
      {(["domain", "account", "model", "type"] as const).map((by) => (
        <UsageTable by={by} view={view} entries={totalsBy[by](data)} />
      ))}
    </>
  );
}

/** Of the same read as the figures above it, so that its total is theirs. */
function CostByDomain({ view, overview }: { view: View; overview: Overview }) {
  const { costByDomain: lines = [], totals, series, bucketMs } = overview;
  if (lines.every(({ costUsd }) => (approximateAmount(costUsd) ?? 0) === 0)) return null;
  const label = `Cost per ${bucketLabel(bucketMs)} by domain`;
  return (
    <section class="card">
      <h2>
        {label} <span class="mute">{formatMoneySum(totals)} total</span>
      </h2>
      <BarChart
        label={label}
        series={lines.map(({ domain }, index) => ({
          key: String(index),
          label: domain === null ? "Other domains" : oneLine(domain, 40),
          fill: `fill-series-${index + 1}`,
        }))}
        points={series.map(({ time, unpricedCount }, bucket) => ({
          start: Date.parse(time),
          values: Object.fromEntries(
            lines.map((line, key) => [String(key), approximateAmount(line.series[bucket]) ?? 0]),
          ),
          notes: unpricedCount > 0 ? [formatCount(unpricedCount, "unpriced request")] : [],
        }))}
        bucketMs={bucketMs}
        zone={view.zone}
        now={view.now}
        format={{
          short: (value) => formatMoney(String(Math.round(value * 1e6) / 1e6)),
          exact: (_value, key, bucket) => formatMoney(lines[Number(key)]!.series[bucket]),
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

/** As many as the API names. */
const MAX_ROWS = 200;

function UsageTable({ by, view, entries }: TableProps) {
  if (entries.length === 0) return null;
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
        rows={rankByCost(entries).slice(0, MAX_ROWS)}
        columns={[
          {
            label: capitalize(by),
            cell: ({ name }) => <NameLink name={name} length={60} href={nameUrl(view, by, name)} />,
          },
          { label: "Requests", isNumber: true, cell: (entry) => formatExact(entry.requests) },
          ...TOKEN_KINDS.map(({ key, label }): Column<Ranked<NamedTotals>> => ({
            label,
            isNumber: true,
            cell: (entry) => <ShortNumber value={entry[key]} />,
          })),
          { label: "Cache hit rate", isNumber: true, cell: (entry) => formatShare(entry.cacheHitShare) },
          { label: "Cost", isNumber: true, cell: (entry) => <MoneySum sum={entry} /> },
          {
            label: "Share of cost",
            isShare: true,
            cell: ({ shareOfCost }) => <Share share={shareOfCost} />,
          },
        ]}
      />
    </section>
  );
}
