/** /usage: the windows first, then who used how much of what, over a period; every table can be had as a file. */
import type { HourlyTokens } from "../../../../workers/schemas/api/usage.ts";
import type { WindowDetail, WindowList } from "../../../../workers/schemas/api/windows.ts";
import type { Result } from "../../api/client.ts";
import { costSeries, OTHERS } from "../../api/cost-series.ts";
import type { NamedTotals, Overview } from "../../api/overview.ts";
import { BarChart, bucketLabel } from "../../charts/bar-chart.tsx";
import { ShareCell } from "../../charts/share-bar.tsx";
import { TokenChart } from "../../charts/token-chart.tsx";
import { totalTokens } from "../../format/token-kinds.ts";
import { Help } from "../../components/ui/help.tsx";
import { ClientSetup } from "../../components/admin/client-setup.tsx";
import { EmptyState, ProblemCard } from "../../components/ui/problem.tsx";
import { Money, ShortNumber, UntrustedText } from "../../components/ui/values.tsx";
import { WindowList as WindowListView } from "../../components/usage/window-list.tsx";
import { linkTo, periodOf, type Filters } from "../../context/filters.ts";
import { formatUsd } from "../../../../workers/domain/pricing/usd.ts";
import { formatMoney } from "../../format/money.ts";
import { formatExact, formatShare, formatShort } from "../../format/number.ts";
import { oneLine } from "../../format/text.ts";
import type { View } from "../../context/view.ts";
import { PeriodStats } from "./overview.tsx";
import { AccountUsage } from "./account.tsx";
import type { UsageBy } from "./csv.ts";
import { ColumnHead, TableHead } from "../../components/ui/table-head.tsx";

interface Props {
  view: View;
  overview: Result<Overview>;
  windows: Result<WindowList>;
  /** Of the chosen account; null when none is chosen. */
  account: Result<WindowDetail> | null;
  hourly: Result<HourlyTokens>;
  /** What an administrator tried to set for the account. */
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

/** Hours of a window's course that fit the chosen period; the API keeps eight days. */
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
  if (data.current.requests === 0) {
    return (
      <EmptyState title="No usage in this period.">
        <ClientSetup view={view} />
      </EmptyState>
    );
  }
  const filterUrl = (change: Partial<Filters>) => linkTo("/usage", { ...view.filters, ...change });
  return (
    <>
      <PeriodStats overview={data} />
      <section class="card">
        <h2>
          Tokens per {bucketLabel(data.bucketMs)}{" "}
          <Help
            label="token types"
            text="Input tokens are billed at the full input price. Cache reads cost a tenth of it, cache writes 25% more (5 minutes) or twice as much (1 hour). Output tokens include thinking."
          />
          <span class="mute">{formatShort(totalTokens(data.current.tokens))} total</span>
        </h2>
        <TokenChart
          buckets={data.buckets}
          bucketMs={data.bucketMs}
          zone={view.zone}
          now={view.now}
          csvHref={linkTo("/usage.csv", view.filters)}
        />
      </section>
      <CostByDomain view={view} hourly={hourly} bucketMs={data.bucketMs} />
      <UsageTable
        nameLabel="Domain"
        by="domain"
        view={view}
        entries={data.domains}
        href={(domain) => filterUrl({ domain })}
      />
      <UsageTable
        nameLabel="Account"
        by="account"
        view={view}
        entries={data.accounts}
        href={(accountId) => filterUrl({ accountId })}
      />
      <UsageTable
        nameLabel="Model"
        by="model"
        view={view}
        entries={data.models}
        href={(model) => filterUrl({ model })}
      />
      <UsageTable
        nameLabel="Type"
        by="type"
        view={view}
        entries={data.types}
        href={(requestType) => linkTo("/requests", view.filters, { requestType })}
      />
    </>
  );
}

const HOUR_MS = 3_600_000;
const NAMED_DOMAINS = 7;

/** Only where the numbers are of the same exchanges as the rest: hours know neither account nor model. */
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
  const picoAt = (index: number, key: string) =>
    series.buckets[index]!.pico[series.names[Number(key)]!] ?? 0n;
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
            series.names.map((_, key) => [String(key), Number(picoAt(index, String(key))) / 1e12]),
          ),
          notes: bucket.unpriced > 0 ? [`${formatExact(bucket.unpriced)} requests unpriced`] : [],
        }))}
        bucketMs={step}
        zone={view.zone}
        now={view.now}
        format={{
          short: (value) => formatMoney(String(Math.round(value * 1e6) / 1e6)),
          exact: (_value, key, index) => formatMoney(formatUsd(picoAt(index, key))),
        }}
      />
    </section>
  );
}

interface TableProps {
  /** Head of the first column: "Domain". */
  nameLabel: string;
  by: UsageBy;
  view: View;
  entries: readonly NamedTotals[];
  href: (name: string) => string;
}

function UsageTable({ nameLabel, by, view, entries, href }: TableProps) {
  if (entries.length === 0) return null;
  const sorted = [...entries].sort(
    (left, right) => totalTokens(right.totals.tokens) - totalTokens(left.totals.tokens),
  );
  const total = sorted.reduce((sum, entry) => sum + totalTokens(entry.totals.tokens), 0);
  return (
    <section class="card">
      <h2>
        By {by}
        <a href={linkTo("/usage.csv", view.filters, { by })} download>
          CSV
        </a>
      </h2>
      <div class="scroll" tabindex={0}>
        <table class="rows usage">
          <TableHead>
            <ColumnHead label={nameLabel} />
            <ColumnHead label="Requests" isNumber />
            <ColumnHead label="Input tokens" isNumber />
            <ColumnHead label="Cache read" isNumber />
            <ColumnHead label="Cache write" isNumber />
            <ColumnHead label="Output tokens" isNumber />
            <ColumnHead label="Cache hit rate" isNumber />
            <ColumnHead label="Cost" isNumber />
            <ColumnHead label="Share of tokens" isShare />
          </TableHead>
          <tbody>
            {sorted.slice(0, 200).map(({ name, totals: sums }) => {
              const share = total === 0 ? 0 : totalTokens(sums.tokens) / total;
              return (
                <tr>
                  <td>
                    <a href={href(name)}>
                      <UntrustedText text={name || "(none)"} length={60} />
                    </a>
                  </td>
                  <td class="right">{formatExact(sums.requests)}</td>
                  <td class="right">
                    <ShortNumber value={sums.tokens.input} />
                  </td>
                  <td class="right">
                    <ShortNumber value={sums.tokens.cacheRead} />
                  </td>
                  <td class="right">
                    <ShortNumber value={sums.tokens.cacheWrite} />
                  </td>
                  <td class="right">
                    <ShortNumber value={sums.tokens.output} />
                  </td>
                  <td class="right">{formatShare(sums.cacheShare)}</td>
                  <td class="right">
                    <Money amount={sums.costUsd} />
                  </td>
                  <ShareCell share={share} />
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </section>
  );
}
