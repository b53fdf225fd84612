/** / : statistics of the period, usage windows, latest requests, tokens over time, top domains and models. */
import type { WindowList as WindowListResponse } from "../../../../workers/schemas/api/windows.ts";
import type { RequestList } from "../../../../workers/schemas/api/requests.ts";
import { type Overview, totalsBy } from "../../api/named-totals.ts";
import type { Result } from "../../api/client.ts";
import { bucketLabel } from "../../charts/bar-chart.tsx";
import { TokenChart } from "../../charts/token-chart.tsx";
import { totalTokens } from "../../format/token-kinds.ts";
import { TopList } from "../../components/usage/top-list.tsx";
import { ClientSetup } from "../../components/admin/client-setup.tsx";
import { EmptyState, ProblemCard } from "../../components/ui/problem.tsx";
import { WindowList } from "../../components/usage/window-list.tsx";
import { Help } from "../../components/ui/help.tsx";
import { CACHE_READ_HELP } from "../../components/requests/request-table.tsx";
import { StatCard } from "../../components/ui/stat-card.tsx";
import { Model, Money, shortModel, StatusBadge, Time, UntrustedText } from "../../components/ui/values.tsx";
import { linkTo, periodOf } from "../../context/filters.ts";
import { approximateAmount, formatMoneyExact, formatMoneyShort } from "../../format/money.ts";
import { formatChange, formatCount, formatExact, formatShare, formatShort } from "../../format/number.ts";
import { formatDuration } from "../../format/time.ts";
import type { View } from "../../context/view.ts";

interface Props {
  view: View;
  overview: Result<Overview>;
  windows: Result<WindowListResponse>;
  latest: Result<RequestList>;
}

export function OverviewPage({ view, overview, windows, latest }: Props) {
  const isNew =
    overview.ok && overview.data.totals.requests === 0 && latest.ok && latest.data.requests.length === 0;
  const isFiltered = view.filters.domain ?? view.filters.accountId ?? view.filters.model;
  if (isNew && !isFiltered) {
    return (
      <EmptyState title={`No requests in the ${periodOf(view.filters, view.now).label.toLowerCase()}.`}>
        <p>Requests, tokens and cost appear here within seconds of the first response.</p>
        <ClientSetup view={view} />
      </EmptyState>
    );
  }
  return (
    <>
      {overview.ok ? (
        <>
          <PeriodStats overview={overview.data} />
          <div class="pair" id="live-now" data-live>
            <Windows windows={windows} view={view} />
            <LatestRequests inFlight={overview.data.inFlight} latest={latest} view={view} />
          </div>
          <section class="card" id="live-chart" data-live>
            <h2>
              Tokens per {bucketLabel(overview.data.bucketMs)}{" "}
              <span class="mute">{formatShort(totalTokens(overview.data.totals))} total</span>
            </h2>
            <TokenChart
              buckets={overview.data.series}
              bucketMs={overview.data.bucketMs}
              zone={view.zone}
              now={view.now}
              csvHref={linkTo("/usage.csv", view.filters)}
            />
          </section>
          <div class="pair" id="live-top-lists" data-live>
            <TopList
              title="Top domains"
              entries={totalsBy.domain(overview.data)}
              href={(domain) => linkTo("/requests", { ...view.filters, domain })}
            />
            <TopList
              title="Top models"
              entries={totalsBy.model(overview.data)}
              labelOf={shortModel}
              href={(model) => linkTo("/requests", { ...view.filters, model })}
            />
          </div>
        </>
      ) : (
        <>
          <ProblemCard problem={overview.problem} what="the statistics of this period" view={view} />
          {/* Usage windows are kept in Durable Objects and may be available without the statistics. */}
          {windows.ok && <Windows windows={windows} view={view} />}
        </>
      )}
    </>
  );
}

/** How many accounts the overview shows; Usage has all of them. */
const MAX_ACCOUNTS_SHOWN = 5;

function Windows({ windows, view }: { windows: Result<WindowListResponse>; view: View }) {
  const chosen = view.filters.accountId;
  const shown = windows.ok
    ? windows.data.windows.filter((one) => chosen === null || one.accountId === chosen)
    : [];
  return (
    <section class="card">
      <h2>
        Usage windows{" "}
        <Help
          text="Anthropic limits usage in windows, such as five hours and seven days, that reset as a whole. The bar shows the reported utilization; the lighter part is the forecast until the reset, based on the last hour."
          label="usage windows"
        />
        <a href={linkTo("/usage", view.filters)}>Usage</a>
      </h2>
      {!windows.ok ? (
        <ProblemCard problem={windows.problem} what="usage windows" view={view} />
      ) : shown.length === 0 ? (
        <p class="mute">No accounts were used in the last 8 days.</p>
      ) : (
        <WindowList
          windows={shown}
          view={view}
          href={(accountId) => linkTo("/usage", { ...view.filters, accountId })}
          limit={MAX_ACCOUNTS_SHOWN}
        />
      )}
    </section>
  );
}

