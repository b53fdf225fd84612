/** The requests of a conversation in the order of time: cause, tool calls, duration and outcome. */
import type {
  Branch,
  ConversationDetail,
  ConversationRequest,
  SideRequest,
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
import { type Column, WideTable } from "../../components/ui/table.tsx";

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
  const to = (cursor: string | null) =>
    linkTo(path, view.filters, { view: "timeline", branch: view.query.branch ?? null, cursor });
  return (
    <>
      <WideTable
        kind="timeline"
        caption="Requests of this conversation, oldest first"
        rows={rows}
        columns={columnsOf(view, path, kinds, longest)}
        rowBefore={(row) => row.pauseMs > 0 && <Pause row={row} />}
        rowAfter={({ request: { sideRequests } }) =>
          sideRequests.length > 0 && <SideRequests sideRequests={sideRequests} view={view} />
        }
        isNavigable
      />
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

/** The side requests of the request above, folded. */
function SideRequests({ sideRequests, view }: { sideRequests: readonly SideRequest[]; view: View }) {
  return (
    <tr class="side-requests">
      <td colspan={7}>
        <details class="collapsible">
          <summary>{formatCount(sideRequests.length, "side request")}</summary>
          <ul>
            {sideRequests.map(({ requestId, prompt, model, durationMs, costUsd, ...row }) => (
              <li>
                <a href={linkTo(`/requests/${requestId}`, view.filters)}>
                  <UntrustedText text={prompt ?? model ?? requestId} length={90} />
                </a>{" "}
                <span class="mute">{formatDuration(durationMs)}</span> <Money amount={costUsd} />{" "}
                <StatusBadge row={{ ...row, error: null, errorType: null }} />
              </li>
            ))}
          </ul>
        </details>
      </td>
    </tr>
  );
}

function columnsOf(
  view: View,
  path: string,
  kinds: ReadonlyMap<string, Branch["kind"]>,
  longest: number,
): Column<TimelineRow<ConversationRequest>>[] {
  const clock = clockFormatter(view.zone);
  const kindOf = (row: ConversationRequest) => kinds.get(row.branchKey) ?? "main";
  return [
    {
      label: "Time",
      class: "cell-time",
      cell: ({ request }) => {
        const branch = kindOf(request) === "main" ? null : request.branchKey;
        const at = Date.parse(request.timestamp);
        return (
          <a class="row-link" href={linkTo(path, view.filters, { branch, requestId: request.requestId })}>
            <span class="number" title={formatAbsolute(at, view.zone)}>
              {clock(at)}
            </span>
          </a>
        );
      },
    },
    {
      label: "Branch",
      class: "timeline-branch",
      cell: ({ request }) => {
        const kind = kindOf(request);
        return (
          <>
            {kind !== "main" && <BranchGlyph kind={glyphOf(kind)} />}{" "}
            <UntrustedText text={request.branchId} length={28} />
          </>
        );
      },
    },
    {
      label: "Prompt or tools",
      class: "timeline-what",
      cell: ({ request }) =>
        request.prompt !== null ? (
          <UntrustedText text={request.prompt} length={110} />
        ) : (
          <span class="mute">{tools(request)}</span>
        ),
    },
    {
      label: "Duration",
      class: "timeline-took",
      cell: ({ request }) => <Took row={request} longest={longest} />,
    },
    {
      label: "Input → output",
      isNumber: true,
      cell: ({ request }) => (
        <>
          {formatShort(promptTokens(request))} <span class="mute">→</span> {formatShort(request.outputTokens)}
        </>
      ),
    },
    { label: "Cost", isNumber: true, cell: ({ request }) => <Money amount={request.costUsd} /> },
    {
      label: "Status",
      class: "cell-status",
      cell: ({ request }) => (
        <a href={linkTo(`/requests/${request.requestId}`, view.filters)}>
          <StatusBadge row={{ ...request, error: null }} />
        </a>
      ),
    },
  ];
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
