/** The usage windows of one account: utilization over time, forecast, consumers, and rate limits. */
import { NO_COST } from "../../../../workers/domain/pricing/format-money.ts";
import type { Child } from "hono/jsx";
import type { WindowDetail } from "../../../../workers/schemas/api/windows.ts";
import { windowName, windowRows } from "../../api/windows.ts";
import { LineChart, type Line } from "../../charts/line-chart.tsx";
import { MAX_GAP_MS, windowHistory } from "../../charts/window-history.ts";
import { Share } from "../../charts/share-bar.tsx";
import { Help } from "../../components/ui/help.tsx";
import { shortModel, MoneySum, ShortNumber, Time, UntrustedText } from "../../components/ui/values.tsx";
import { WindowRows } from "../../components/usage/window-list.tsx";
import { linkTo } from "../../context/filters.ts";
import { formatExact, formatShare } from "../../format/number.ts";
import { formatHour } from "../../format/time.ts";
import { shortId } from "../../format/text.ts";
import { canAdminister, type View } from "../../context/view.ts";
import { Table, WideTable } from "../../components/ui/table.tsx";
import { ButtonLink, CardTitle } from "../../components/ui/controls.tsx";

const HOUR_MS = 3_600_000;
/** Forecast time as a share of the history drawn. */
const FORECAST_SHARE = 0.25;
const MAX_ROWS = 12;

interface Props {
  view: View;
  detail: WindowDetail;
  /** Hours of history that were requested. */
  historyHours: number;
}

export function AccountUsage({ view, detail, historyHours }: Props) {
  return (
    <>
      <section class="card" id="live-account" data-live>
        <h2>
          Usage windows of <UntrustedText text={detail.accountId} length={60} />
        </h2>
        <WindowRows rows={windowRows(detail, view.now)} view={view} isDetailed />
        <UtilizationChart view={view} detail={detail} historyHours={historyHours} />
      </section>
      <WindowUsage view={view} detail={detail} />
      <RateLimits detail={detail} view={view} />
      {canAdminister(view) && (
        <p class="actions">
          <ButtonLink
            href={`${linkTo(`/accounts/${encodeURIComponent(detail.accountId)}`, view.filters)}#limits`}
            label="Limits and alerts"
          />
        </p>
      )}
    </>
  );
}

function UtilizationChart({ view, detail, historyHours }: Props) {
  const from = view.now - historyHours * HOUR_MS;
  const to = view.now + historyHours * HOUR_MS * FORECAST_SHARE;
  const lines = detail.unified
    .filter((one) => one.history.filter(({ utilization }) => utilization !== null).length > 1)
    .slice(0, 8)
    .map((one, index): Line => {
      const reset = one.resetsAt === null ? to : Math.min(Date.parse(one.resetsAt), to);
      const pace = one.hasEnded || view.now - Date.parse(one.reportedAt) > MAX_GAP_MS ? null : one.perHour;
      return {
        label: windowName(one.window),
        color: index + 1,
        points: windowHistory(one.history).filter((point) => point.at >= from),
        forecast:
          pace === null || one.utilization === null || reset <= view.now
            ? undefined
            : { at: reset, value: one.utilization + (Math.max(0, pace) * (reset - view.now)) / HOUR_MS },
      };
    })
    .filter((one) => one.points.length > 0);
  if (lines.length === 0) return null;
  return (
    <LineChart
      label={`Window utilization over the last ${historyHours} hours`}
      lines={lines}
      from={from}
      to={to}
      limit={1}
      zone={view.zone}
      format={(share) => formatShare(share)}
    />
  );
}

interface UsageRow {
  key: string;
  /** Null where requests named none. */
  name: string | null;
  href: string | null;
  requests: number;
  outputTokens: number;
  costUsd: string | null;
  unpricedCount: number;
  shareOfCost: number;
}

