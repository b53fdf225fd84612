/** A content block of a message. */
import type { Block } from "../../transcript/blocks.ts";
import { drawableImage } from "../../transcript/image.ts";
import { recommendationOf } from "../../transcript/recommendations.ts";
import { formatBytes, formatCount } from "../../format/number.ts";
import { countLines } from "../../format/text.ts";
import { Icon } from "../ui/icon.tsx";
import { JsonTree } from "./json-tree.tsx";
import { NotShown, PlainText, Prose } from "./long-text.tsx";
import { RecommendationCard } from "./recommendation.tsx";
import { ToolCall, type ToolResult, type ToolUse } from "./tool-call.tsx";
import { COLLAPSE_AT, COLLAPSE_NEWEST_AT, type TranscriptContext } from "./transcript-context.ts";
import { UntrustedText } from "../ui/values.tsx";

/** A tool call with its result; a recommendation as a card. The blocks of the result are content blocks again. */
export function CallView(props: {
  use: ToolUse | null;
  result: ToolResult | null;
  context: TranscriptContext;
}) {
  const { spark } = props.context;
  const recommendation = spark && recommendationOf(props.use, props.result);
  if (recommendation && spark.feedback.sessions.has(recommendation.sessionId))
    return <RecommendationCard recommendation={recommendation} spark={spark} context={props.context} />;
  return <ToolCall {...props} renderBlock={(block) => <BlockView block={block} context={props.context} />} />;
}

/** One content block; used by the transcript, inside tool results, and by the request page. */
export function BlockView({ block, context }: { block: Block; context: TranscriptContext }) {
  switch (block.kind) {
    case "text":
      return <PlainText text={block.text} collapseAt={COLLAPSE_AT} context={context} />;
    case "reminder":
      return <Reminders texts={[block.text]} context={context} />;
    case "thinking":
      return <Thinking text={block.text} context={context} />;
    case "redacted_thinking":
      return (
        <p class="note">
          <Icon name="ban" /> Thinking, encrypted by Anthropic ({formatBytes(block.bytes)}). It cannot be read
          here.
        </p>
      );
    case "image":
      return <ImageView block={block} />;
    case "document":
      return (
        <div class="note">
          <Icon name="file" /> <UntrustedText text={block.title} length={120} />{" "}
          <span class="mute">
            <UntrustedText text={block.mediaType} length={60} />
            {block.bytes !== null && `, ${formatBytes(block.bytes)}`}
          </span>
          {block.text !== null && <PlainText text={block.text} collapseAt={COLLAPSE_AT} context={context} />}
        </div>
      );
    case "tool_use":
      return <CallView use={block} result={null} context={context} />;
    case "tool_result":
      return <CallView use={null} result={block} context={context} />;
    case "unknown":
      return (
        <details class="collapsible">
          <summary>
            Block of type <UntrustedText text={block.type} length={60} />
          </summary>
          <JsonTree value={block.value} rawHref={context.rawHref} html={context.budget} />
        </details>
      );
  }
}

function Thinking({ text, context }: { text: string; context: TranscriptContext }) {
  if (text.trim() === "") {
    return <p class="note mute">Thinking not included by the API.</p>;
  }
  return (
    <details class="collapsible thinking">
      <summary>
        Thinking <span class="mute">{formatCount(countLines(text), "line")}</span>
      </summary>
      <Prose text={text} collapseAt={COLLAPSE_NEWEST_AT} context={context} />
    </details>
  );
}

/** Reminders in a row that are shown. */
const MAX_SHOWN_REMINDERS = 30;

export function Reminders({ texts, context }: { texts: readonly string[]; context: TranscriptContext }) {
  return (
    <details class="collapsible reminders" open={context.remindersOpen}>
      <summary>{formatCount(texts.length, "system reminder")}</summary>
      {texts.slice(0, MAX_SHOWN_REMINDERS).map((text) => (
        <PlainText text={text} collapseAt={COLLAPSE_NEWEST_AT} context={context} />
      ))}
      <NotShown what="reminder" count={texts.length - MAX_SHOWN_REMINDERS} rawHref={context.rawHref} />
    </details>
  );
}

function ImageView({ block }: { block: Extract<Block, { kind: "image" }> }) {
  if (block.data === null) {
    return (
      <p class="note">
        <Icon name="picture" /> Image at <UntrustedText text={block.url} length={200} />{" "}
        <span class="mute">(external image, not loaded)</span>
      </p>
    );
  }
  const drawable = drawableImage(block.mediaType, block.data);
  if (!drawable.ok) {
    return (
      <p class="note">
        <Icon name="picture" /> Image of {formatBytes(Math.floor((block.data.length * 3) / 4))}:{" "}
        <UntrustedText text={drawable.why} />
      </p>
    );
  }
  return <img class="transcript-image" src={drawable.src} alt="Image of this message" loading="lazy" />;
}
