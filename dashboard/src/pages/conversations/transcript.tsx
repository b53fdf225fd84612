/** The transcript of one branch, page by page, as a chat. */
import type {
  ConversationDetail,
  Transcript as TranscriptBody,
} from "../../../../workers/schemas/api/conversations.ts";
import { queryString } from "../../api/client.ts";
import type { SparkFeedback } from "../../api/spark.ts";
import { CompareForm } from "../../components/conversations/compare-form.tsx";
import { Icon } from "../../components/ui/icon.tsx";
import { Transcript } from "../../components/transcript/transcript.tsx";
import { sparkContext, type TranscriptContext } from "../../components/transcript/transcript-context.ts";
import { Time, UntrustedText } from "../../components/ui/values.tsx";
import { linkTo } from "../../context/filters.ts";
import { formatCount, formatExact } from "../../format/number.ts";
import { formatDuration } from "../../format/time.ts";
import { messageOf } from "../../transcript/blocks.ts";
import { createHighlighter } from "../../transcript/highlight.ts";
import { pairTools, withoutTools } from "../../transcript/pair-tools.ts";
import type { View } from "../../context/view.ts";

interface Props {
  view: View;
  detail: ConversationDetail;
  transcript: TranscriptBody;
  /** Null without recommendations. */
  sparkFeedback: SparkFeedback | null;
  /** Item of the tree by request, so that reading can mark it. */
  itemOf: (requestId: string) => number | null;
}

export function TranscriptView({ view, detail, transcript, sparkFeedback, itemOf }: Props) {
  const path = `/conversations/${detail.conversationId}`;
  const hidesTools = view.query.tools === "hide";
  const remindersOpen = view.query.reminders === "show";
  const link = (extra: Record<string, string | number | null>) =>
    linkTo(path, view.filters, {
      branch: view.query.branch ?? null,
      tools: view.query.tools ?? null,
      reminders: view.query.reminders ?? null,
      cursor: view.query.cursor ?? null,
      requestId: view.query.cursor ? null : (view.query.requestId ?? null),
      ...extra,
    });
  const paired = pairTools(transcript.messages.map(messageOf)).map((entry, index) => ({
    ...entry,
    number: transcript.messages[index]!.position,
  }));
  const entries = hidesTools ? withoutTools(paired) : paired;
  const responseNumber = transcript.messages.find((message) => message.isAnswer)?.position ?? null;
  const byPosition = new Map(transcript.messages.map((message) => [message.position, message]));
  const calling = new Set(
    paired.filter(({ items }) => items.some(({ kind }) => kind === "call")).map(({ number }) => number),
  );
  /** Between a response that calls tools and the request with their results. */
  const toolsTook = (position: number): number | null => {
    const [response, results] = [byPosition.get(position), byPosition.get(position + 1)];
    if (!calling.has(position) || !response?.timestamp || !results?.timestamp || results.role !== "user")
      return null;
    return Math.max(0, Date.parse(results.timestamp) - Date.parse(response.timestamp));
  };
  const context: TranscriptContext = {
    here: link({}),
    rawHref: `/api/requests/${transcript.requestId}/body`,
    highlight: createHighlighter(),
    remindersOpen,
    spark: sparkContext(
      view,
      sparkFeedback,
      linkTo(`/requests/${transcript.requestId}`, view.filters, { messages: "all" }),
    ),
    fullMessageHref: (position) =>
      byPosition.get(position)?.isClipped
        ? `/api/conversations/${detail.conversationId}/messages/${position}${branchQuery(view)}`
        : null,
    noteOf: (position) => {
      const message = byPosition.get(position);
      if (!message) return null;
      const { requestId, timestamp } = message;
      return (
        <>
          {timestamp !== null && <Time at={timestamp} view={view} />}
          {toolsTook(position) !== null && <span>tools took {formatDuration(toolsTook(position))}</span>}
          {requestId !== null && (
            <a class="quiet" href={linkTo(`/requests/${requestId}`, view.filters)}>
              request
            </a>
          )}
        </>
      );
    },
    nodeOf: (position) => {
      const requestId = byPosition.get(position)?.requestId ?? null;
      return requestId === null ? null : itemOf(requestId);
    },
  };
  const first = transcript.messages[0]?.position ?? 1;
  return (
    <div class="conversation">
      <div class="transcript-bar">
        <span class="mute">
          <UntrustedText text={transcript.branchId} length={40} />: {formatCount(transcript.total, "message")}
          {first > 1 && `, from message ${formatExact(first)}`}
        </span>
        <span class="transcript-tools">
          <Export path={path} view={view} />
          <CompareForm view={view} path={path} branches={detail.branches} current={transcript.branchKey} />
          <a class="button quiet" href={link({ tools: hidesTools ? null : "hide" })}>
            {hidesTools ? "Show tool calls" : "Hide tool calls"}
          </a>
          <a class="button quiet" href={link({ reminders: remindersOpen ? null : "show" })}>
            {remindersOpen ? "Hide reminders" : "Show reminders"}
          </a>
        </span>
      </div>
      {transcript.compactedFrom && (
        <p class="note">
          Continues from a summary.{" "}
          <a href={linkTo(path, view.filters, { branch: transcript.compactedFrom.branchKey })}>
            Show the earlier conversation
          </a>
        </p>
      )}
      {transcript.state !== "whole" && (
        <p class="note">
          {transcript.state === "removed"
            ? "The contents of this branch were deleted. Its figures are kept."
            : "No request of this branch was recorded with its body."}
        </p>
      )}
      {first > 1 && (
        <p class="earlier">
          <a href={link({ cursor: null, requestId: null })}>Start from the beginning</a>
        </p>
      )}
      <Transcript entries={entries} responseNumber={responseNumber} context={context} />
      <nav class="pager" aria-label="Parts of the transcript">
        <span class="mute">
          <a href={linkTo(`/requests/${transcript.requestId}`, view.filters)}>Latest request</a>,{" "}
          <Time at={detail.lastMessageTime} view={view} />
        </span>
        {transcript.nextCursor !== null && (
          <a
            class="button"
            rel="next"
            data-load-more
            href={link({ cursor: transcript.nextCursor, requestId: null })}
          >
            Load more
          </a>
        )}
      </nav>
    </div>
  );
}

/** All of the branch as a file. */
function Export({ path, view }: { path: string; view: View }) {
  const to = (format: string) =>
    `${path}/export${queryString({ branch: view.query.branch ?? null, format })}`;
  return (
    <details class="menu">
      <summary class="button quiet">
        <Icon name="download" /> Export
      </summary>
      <p class="menu-items">
        <a href={to("md")} download>
          Markdown
        </a>
        <a href={to("json")} download>
          JSON
        </a>
      </p>
    </details>
  );
}

const branchQuery = (view: View) =>
  view.query.branch ? `?branch=${encodeURIComponent(view.query.branch)}` : "";
