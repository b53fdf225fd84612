/** Requests as a table; on a phone each row becomes two lines. */
import { linkTo } from "../../context/filters.ts";
import { formatExact, formatShare, formatShort, UNKNOWN } from "../../format/number.ts";
import { formatDuration } from "../../format/time.ts";
import type { RequestRow } from "../../../../workers/schemas/api/requests.ts";
import type { View } from "../../context/view.ts";
import { promptTokens, TOKEN_KINDS } from "../../format/token-kinds.ts";
import { ToolBadges } from "../transcript/tool-badges.tsx";
import { Model, Money, type RequestOutcome, StatusBadge, Time, UntrustedText } from "../ui/values.tsx";
import { type Column, Table } from "../ui/table.tsx";

export const CACHE_READ_HELP =
  "Share of prompt tokens read from the cache, at the model's cache read price. Cache writes count as not cached.";

type AnyRequest = Pick<RequestRow, "requestId" | "timestamp" | "domain"> & RequestOutcome;

/** Columns of every table of requests. */
export const requestColumns = (view: View) =>
  ({
    time: {
      label: "Time",
      class: "cell-time",
      cell: (row) => (
        <a class="row-link" href={linkTo(`/requests/${row.requestId}`, view.filters)}>
          <Time at={row.timestamp} view={view} />
        </a>
      ),
    },
    status: { label: "Status", class: "cell-status", cell: (row) => <StatusBadge row={row} /> },
    domain: {
      label: "Domain",
      class: "cell-domain",
      cell: (row) => <UntrustedText text={row.domain} length={40} />,
    },
  }) satisfies Record<string, Column<AnyRequest>>;

export function RequestTable({ rows, view }: { rows: readonly RequestRow[]; view: View }) {
  const { time, status, domain } = requestColumns(view);
  const columns: Column<RequestRow>[] = [
    time,
    status,
    { label: "Model", class: "cell-model", cell: (row) => <Model name={row.model} /> },
    domain,
    {
      label: "Type",
      class: "cell-type mute",
      cell: (row) => <UntrustedText text={row.requestType.replaceAll("_", " ")} length={24} />,
    },
    { label: "Tools", class: "cell-tools", cell: (row) => <ToolBadges calls={row.toolCalls} /> },
    {
      label: "Input → output",
      isNumber: true,
      class: "cell-tokens",
      cell: (row) => <TokenCounts row={row} />,
    },
    {
      label: "Cache read",
      isNumber: true,
      class: "cell-cached",
      help: CACHE_READ_HELP,
      cell: (row) => formatShare(cachedShare(row)),
    },
    { label: "Cost", isNumber: true, class: "cell-cost", cell: (row) => <Money amount={row.costUsd} /> },
    {
      label: "Time to first byte",
      isNumber: true,
      class: "cell-first",
      cell: (row) => formatDuration(row.timeToFirstByteMs),
    },
    {
      label: "Duration",
      isNumber: true,
      class: "cell-duration",
      cell: (row) => formatDuration(row.durationMs),
    },
  ];
  return (
    <Table
      kind="requests"
      caption="Requests, newest first"
      rows={rows}
      columns={columns}
      isStacked
      isNavigable
    />
  );
}

function cachedShare(row: RequestRow): number | null {
  const prompt = promptTokens(row);
  return prompt ? (row.cacheReadInputTokens ?? 0) / prompt : null;
}

function TokenCounts({ row }: { row: RequestRow }) {
  const prompt = promptTokens(row);
  if (prompt === null) return <span class="mute">{UNKNOWN}</span>;
  return (
    <span title={tokenDetails(row)}>
      {formatShort(prompt)} <span class="mute">→</span> {formatShort(row.outputTokens)}
      {row.usagePartial && (
        <span class="mute" title="The final token count was not received; this is the minimum.">
          {" "}
          +
        </span>
      )}
    </span>
  );
}

const tokenDetails = (row: RequestRow) =>
  TOKEN_KINDS.map(({ key, label }) => `${label} ${formatExact(row[key])}`).join(", ");
