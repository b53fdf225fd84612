/** Requests as a table; on a phone each row becomes two lines. The overview shows the newest of them the same way. */
import { linkTo } from "../../context/filters.ts";
import { formatExact, formatShare, formatShort, UNKNOWN } from "../../format/number.ts";
import { formatDuration } from "../../format/time.ts";
import type { RequestRow } from "../../../../workers/schemas/api/requests.ts";
import type { View } from "../../context/view.ts";
import { promptTokens } from "../../format/token-kinds.ts";
import { ToolBadges } from "../transcript/tool-badges.tsx";
import { Model, Money, StatusBadge, Time, UntrustedText } from "../ui/values.tsx";
import { ColumnHead, TableHead } from "../ui/table-head.tsx";

interface Props {
  rows: readonly RequestRow[];
  view: View;
  /** Fewer columns, for a narrow card. */
  isCompact?: boolean;
}

export function RequestTable({ rows, view, isCompact = false }: Props) {
  return (
    <table class="rows requests" role="table" data-rows>
      <caption class="visually-hidden">Requests, newest first</caption>
      <TableHead>
        <ColumnHead label="Time" />
        <ColumnHead label="Status" />
        <ColumnHead label="Model" />
        <ColumnHead label="Domain" />
        {!isCompact && <ColumnHead label="Type" />}
        {!isCompact && <ColumnHead label="Tools" />}
        <ColumnHead label="Input → output" isNumber />
        {!isCompact && (
          <ColumnHead
            label="Cache read"
            isNumber
            help="Share of prompt tokens read from the cache, at a tenth of the input price. Cache writes count as not cached."
          />
        )}
        <ColumnHead label="Cost" isNumber />
        {!isCompact && <ColumnHead label="Time to first byte" isNumber />}
        <ColumnHead label="Duration" isNumber />
      </TableHead>
      <tbody role="rowgroup">
        {rows.map((row) => (
          <Row row={row} view={view} isCompact={isCompact} />
        ))}
      </tbody>
    </table>
  );
}

function Row({ row, view, isCompact }: { row: RequestRow; view: View; isCompact: boolean }) {
  const prompt = promptTokens(row);
  const cached = prompt ? (row.cacheReadInputTokens ?? 0) / prompt : null;
  return (
    <tr role="row" data-row>
      <td role="cell" class="cell-time">
        <a class="row-link" href={linkTo(`/requests/${row.requestId}`, view.filters)}>
          <Time at={row.timestamp} view={view} />
        </a>
      </td>
      <td role="cell" class="cell-status">
        <StatusBadge row={row} />
      </td>
      <td role="cell" class="cell-model">
        <Model name={row.model} />
      </td>
      <td role="cell" class="cell-domain">
        <UntrustedText text={row.domain} length={40} />
      </td>
      {!isCompact && (
        <td role="cell" class="cell-type mute">
          <UntrustedText text={row.requestType.replaceAll("_", " ")} length={24} />
        </td>
      )}
      {!isCompact && (
        <td role="cell" class="cell-tools">
          <ToolBadges calls={row.toolCalls} />
        </td>
      )}
      <td role="cell" class="cell-tokens right">
        {prompt === null ? (
          <span class="mute">{UNKNOWN}</span>
        ) : (
          <span title={tokenDetails(row, prompt)}>
            {formatShort(prompt)} <span class="mute">→</span> {formatShort(row.outputTokens)}
            {row.usagePartial && (
              <span class="mute" title="The final token count was not received; this is the minimum.">
                {" "}
                +
              </span>
            )}
          </span>
        )}
      </td>
      {!isCompact && (
        <td role="cell" class="cell-cached right">
          {formatShare(cached)}
        </td>
      )}
      <td role="cell" class="cell-cost right">
        <Money amount={row.costUsd} />
      </td>
      {!isCompact && (
        <td role="cell" class="cell-first right">
          {formatDuration(row.timeToFirstByteMs)}
        </td>
      )}
      <td role="cell" class="cell-duration right">
        {formatDuration(row.durationMs)}
      </td>
    </tr>
  );
}

function tokenDetails(row: RequestRow, prompt: number): string {
  return [
    `Input ${formatExact(prompt)}: ${formatExact(row.inputTokens)} uncached`,
    `${formatExact(row.cacheReadInputTokens ?? 0)} cache read`,
    `${formatExact(row.cacheCreationInputTokens ?? 0)} cache write`,
    `output ${formatExact(row.outputTokens)}`,
  ].join(", ");
}
