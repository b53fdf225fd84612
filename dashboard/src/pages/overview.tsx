/** / : the period in five numbers, its tokens over time, who used them, and what came last. */
import type { RequestList } from "../api/types.ts";
import type { Overview } from "../api/overview.ts";
import type { Result } from "../api/client.ts";
import { StackedBars, bucketWords } from "../charts/stacked-bars.tsx";
import { sumOf } from "../charts/token-kinds.ts";
import { Busiest } from "../components/busiest.tsx";
import { PointHere } from "../components/point-here.tsx";
import { Empty, ProblemCard } from "../components/problem.tsx";
import { RequestTable } from "../components/request-table.tsx";
import { Tile } from "../components/tile.tsx";
import { shortModel } from "../components/values.tsx";
import { linkTo, periodOf } from "../filters.ts";
import { amountForDrawing, formatMoneyExact, formatMoneyShort } from "../format/money.ts";
import { formatChange, formatCount, formatExact, formatShare, formatShort } from "../format/number.ts";
import { formatDuration } from "../format/time.ts";
import type { View } from "../view.ts";

interface Props {
  view: View;
  overview: Result<Overview>;
  latest: Result<RequestList>;
}

export function OverviewPage({ view, overview, latest }: Props) {
  const isNew =
    overview.ok && overview.data.now.requests === 0 && latest.ok && latest.data.requests.length === 0;
  // One outage is said once.
  const isAllDown = !overview.ok && !latest.ok && overview.problem.message === latest.problem.message;
  const isFiltered = view.filters.domain ?? view.filters.accountId ?? view.filters.model;
  if (isNew && !isFiltered) {
    return (
      <Empty title={`Nothing yet in the ${periodOf(view.filters, view.now).label.toLowerCase()}.`}>
        <p>Requests, tokens and cost appear here seconds after the first answer.</p>
        <PointHere view={view} />
      </Empty>
    );
  }
  return (
    <>
      {overview.ok ? (
        <>
          <Tiles overview={overview.data} />
          <section class="card">
            <h2>
              Tokens per {bucketWords(overview.data.bucketMs)}{" "}
              <span class="mute">{formatShort(sumOf(overview.data.now.tokens))} in all</span>
            </h2>
            <StackedBars
              buckets={overview.data.buckets}
              bucketMs={overview.data.bucketMs}
              zone={view.zone}
              now={view.now}
              csvHref={linkTo("/usage.csv", view.filters)}
            />
          </section>
          <div class="pair">
            <Busiest
              title="Busiest domains"
              entries={overview.data.domains}
              href={(domain) => linkTo("/requests", { ...view.filters, domain })}
            />
            <Busiest
              title="Busiest models"
              entries={overview.data.models}
              words={shortModel}
              href={(model) => linkTo("/requests", { ...view.filters, model })}
            />
          </div>
        </>
      ) : (
        <ProblemCard problem={overview.problem} what="The numbers of this period" view={view} />
      )}
      {isAllDown ? null : (
        <section class="card">
          <h2>
            Latest requests <a href={linkTo("/requests", view.filters)}>All requests</a>
          </h2>
          {!latest.ok ? (
            <ProblemCard problem={latest.problem} what="The latest requests" view={view} />
          ) : latest.data.requests.length === 0 ? (
            <p class="mute">None in this period.</p>
          ) : (
            <RequestTable rows={latest.data.requests} view={view} isCompact />
          )}
        </section>
      )}
    </>
  );
}

export function Tiles({ overview }: { overview: Overview }) {
  const { now, before, buckets } = overview;
  const cached = now.cacheShare;
  const cachedBefore = before.cacheShare;
  const failed = now.requests === 0 ? null : now.errors / now.requests;
  const failedBefore = before.requests === 0 ? null : before.errors / before.requests;
  const points = (read: (bucket: (typeof buckets)[number]) => number | null) => buckets.map(read);
  return (
    <dl class="tiles">
      <Tile
        label="Requests"
        value={formatShort(now.requests)}
        exact={formatExact(now.requests)}
        change={formatChange(now.requests, before.requests)}
        spark={points((bucket) => bucket.sums.requests)}
      />
      <Tile
        label="Cost"
        value={now.requests === 0 ? "$0.00" : formatMoneyShort(now.costUsd)}
        exact={formatMoneyExact(now.costUsd)}
        change={formatChange(amountForDrawing(now.costUsd), amountForDrawing(before.costUsd))}
        spark={points((bucket) => amountForDrawing(bucket.sums.costUsd) ?? 0)}
      >
        {now.unpricedCount > 0 && (
          <span class="tile-note" title="No rate is known for their model, so they are not in the sum.">
            + {formatCount(now.unpricedCount, "unpriced request")}
          </span>
        )}
      </Tile>
      <Tile
        label="Cache hits"
        value={formatShare(cached)}
        exact={`${formatExact(now.tokens.cacheRead)} prompt tokens from the cache`}
        change={cached !== null && cachedBefore !== null ? points100(cached, cachedBefore) : null}
        rise={isNotable(cached, cachedBefore, 0.02) ? "good" : "neutral"}
        spark={points((bucket) => bucket.sums.cacheShare)}
      />
      <Tile
        label="Errors"
        value={formatShare(failed)}
        exact={`${formatExact(now.errors)} of ${formatCount(now.requests, "request")}`}
        change={failed !== null && failedBefore !== null ? points100(failed, failedBefore) : null}
        rise={isNotable(failed, failedBefore, 0.005) ? "bad" : "neutral"}
        spark={points((bucket) => bucket.sums.errors)}
      />
      <Tile
        label="First byte, median"
        value={formatDuration(now.firstByteP50Ms)}
        exact="Half of the answers began sooner (to the upstream's response headers)"
        change={formatChange(now.firstByteP50Ms, before.firstByteP50Ms)}
        rise={
          isNotable(now.firstByteP50Ms, before.firstByteP50Ms, (before.firstByteP50Ms ?? 0) * NOTABLE_SHARE)
            ? "bad"
            : "neutral"
        }
        spark={points((bucket) => bucket.sums.firstByteP50Ms)}
      />
    </dl>
  );
}

/** A change of time smaller than this is noise and gets no colour. */
const NOTABLE_SHARE = 0.1;

const isNotable = (now: number | null, before: number | null, least: number) =>
  now !== null && before !== null && Math.abs(now - before) >= least;

/** Change of a share in percentage points: "+2.1 pt". */
function points100(now: number, before: number): string | null {
  const points = Math.round((now - before) * 1000) / 10;
  if (points === 0) return "±0 pt";
  return `${points > 0 ? "+" : "−"}${Math.abs(points)} pt`;
}
