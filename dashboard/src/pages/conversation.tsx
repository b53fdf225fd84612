/** /conversations/:id: what it took, how it branched, and the transcript of one branch read as a chat. */
import type {
  Branch,
  ConversationDetail,
  Transcript as TranscriptAnswer,
} from "../../../workers/schemas/api-conversations.ts";
import type { Result } from "../api/client.ts";
import { ContextBattery } from "../charts/context-battery.tsx";
import { BranchGlyph } from "../components/branch-glyphs.tsx";
import { Help } from "../components/help.tsx";
import { ProblemCard } from "../components/problem.tsx";
import { Tile } from "../components/tile.tsx";
import { Transcript, type TranscriptContext } from "../components/transcript.tsx";
import { Money, Short, Time, Wire } from "../components/values.tsx";
import { linkTo } from "../filters.ts";
import { formatMoneyExact, formatMoneyShort } from "../format/money.ts";
import { formatCount, formatExact, formatShare, formatShort } from "../format/number.ts";
import { formatDuration } from "../format/time.ts";
import { branchRows, type BranchRow } from "../transcript/branches.ts";
import { messageOf } from "../transcript/blocks.ts";
import { pairTools, withoutTools } from "../transcript/pair-tools.ts";
import type { View } from "../view.ts";

interface Props {
  view: View;
  detail: ConversationDetail;
  transcript: Result<TranscriptAnswer>;
}

export function ConversationPage({ view, detail, transcript }: Props) {
  return (
    <>
      <Stats detail={detail} />
      <div class="reading">
        <Branches view={view} detail={detail} now={transcript.ok ? transcript.data.branchKey : null} />
        {transcript.ok ? (
          <Reading view={view} detail={detail} transcript={transcript.data} />
        ) : (
          <ProblemCard problem={transcript.problem} what="The transcript" view={view} />
        )}
      </div>
    </>
  );
}

function Stats({ detail }: { detail: ConversationDetail }) {
  const all = detail.totalTokens + detail.cacheReadInputTokens + detail.cacheCreationInputTokens;
  const { metrics } = detail;
  return (
    <dl class="tiles">
      <Tile
        label="Turns"
        value={formatShort(detail.turnCount)}
        exact={`${formatCount(detail.turnCount, "turn")} of a person in ${formatCount(detail.messageCount, "request")}`}
        change={null}
      >
        <span class="tile-note">{formatCount(detail.messageCount, "request")}</span>
      </Tile>
      <Tile label="Tokens" value={formatShort(all)} exact={formatExact(all)} change={null}>
        <span class="tile-note">{formatShare(detail.cacheHitShare)} of prompts cached</span>
      </Tile>
      <Tile
        label="Cost"
        value={formatMoneyShort(detail.costUsd)}
        exact={formatMoneyExact(detail.costUsd)}
        change={null}
      >
        {detail.unpricedCount > 0 && (
          <span class="tile-note">+ {formatCount(detail.unpricedCount, "unpriced request")}</span>
        )}
      </Tile>
      <Tile
        label="Claude worked"
        value={formatDuration(metrics.inferenceMs)}
        exact="Sum of the durations of its requests"
        change={null}
      >
        <span class="tile-note">
          tools {formatDuration(metrics.toolMs)} in {formatCount(metrics.toolRounds, "round")}
        </span>
      </Tile>
      <Tile
        label="From first to last"
        value={formatDuration(metrics.totalMs)}
        exact="From the first request's start to the last end"
        change={null}
      >
        <span class="tile-note">
          {metrics.replies === 0
            ? "no reply of a person"
            : `replies after ${formatDuration(metrics.replyMs / metrics.replies)}`}
        </span>
      </Tile>
    </dl>
  );
}

const GLYPHS = {
  branch: "userBranchCount",
  subtask: "subtaskBranchCount",
  compact: "compactBranchCount",
} as const;

function Branches({ view, detail, now }: { view: View; detail: ConversationDetail; now: string | null }) {
  const rows = branchRows(detail.branches, detail.requests);
  return (
    <nav class="card branches" aria-label="Branches">
      <h2>
        Branches{" "}
        <Help
          label="branches"
          words="A branch begins where somebody went back and asked something else, or forked the session. A sub-task is the work of an agent that a request called; a compaction goes on from a summary of what was said before."
        />
        <span class="mute">{formatExact(rows.length)}</span>
      </h2>
      <ul>
        {rows.map((row) => (
          <BranchItem
            row={row}
            view={view}
            path={`/conversations/${detail.conversationId}`}
            isNow={row.branch.branchKey === now}
          />
        ))}
      </ul>
      <p class="card-foot">
        <ContextBattery tokens={detail.latestContextTokens} /> <span class="mute">in context at last</span>
      </p>
      <p>
        <a href={linkTo("/requests", view.filters, { conversationId: detail.conversationId })}>
          Its requests
        </a>
      </p>
    </nav>
  );
}