interface LatestRequestsProps {
  inFlight: Overview["inFlight"];
  latest: Result<RequestList>;
  view: View;
}

/** What runs and what ended last. */
function LatestRequests({ inFlight, latest, view }: LatestRequestsProps) {
  return (
    <section class="card now">
      <h2>
        Latest requests{" "}
        <span class="mute">
          {inFlight === null ? "number in progress unknown" : `${formatExact(inFlight.count)} in progress`}
        </span>
        <a href={linkTo("/requests", view.filters)}>All requests</a>
      </h2>
      {inFlight !== null && inFlight.count > 0 && (
        <ul class="running">
          {inFlight.newest.slice(0, 4).map((one) => (
            <li>
              <span class="pulse" aria-hidden="true"></span>
              <Model name={one.model} />
              <UntrustedText text={one.domain} length={32} />
              <span class="mute right">
                started <Time at={one.startedAt} view={view} />
              </span>
            </li>
          ))}
        </ul>
      )}
      {!latest.ok ? (
        <ProblemCard problem={latest.problem} what="the latest requests" view={view} />
      ) : latest.data.requests.length === 0 ? (
        <p class="mute">No requests in this period.</p>
      ) : (
        <ul class="latest" data-rows>
          {latest.data.requests.map((row) => (
            <li data-row>
              <a class="row-link" href={linkTo(`/requests/${row.requestId}`, view.filters)}>
                <Time at={row.timestamp} view={view} />
              </a>
              <StatusBadge row={row} />
              <span class="latest-model">
                <Model name={row.model ?? row.requestType} />{" "}
                <span class="mute">
                  <UntrustedText text={row.domain} length={32} />
                </span>
              </span>
              <span class="right number mute">{formatDuration(row.durationMs)}</span>
              <span class="right">
                <Money amount={row.costUsd} />
              </span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

export function PeriodStats({ overview }: { overview: Overview }) {
  const { totals: now, previous: before } = overview;
  const cached = now.cacheHitShare;
  const cachedBefore = before.cacheHitShare;
  const failed = now.requests === 0 ? null : now.errors / now.requests;
  const failedBefore = before.requests === 0 ? null : before.errors / before.requests;
  const series = (read: (bucket: Overview["series"][number]) => number | null) => overview.series.map(read);
  return (
    <dl class="stat-cards" id="live-stats" data-live>
      <StatCard
        label="Requests"
        value={formatShort(now.requests)}
        exact={formatExact(now.requests)}
        change={formatChange(now.requests, before.requests)}
        spark={series((bucket) => bucket.requests)}
      />
      <StatCard
        label="Cost"
        value={formatMoneyShort(now.costUsd)}
        exact={formatMoneyExact(now.costUsd)}
        change={formatChange(approximateAmount(now.costUsd), approximateAmount(before.costUsd))}
        spark={series((bucket) => approximateAmount(bucket.costUsd))}
      >
        {now.unpricedCount > 0 && (
          <span class="stat-note" title="They have no price and are not included in the cost.">
            + {formatCount(now.unpricedCount, "unpriced request")}
          </span>
        )}
      </StatCard>
      <StatCard
        label="Cache hit rate"
        help={CACHE_READ_HELP}
        value={formatShare(cached)}
        exact={`${formatExact(now.cacheReadInputTokens)} prompt tokens read from the cache`}
        change={cached !== null && cachedBefore !== null ? percentagePointChange(cached, cachedBefore) : null}
        increase={isNotable(cached, cachedBefore, 0.02) ? "good" : "neutral"}
        spark={series((bucket) => bucket.cacheHitShare)}
      />
      <StatCard
        label="Error rate"
        help="Share of requests that returned status 400 or above, got no response, or whose response contains an error or is incomplete."
        value={formatShare(failed)}
        exact={`${formatExact(now.errors)} of ${formatCount(now.requests, "request")}`}
        change={failed !== null && failedBefore !== null ? percentagePointChange(failed, failedBefore) : null}
        increase={isNotable(failed, failedBefore, 0.005) ? "bad" : "neutral"}
        spark={series((bucket) => bucket.errors)}
      />
      <StatCard
        label="Time to first byte"
        help="Median time from receiving a request to the first response headers from Claude, including the time spent in the proxy."
        value={formatDuration(now.firstByteP50Ms)}
        exact="Median time to the upstream's response headers"
        change={null}
        spark={series((bucket) => bucket.firstByteP50Ms)}
      />
    </dl>
  );
}

const isNotable = (now: number | null, before: number | null, threshold: number) =>
  now !== null && before !== null && Math.abs(now - before) >= threshold;

/** Change of a share in percentage points: "+2.1 pp". */
function percentagePointChange(now: number, before: number): string | null {
  const points = Math.round((now - before) * 1000) / 10;
  if (points === 0) return "±0 pp";
  return `${points > 0 ? "+" : "−"}${Math.abs(points)} pp`;
}
