/** /errors: what went wrong in the period, by kind, over time, by domain and model, down to each request. */
import type { Result } from "../../api/client.ts";
import type { Errors } from "../../../../workers/schemas/api/failures.ts";
import { failureKinds } from "../../api/failures.ts";
import { type NamedTotals, type Overview, totalsBy } from "../../api/named-totals.ts";
import type { RequestList } from "../../../../workers/schemas/api/requests.ts";
import { BarChart, bucketLabel } from "../../charts/bar-chart.tsx";
import { Share } from "../../charts/share-bar.tsx";
import { FailedRows } from "../../components/requests/failed-rows.tsx";
import { EmptyState, ProblemCard } from "../../components/ui/problem.tsx";
import { NameLink, shortModel, Time, UntrustedText } from "../../components/ui/values.tsx";
import { linkTo, type Filters } from "../../context/filters.ts";
import { formatCount, formatExact, formatShare, formatShort } from "../../format/number.ts";
import type { View } from "../../context/view.ts";
import { Table } from "../../components/ui/table.tsx";
import { CardTitle } from "../../components/ui/controls.tsx";

interface Props {
  view: View;
  overview: Result<Overview>;
  errors: Result<Errors>;
  /** The newest failed exchanges. */
  failures: Result<RequestList>;
}

/** The newest ones, which are listed. */
export const MAX_SHOWN_FAILURES = 50;

export function ErrorsPage({ view, overview, errors, failures }: Props) {
  if (!failures.ok) return <ProblemCard problem={failures.problem} what="errors" view={view} />;
  const rows = failures.data.requests;
  if (rows.length === 0) {
    return (
      <EmptyState title="No errors in this period.">
        <p>
          Requests appear here that returned status 400 or above, got no response, or whose response contains
          an error or is incomplete.
        </p>
      </EmptyState>
    );
  }
  return (
    <>
      {errors.ok && <ErrorChart view={view} errors={errors.data} />}
      <div class="pair">
        <ErrorKinds view={view} errors={errors} />
        {errors.ok && (
          <div class="column">
            <ErrorShares
              nameLabel="Domain"
              failed={errors.data.domains.map(({ domain, count }) => ({ name: domain, count }))}
              all={overview.ok ? totalsBy.domain(overview.data) : []}
              href={(domain) => linkTo("/errors", { ...view.filters, domain } satisfies Filters)}
            />
            <ErrorShares
              nameLabel="Model"
              failed={errors.data.models.map(({ model, count }) => ({ name: model ?? "", count }))}
              all={overview.ok ? totalsBy.model(overview.data) : []}
              labelOf={shortModel}
              href={(model) => linkTo("/errors", { ...view.filters, model } satisfies Filters)}
            />
          </div>
        )}
      </div>
      <section class="card" id="live-errors" data-live>
        <h2>
          Most recent <span class="mute">{formatCount(rows.length, "request")}</span>
        </h2>
        <FailedRows rows={rows.map((row) => ({ ...row, target: row.model ?? row.endpoint }))} view={view} />
      </section>
    </>
  );
}

function ErrorChart({ view, errors }: { view: View; errors: Errors }) {
  const { total, requests, series, bucketMs } = errors;
  return (
    <section class="card" id="live-error-chart" data-live>
      <h2>
        Errors per {bucketLabel(bucketMs)}{" "}
        <span class="mute">
          {formatExact(total)} of {formatCount(requests, "request")},{" "}
          {formatShare(requests === 0 ? null : total / requests)}
        </span>
      </h2>
      <BarChart
        label={`Errors per ${bucketLabel(bucketMs)}`}
        series={[
          {
            key: "errors",
            label: "Errors",
            fill: "fill-error",
            hint: "Status 400 or above, no response, an error in a response, or an incomplete response",
          },
        ]}
        points={series.map(({ time, count }) => ({ start: Date.parse(time), values: { errors: count } }))}
        bucketMs={bucketMs}
        zone={view.zone}
        now={view.now}
        isWhole
        format={{ short: formatShort, exact: formatExact }}
      />
    </section>
  );
}

function ErrorKinds({ view, errors }: { view: View; errors: Result<Errors> }) {
  if (!errors.ok) return <ProblemCard problem={errors.problem} what="the error types" view={view} />;
  const { total, types } = errors.data;
  return (
    <section class="card">
      <CardTitle title="By error" note={formatCount(total, "error")} />
      <Table
        kind="ranking"
        rows={failureKinds(types).slice(0, 30)}
        columns={[
          {
            label: "Error",
            cell: ({ name, query }) => (
              <a href={linkTo("/requests", view.filters, query)}>
                <UntrustedText text={name} length={60} />
              </a>
            ),
          },
          { label: "Count", isNumber: true, cell: ({ count }) => formatExact(count) },
          {
            label: "Last seen",
            cell: ({ latest }) => (
              <a href={linkTo(`/requests/${latest.requestId}`, view.filters)}>
                <Time at={latest.timestamp} view={view} />
              </a>
            ),
          },
          {
            label: "Share",
            isShare: true,
            cell: ({ count }) => <Share share={count / Math.max(1, total)} />,
          },
        ]}
      />
    </section>
  );
}

interface ErrorSharesProps {
  /** Head of the first column: "Domain". */
  nameLabel: string;
  /** Most first. */
  failed: readonly { name: string; count: number }[];
  /** What these are a share of, as far as it is known. */
  all: readonly NamedTotals[];
  href: (name: string) => string;
  labelOf?: (name: string) => string;
}

/** Failed requests by name, and their share of the requests of that name. */
function ErrorShares({ nameLabel, failed, all, href, labelOf = (name) => name }: ErrorSharesProps) {
  const requestsOf = new Map(all.map(({ name, requests }) => [name, requests]));
  const rows = failed.slice(0, 10).map((one) => ({ ...one, requests: requestsOf.get(one.name) ?? 0 }));
  return (
    <section class="card">
      <h2>By {nameLabel.toLowerCase()}</h2>
      {rows.length === 0 && <p class="mute">None</p>}
      {rows.length > 0 && (
        <Table
          kind="ranking"
          rows={rows}
          columns={[
            {
              label: nameLabel,
              cell: ({ name }) => <NameLink name={labelOf(name)} length={48} href={href(name)} />,
            },
            { label: "Errors", isNumber: true, cell: ({ count }) => formatExact(count) },
            {
              label: "Error rate",
              isNumber: true,
              cell: ({ count, requests }) => formatShare(requests === 0 ? null : count / requests),
              title: ({ requests }) => formatCount(requests, "request"),
            },
          ]}
        />
      )}
    </section>
  );
}