interface ItemProps {
  row: BranchRow<Branch>;
  view: View;
  path: string;
  isNow: boolean;
}

function BranchItem({ row, view, path, isNow }: ItemProps) {
  const { branch, depth } = row;
  return (
    <li class={`branch depth-${Math.min(depth, 5)}`}>
      <a
        href={linkTo(path, view.filters, { branch: branch.kind === "main" ? null : branch.branchKey })}
        {...(isNow ? { "aria-current": "true" } : {})}
      >
        <span class="branch-name">
          {branch.kind !== "main" && <BranchGlyph kind={GLYPHS[branch.kind]} />}
          <Wire text={branch.branchId} length={40} />
          {branch.errorCount > 0 && (
            <span class="error-words" title={formatCount(branch.errorCount, "error")}>
              {" "}
              ✗<span class="unseen">has errors</span>
            </span>
          )}
        </span>
        {branch.prompt !== null && branch.kind !== "main" && (
          <span class="branch-prompt">
            <Wire text={branch.prompt} length={80} />
          </span>
        )}
        <span class="branch-facts mute">
          {formatCount(branch.requestCount, "request")},{" "}
          <Short value={branch.totalTokens + branch.cacheReadInputTokens + branch.cacheCreationInputTokens} />{" "}
          tokens, <Money amount={branch.costUsd} />
        </span>
      </a>
    </li>
  );
}

function Reading({
  view,
  detail,
  transcript,
}: {
  view: View;
  detail: ConversationDetail;
  transcript: TranscriptAnswer;
}) {
  const path = `/conversations/${detail.conversationId}`;
  const hidesTools = view.query.tools === "hide";
  const link = (extra: Record<string, string | number | null>) =>
    linkTo(path, view.filters, {
      branch: view.query.branch ?? null,
      tools: view.query.tools ?? null,
      cursor: view.query.cursor ?? null,
      requestId: view.query.cursor ? null : (view.query.requestId ?? null),
      ...extra,
    });
  const paired = pairTools(transcript.messages.map(messageOf)).map((entry, index) => ({
    ...entry,
    number: transcript.messages[index]!.position,
  }));
  const entries = hidesTools ? withoutTools(paired) : paired;
  const answer = transcript.messages.find((message) => message.isAnswer)?.position ?? null;
  const clipped = new Set(
    transcript.messages.filter((message) => message.isClipped).map((message) => message.position),
  );
  const context: TranscriptContext = {
    here: link({}),
    rawHref: `/api/requests/${transcript.requestId}/body`,
    wholeHref: (position) =>
      clipped.has(position) ? `/api/conversations/${detail.conversationId}/messages/${position}` : null,
  };
  const first = transcript.messages[0]?.position ?? 1;
  return (
    <div class="conversation">
      <p class="transcript-bar">
        <span class="mute">
          <Wire text={transcript.branchId} length={40} />: {formatCount(transcript.total, "message")}
          {first > 1 && `, from message ${formatExact(first)} on`}
        </span>
        <a
          class="button quiet"
          href={link({ tools: hidesTools ? null : "hide" })}
          aria-pressed={String(hidesTools)}
        >
          {hidesTools ? "Show tool calls" : "Hide tool calls"}
        </a>
      </p>
      {transcript.compactedFrom && (
        <p class="note">
          It goes on from a summary.{" "}
          <a href={linkTo(path, view.filters, { branch: transcript.compactedFrom.branchKey })}>
            What was said before
          </a>
        </p>
      )}
      {transcript.state !== "whole" && (
        <p class="note">
          {transcript.state === "removed"
            ? "Retention took contents of this branch away; the numbers stay."
            : "No body of this branch was recorded."}
        </p>
      )}
      {first > 1 && (
        <p class="earlier">
          <a href={link({ cursor: null, requestId: null })}>From the beginning</a>
        </p>
      )}
      <Transcript entries={entries} answerNumber={answer} context={context} />
      <nav class="pager" aria-label="Parts of the transcript">
        <span class="mute">
          <a href={linkTo(`/requests/${transcript.requestId}`, view.filters)}>
            The last request of this branch
          </a>
          , <Time at={detail.lastMessageTime} view={view} />
        </span>
        {transcript.nextCursor !== null && (
          <a class="button" rel="next" href={link({ cursor: transcript.nextCursor, requestId: null })}>
            Read on
          </a>
        )}
      </nav>
    </div>
  );
}
