/** The conversation of one request: system prompt and tools collapsed, messages, the response last. */
import type { RequestDetail } from "../../../../workers/schemas/api/requests.ts";
import type { SparkFeedback } from "../../api/spark.ts";
import { linkTo } from "../../context/filters.ts";
import { formatCount, formatExact } from "../../format/number.ts";
import { oneLine } from "../../format/text.ts";
import { BlockView } from "../../components/transcript/content-block.tsx";
import { Transcript } from "../../components/transcript/transcript.tsx";
import { sparkContext, type TranscriptContext } from "../../components/transcript/transcript-context.ts";
import { JsonTree } from "../../components/transcript/json-tree.tsx";
import { NotShown, PlainText } from "../../components/transcript/long-text.tsx";
import { UntrustedText } from "../../components/ui/values.tsx";
import { isObject } from "../../../../workers/domain/json/json.ts";
import { messageOf, messagesOf, systemOf, toolsOf, type Message } from "../../transcript/blocks.ts";
import type { HtmlBudget } from "../../transcript/html-budget.ts";
import { createHighlighter } from "../../transcript/highlight.ts";
import { pairTools, withoutTools, type TranscriptEntry } from "../../transcript/pair-tools.ts";
import type { View } from "../../context/view.ts";

/** The newest messages, which a page shows without `messages=all`. */
const MAX_SHOWN_MESSAGES = 24;
/** And with it: more are a page of megabytes. */
const MAX_ALL_MESSAGES = 500;

/** Of system prompt and tools, which stand closed. */
const PREAMBLE_HTML_BYTES = 24_000;
/** Of a response that is no message. */
const RESPONSE_HTML_BYTES = 40_000;
const MAX_SYSTEM_BLOCKS = 30;
const MAX_TOOLS = 100;

interface Props {
  detail: RequestDetail;
  view: View;
  /** Null without recommendations. */
  sparkFeedback: SparkFeedback | null;
}

export function ConversationTab({ detail, view, sparkFeedback }: Props) {
  const body = detail.requestBody;
  if (!isObject(body)) return <NoConversation detail={detail} />;
  const response = responseMessage(detail);
  const history = messagesOf(body);
  const hidesTools = view.query.tools === "hide";
  const paired = pairTools(response ? [...history, response] : history);
  const all = hidesTools ? withoutTools(paired) : paired;
  const isAll = view.query.messages === "all";
  const shown = newestEntries(all, isAll ? MAX_ALL_MESSAGES : MAX_SHOWN_MESSAGES);
  const link = (extra: Record<string, string | null>) =>
    linkTo(view.path, view.filters, {
      tools: view.query.tools ?? null,
      messages: view.query.messages ?? null,
      ...extra,
    });
  const context: TranscriptContext = {
    here: link({}),
    rawHref: `/api/requests/${detail.requestId}/body`,
    highlight: createHighlighter(),
    spark: sparkContext(view, sparkFeedback, ""),
  };
  const hidden = all.length - shown.length;
  return (
    <div class="conversation">
      <p class="transcript-bar">
        <span class="mute">{formatCount(history.length, "message")} in the request</span>
        <a class="button quiet" href={link({ tools: hidesTools ? null : "hide" })}>
          {hidesTools ? "Show tool calls" : "Hide tool calls"}
        </a>
      </p>
      <Preamble body={body} context={context} />
      {hidden > 0 && (
        <p class="earlier">
          {isAll ? (
            <a href={context.rawHref}>{formatCount(hidden, "earlier message")} in the raw request</a>
          ) : (
            <a href={link({ messages: "all" })} data-all-messages>
              Show {formatCount(hidden, "earlier message")}
            </a>
          )}
        </p>
      )}
      <Transcript entries={shown} responseNumber={response ? paired.length : null} context={context} />
      {!response && <NoResponse detail={detail} />}
    </div>
  );
}

/** The newest messages, starting at one with visible content. */
function newestEntries(entries: readonly TranscriptEntry[], max: number): readonly TranscriptEntry[] {
  if (entries.length <= max + 2) return entries;
  const from = entries.length - max;
  const first = entries.findIndex((entry, index) => index >= from && !entry.isMerged);
  return entries.slice(first === -1 ? from : first);
}

/** The response as a message; null without content. */
function responseMessage(detail: RequestDetail): Message | null {
  const body = detail.responseBody;
  if (!isObject(body) || body.content === undefined) return null;
  const message = messageOf(body);
  return message.blocks.length > 0 ? { ...message, role: "assistant" } : null;
}

