/**
 * A model response as data, and its stream events.
 * https://docs.claude.com/en/docs/build-with-claude/streaming
 */
import type { Random } from "./random.ts";

/** A content block; unknown types are sent whole in content_block_start. */
export type Block = { type: string } & Record<string, unknown>;

export interface ModelResponse {
  content: Block[];
  /** Default: `tool_use` if a tool is called, else `end_turn`. */
  stopReason?: string;
  /** Default: the requested model. */
  model?: string;
  /** Server-side searches and fetches. */
  serverToolUse?: Record<string, number>;
}

/** Token counts of one response. */
export interface Usage extends Record<string, unknown> {
  input_tokens: number;
  cache_creation_input_tokens: number;
  cache_read_input_tokens: number;
  cache_creation: { ephemeral_5m_input_tokens: number; ephemeral_1h_input_tokens: number };
  output_tokens: number;
}

export interface StreamEvent {
  event: string;
  data: Record<string, unknown>;
  /** Pause in realistic milliseconds, instead of the usual one. */
  pauseMs?: number;
}

/** Estimated tokens of a text: 3.6 characters per token, as in mixed English and code. */
export function tokensOf(text: string): number {
  return Math.ceil(text.length / 3.6);
}

function textOf(block: Block): string {
  if (block.type === "thinking") return typeof block.thinking === "string" ? block.thinking : "";
  if (block.type === "text") return typeof block.text === "string" ? block.text : "";
  return "input" in block ? JSON.stringify(block.input) : "";
}

/** Output tokens of a response, and the thinking tokens among them. */
export function outputTokens(response: ModelResponse): { total: number; thinking: number } {
  let total = 3;
  let thinking = 0;
  for (const block of response.content) {
    // Omitted thinking is billed too: without a text, the length of the signature is used.
    const shown = textOf(block) || (typeof block.signature === "string" ? block.signature : "");
    const tokens = tokensOf(shown) + ("name" in block ? 12 : 1);
    total += tokens;
    if (block.type === "thinking") thinking += tokens;
  }
  return { total, thinking };
}

export function stopReasonOf(response: ModelResponse): string {
  if (response.stopReason) return response.stopReason;
  return response.content.some((block) => block.type === "tool_use") ? "tool_use" : "end_turn";
}

/** Splits a text into chunks of some words, never within a surrogate pair. */
export function pieces(text: string, random: Random, low = 2, high = 6): string[] {
  const words = text.match(/\s*\S+|\s+$/g) ?? [];
  const result: string[] = [];
  for (let at = 0; at < words.length;) {
    const take = random.between(low, high);
    result.push(words.slice(at, at + take).join(""));
    at += take;
  }
  return result;
}

function jsonPieces(json: string, random: Random): string[] {
  const characters = [...json];
  const result: string[] = [""];
  for (let at = 0; at < characters.length;) {
    const take = random.between(6, 32);
    result.push(characters.slice(at, at + take).join(""));
    at += take;
  }
  return result;
}

function blockEvents(block: Block, index: number, random: Random): StreamEvent[] {
  const delta = (type: string, fields: Record<string, unknown>): StreamEvent => ({
    event: "content_block_delta",
    data: { type: "content_block_delta", index, delta: { type, ...fields } },
  });
  const start = (content: Block): StreamEvent => ({
    event: "content_block_start",
    data: { type: "content_block_start", index, content_block: content },
  });
  const stop: StreamEvent = { event: "content_block_stop", data: { type: "content_block_stop", index } };
  switch (block.type) {
    case "text": {
      const citations = Array.isArray(block.citations) ? (block.citations as unknown[]) : null;
      return [
        start({ type: "text", text: "", ...(citations && { citations: [] }) }),
        ...pieces(textOf(block), random).map((text) => delta("text_delta", { text })),
        ...(citations ?? []).map((citation) => delta("citations_delta", { citation })),
        stop,
      ];
    }
    case "thinking":
      return [
        start({ type: "thinking", thinking: "", signature: "" }),
        ...pieces(textOf(block), random, 4, 10).map((thinking) => delta("thinking_delta", { thinking })),
        delta("signature_delta", { signature: block.signature }),
        stop,
      ];
    case "tool_use":
    case "server_tool_use": {
      const { input, ...rest } = block;
      return [
        start({ ...rest, input: {} }),
        ...jsonPieces(JSON.stringify(input), random).map((partial_json) =>
          delta("input_json_delta", { partial_json }),
        ),
        stop,
      ];
    }
    default:
      return [start(block), stop];
  }
}

/** All events up to `message_stop`, including pings. `message` is the empty message of message_start. */
export function responseEvents(
  response: ModelResponse,
  message: Record<string, unknown>,
  usage: Usage,
  random: Random,
): StreamEvent[] {
  const { total, thinking } = outputTokens(response);
  const events: StreamEvent[] = [
    {
      event: "message_start",
      data: { type: "message_start", message: { ...message, usage: { ...usage, output_tokens: 1 } } },
    },
    { event: "ping", data: { type: "ping" } },
  ];
  response.content.forEach((block, index) => {
    const own = blockEvents(block, index, random);
    // A long thinking phase sends only pings.
    if (block.type === "thinking" && random.chance(0.5)) {
      own.splice(1, 0, { event: "ping", data: { type: "ping" }, pauseMs: 400 });
    }
    events.push(...own);
  });
  // The SDK's type has no cache_creation here: the totals alone are cumulative.
  const { cache_creation: _split, ...counts } = usage;
  events.push({
    event: "message_delta",
    data: {
      type: "message_delta",
      delta: { stop_reason: stopReasonOf(response), stop_sequence: null },
      usage: {
        ...counts,
        output_tokens: total,
        output_tokens_details: { thinking_tokens: thinking },
        ...(response.serverToolUse && { server_tool_use: response.serverToolUse }),
      },
    },
  });
  events.push({ event: "message_stop", data: { type: "message_stop" } });
  return events;
}

/** The response of a request without `stream`. */
export function wholeMessage(
  response: ModelResponse,
  message: Record<string, unknown>,
  usage: Usage,
): Record<string, unknown> {
  const { total, thinking } = outputTokens(response);
  return {
    ...message,
    content: response.content,
    stop_reason: stopReasonOf(response),
    usage: {
      ...usage,
      output_tokens: total,
      output_tokens_details: { thinking_tokens: thinking },
      ...(response.serverToolUse && { server_tool_use: response.serverToolUse }),
    },
  };
}

export function sseText(event: StreamEvent): string {
  return `event: ${event.event}\ndata: ${JSON.stringify(event.data)}\n\n`;
}