function WindowUsage({ view, detail }: { view: View; detail: WindowDetail }) {
  const filters = { ...view.filters, accountId: detail.accountId };
  const sessions = detail.sessions.map((one): UsageRow => ({
    ...one,
    key: one.sessionId ?? "",
    name: one.sessionId === null ? null : shortId(one.sessionId),
    href: one.sessionId === null ? null : linkTo("/requests", filters, { sessionId: one.sessionId }),
  }));
  const domains = detail.domains.map((one): UsageRow => ({
    ...one,
    key: one.domain,
    name: one.domain,
    href: linkTo("/requests", { ...filters, domain: one.domain }),
  }));
  const models = detail.models.map((one): UsageRow => ({
    ...one,
    key: one.model ?? "",
    name: one.model === null ? null : shortModel(one.model),
    href: one.model === null ? null : linkTo("/requests", { ...filters, model: one.model }),
  }));
  // The rolling five hours begin a millisecond after `windowStart`, unless the vendor's window began later.
  const usageFrom = Date.parse(detail.usageFrom);
  const since =
    usageFrom - Date.parse(detail.windowStart) > 1
      ? `since ${formatHour(usageFrom, view.zone)}`
      : "in the last 5 h";
  return (
    <div class="pair" id="live-window-usage" data-live>
      <UsageTable
        title="Sessions"
        rows={sessions}
        since={since}
        nameLabel="Session"
        unnamedLabel="No session"
      >
        <Help
          label="shares of cost"
          text="Who used the 5-hour window, by cost. Anthropic does not publish how requests count towards a window; cost comes closest, because it weighs models, output and cached tokens. Without a reported reset, the last five hours are counted."
        />
      </UsageTable>
      <div class="column">
        <UsageTable
          title="Domains"
          rows={domains}
          since={since}
          nameLabel="Domain"
          unnamedLabel="No domain"
        />
        <UsageTable title="Models" rows={models} since={since} nameLabel="Model" unnamedLabel="No model" />
      </div>
    </div>
  );
}

interface UsageTableProps {
  title: string;
  /** Head of the first column. */
  nameLabel: string;
  rows: readonly UsageRow[];
  /** What is counted: "since 08:00". */
  since: string;
  /** Label of the row without a name. */
  unnamedLabel: string;
  children?: Child;
}

function UsageTable({ title, nameLabel, rows, since, unnamedLabel, children }: UsageTableProps) {
  return (
    <section class="card">
      <h2>
        {title} <span class="mute">{since}</span> {children}
      </h2>
      {rows.length === 0 ? (
        <p class="mute">No usage {since}.</p>
      ) : (
        <Table
          kind="ranking window-usage"
          rows={rows.slice(0, MAX_ROWS)}
          columns={[
            {
              label: nameLabel,
              cell: ({ name, key, href }) =>
                name === null ? (
                  <span class="mute">{unnamedLabel}</span>
                ) : (
                  <a href={href ?? ""} title={key.slice(0, 200)}>
                    <UntrustedText text={name} length={48} />
                  </a>
                ),
            },
            { label: "Requests", isNumber: true, cell: (row) => formatExact(row.requests) },
            {
              label: "Output tokens",
              isNumber: true,
              cell: (row) => <ShortNumber value={row.outputTokens} />,
            },
            {
              label: "Cost",
              isNumber: true,
              cell: (row) => <MoneySum sum={row.requests === 0 ? NO_COST : row} />,
            },
            {
              label: "Share of cost",
              isShare: true,
              cell: (row) => (
                <Share share={row.costUsd === null && row.requests > 0 ? null : row.shareOfCost} />
              ),
            },
          ]}
        />
      )}
      {rows.length > MAX_ROWS && <p class="mute card-foot">and {formatExact(rows.length - MAX_ROWS)} more</p>}
    </section>
  );
}

function RateLimits({ detail, view }: { detail: WindowDetail; view: View }) {
  if (detail.classic.length === 0) return null;
  const reportedAt = Math.max(...detail.classic.map((limit) => Date.parse(limit.reportedAt)));
  return (
    <section class="card">
      <CardTitle
        title="Rate limits"
        note={
          <>
            reported <Time at={reportedAt} view={view} />
          </>
        }
      />
      <WideTable
        rows={detail.classic}
        columns={[
          {
            label: "Type",
            cell: ({ kind }) => <UntrustedText text={kind.replaceAll("-", " ")} length={48} />,
          },
          { label: "Limit", isNumber: true, cell: ({ limit }) => formatExact(limit) },
          { label: "Remaining", isNumber: true, cell: ({ remaining }) => formatExact(remaining) },
          { label: "Used", isNumber: true, cell: ({ utilization }) => formatShare(utilization) },
          { label: "Resets", cell: ({ resetsAt }) => <Time at={resetsAt} view={view} /> },
        ]}
      />
    </section>
  );
}