/** System prompt and tool definitions, collapsed. */
function Preamble({ body, context: page }: { body: Record<string, unknown>; context: TranscriptContext }) {
  const context = { ...page, budget: { left: PREAMBLE_HTML_BYTES } };
  const system = systemOf(body);
  const tools = toolsOf(body);
  const characters = system.reduce((sum, block) => sum + (block.kind === "text" ? block.text.length : 0), 0);
  if (system.length === 0 && tools.length === 0) return null;
  return (
    <div class="preamble">
      {system.length > 0 && (
        <details class="collapsible">
          <summary>
            System prompt{" "}
            <span class="mute">
              {formatCount(system.length, "block")}, {formatCount(characters, "character")}
            </span>
          </summary>
          {system.slice(0, MAX_SYSTEM_BLOCKS).map((block) => (
            <BlockView block={block} context={context} />
          ))}
          <NotShown what="block" count={system.length - MAX_SYSTEM_BLOCKS} rawHref={context.rawHref} />
        </details>
      )}
      {tools.length > 0 && (
        <details class="collapsible">
          <summary>
            Tools{" "}
            <span class="mute">
              {formatExact(tools.length)}: {oneLine(tools.map((tool) => tool.name).join(", "), 160)}
            </span>
          </summary>
          {tools.slice(0, MAX_TOOLS).map((tool) => (
            <ToolDefinition tool={tool} context={context} />
          ))}
          <NotShown what="tool" count={tools.length - MAX_TOOLS} rawHref={context.rawHref} />
          <p class="note">
            <a href={context.rawHref}>All definitions in the raw request</a>
          </p>
        </details>
      )}
    </div>
  );
}

/** Its description and schema where the page has room for them. */
function ToolDefinition({
  tool,
  context,
}: {
  tool: ReturnType<typeof toolsOf>[number];
  context: TranscriptContext & { budget: HtmlBudget };
}) {
  const heading = (
    <>
      <strong>
        <UntrustedText text={tool.name} length={80} />
      </strong>{" "}
      <span class="mute">
        <UntrustedText text={tool.description} length={140} />
      </span>
    </>
  );
  if (context.budget.left <= 0) return <p class="note">{heading}</p>;
  return (
    <details class="collapsible">
      <summary>{heading}</summary>
      {tool.description && <PlainText text={tool.description} collapseAt={600} context={context} />}
      <JsonTree value={tool.schema} rawHref={context.rawHref} open={0} html={context.budget} />
    </details>
  );
}

function NoResponse({ detail }: { detail: RequestDetail }) {
  const rawHref = `/api/requests/${detail.requestId}/response`;
  if (detail.error) {
    return (
      <div class="callout error" role="note">
        <div>
          <p>
            <strong>
              <UntrustedText text={detail.errorType ?? "error"} length={80} />
            </strong>
            {detail.responseStatus !== null && ` (${detail.responseStatus})`}
          </p>
          <PlainText text={detail.error} collapseAt={1_000} context={{ rawHref }} />
        </div>
      </div>
    );
  }
  if (isObject(detail.responseBody)) {
    return (
      <JsonTree value={detail.responseBody} rawHref={rawHref} open={2} html={{ left: RESPONSE_HTML_BYTES }} />
    );
  }
  return <p class="note mute">No response recorded.</p>;
}

function NoConversation({ detail }: { detail: RequestDetail }) {
  const rawHref = `/api/requests/${detail.requestId}/response`;
  return (
    <div class="conversation">
      <p class="note mute">
        {detail.requestBodyState === "removed"
          ? "The request body was deleted. The metadata above is kept."
          : detail.requestBodyState === "none"
            ? "No request body recorded."
            : detail.unread === null
              ? "The request body is not a conversation."
              : "The request body was not read as a conversation."}
      </p>
      {typeof detail.requestBody === "string" && (
        <PlainText
          text={detail.requestBody}
          collapseAt={1_000}
          context={{ rawHref: `/api/requests/${detail.requestId}/body` }}
        />
      )}
      {detail.responseBody !== null && detail.responseBody !== undefined && (
        <section>
          <h2>Response</h2>
          <JsonTree
            value={detail.responseBody}
            rawHref={rawHref}
            open={2}
            html={{ left: RESPONSE_HTML_BYTES }}
          />
        </section>
      )}
    </div>
  );
}
