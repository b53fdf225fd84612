/** The requests of a conversation in the order of time: cause, tool calls, duration and outcome. */
import type {
  ConversationDetail,
  ConversationRequest,
} from "../../../../workers/schemas/api/conversations.ts";
import { BranchGlyph, glyphOf } from "../../components/tree/branch-glyphs.tsx";
import { Money, StatusBadge, UntrustedText } from "../../components/ui/values.tsx";
import { linkTo } from "../../context/filters.ts";
import { formatCount, formatExact, formatShort } from "../../format/number.ts";
import { oneLine } from "../../format/text.ts";
import { clockFormatter, formatAbsolute, formatDuration } from "../../format/time.ts";
import { promptTokens } from "../../format/token-kinds.ts";
import { withPauses, type TimelineRow } from "../../transcript/timeline.ts";
import type { View } from "../../context/view.ts";
import { Pager } from "../../components/ui/pager.tsx";
import { ColumnHead, TableHead } from "../../components/ui/table-head.tsx";

/** Requests of one page. */
export const TIMELINE_ROWS = 100;

interface Props {
  view: View;
  path: string;
  detail: ConversationDetail;
}

export function TimelinePage({ view, path, detail }: Props) {
  const rows = withPauses(detail.requests);
  const longest = Math.max(1, ...detail.requests.map(({ durationMs }) => durationMs ?? 0));
  const kinds = new Map(detail.branches.map((branch) => [branch.branchKey, branch.kind]));
  const clock = clockFormatter(view.zone);
  const to = (cursor: string | null) =>
    linkTo(path, view.filters, { view: "timeline", branch: view.query.branch ?? null, cursor });
  return (
    <>
      <div class="scroll">
        <table class="rows timeline" data-rows>
          <caption class="visually-hidden">Requests of this conversation, oldest first</caption>
          <TableHead>
            <ColumnHead label="Time" />
            <ColumnHead label="Branch" />
            <ColumnHead label="Prompt or tools" />
            <ColumnHead label="Duration" />
            <ColumnHead label="Input → output" isNumber />
            <ColumnHead label="Cost" isNumber />
            <ColumnHead label="Status" />
          </TableHead>
          <tbody>
            {rows.map((row) => (
              <>
                {row.pauseMs > 0 && <Pause row={row} />}
                <Row
                  row={row.request}
                  kind={kinds.get(row.request.branchKey)}
                  {...{ view, path, longest, clock }}
                />
              </>
            ))}
          </tbody>
        </table>
      </div>
      {rows.length === 0 && <p class="note">No requests on this page.</p>}
      <Pager
        label="Parts of the timeline"
        firstHref={view.query.cursor ? to(null) : null}
        nextHref={detail.nextCursor && to(detail.nextCursor)}
        count={formatCount(rows.length, "request")}
      />
    </>
  );
}

/** A pause between requests. */
function Pause({ row }: { row: TimelineRow<ConversationRequest> }) {
  return (
    <tr class="pause">
      <td colspan={7}>
        <span class="mute">
          {row.startsWithPrompt ? "Waiting for user" : "Tools"}: {formatDuration(row.pauseMs)}
        </span>
      </td>
    </tr>
  );
}

interface RowProps {
  row: ConversationRequest;
  kind: "main" | "branch" | "compact" | "subtask" | undefined;
  view: View;
  path: string;
  longest: number;
  clock: (at: number) => string;
}

function Row({ row, kind = "main", view, path, longest, clock }: RowProps) {
  const prompt = promptTokens(row);
  const branch = kind === "main" ? null : row.branchKey;
  return (
    <tr data-row>
      <td class="cell-time">
        <a class="row-link" href={linkTo(path, view.filters, { branch, requestId: row.requestId })}>
          <span class="number" title={formatAbsolute(Date.parse(row.timestamp), view.zone)}>
            {clock(Date.parse(row.timestamp))}
          </span>
        </a>
      </td>
      <td class="timeline-branch">
        {kind !== "main" && <BranchGlyph kind={glyphOf(kind)} />}{" "}
        <UntrustedText text={row.branchId} length={28} />
      </td>
      <td class="timeline-what">
        {row.prompt !== null ? (
          <UntrustedText text={row.prompt} length={110} />
        ) : (
          <span class="mute">{tools(row)}</span>
        )}
      </td>
      <td class="timeline-took">
        <Took row={row} longest={longest} />
      </td>
      <td class="right">
        {formatShort(prompt)} <span class="mute">→</span> {formatShort(row.outputTokens)}
      </td>
      <td class="right">
        <Money amount={row.costUsd} />
      </td>
      <td class="cell-status">
        <a href={linkTo(`/requests/${row.requestId}`, view.filters)}>
          <StatusBadge row={{ ...row, error: null }} />
        </a>
      </td>
    </tr>
  );
}

/** "Read 2, Bash": the tools its response calls; without calls it ends a turn. */
function tools({ toolCalls, stopReason }: ConversationRequest): string {
  const names = Object.entries(toolCalls ?? {})
    .slice(0, 6)
    .map(([name, count]) => (count > 1 ? `${oneLine(name, 30)} ${formatExact(count)}` : oneLine(name, 30)));
  return names.length > 0 ? `Calls ${names.join(", ")}` : (stopReason?.replaceAll("_", " ") ?? "");
}

/** Time to the first byte, then the rest, on the scale of the page's longest. */
function Took({ row, longest }: { row: ConversationRequest; longest: number }) {
  if (row.durationMs === null) return <span class="mute">–</span>;
  const width = (row.durationMs / longest) * 100;
  const first = Math.min(row.timeToFirstByteMs ?? row.durationMs, row.durationMs);
  const waiting = (first / longest) * 100;
  return (
    <>
      <svg class="took" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
        <rect class="fill-waiting" x="0" y="0" width={Math.max(waiting, 0.6)} height="6" />
        <rect class="fill-response" x={waiting} y="0" width={width - waiting} height="6" />
      </svg>
      <span class="number" title={`Time to first byte ${formatDuration(row.timeToFirstByteMs)}`}>
        {formatDuration(row.durationMs)}
      </span>
    </>
  );
}
