/** A response message as it comes over the wire, plain and streamed, priced as ingest prices it: bytes → readResponse → priceExchange. */
import { readResponse, type AssembledResponse } from "../../workers/domain/messages/read-response.ts";
import { estimateOutputTokens } from "../../workers/domain/messages/estimate-output-tokens.ts";
import { type Price, type PricingInput, priceExchange } from "../../workers/domain/pricing/price.ts";
import { type ExchangeOptions, makeExchange, messageRequest } from "./exchanges.ts";
import type { Outcome } from "../../workers/schemas/exchange.ts";

export type Json = Record<string, unknown>;

export interface BilledMessage {
  /** Of the response. */
  model: string;
  usage: Json;
  /** Of the request; default: `model`. */
  requested?: string;
  /** Default: a text block. */
  content?: Json[];
  stopReason?: string;
  /** UTC; default 2026-11-22T12:00:00Z. */
  at?: string;
}

const TEXT = [{ type: "text", text: "Well, here it is." }];
const encoder = new TextEncoder();

/** The response without `stream`. */
export function jsonResponse({
  model,
  usage,
  content = TEXT,
  stopReason = "end_turn",
}: BilledMessage): string {
  return JSON.stringify({
    id: "msg_1",
    type: "message",
    role: "assistant",
    model,
    content,
    stop_reason: stopReason,
    usage,
  });
}

/** In `message_start`; everything else comes with the last `message_delta`. */
const AT_START = [
  "input_tokens",
  "cache_creation_input_tokens",
  "cache_read_input_tokens",
  "cache_creation",
  "service_tier",
  "inference_geo",
  "speed",
];

/** The same response as a stream of its events: counts are cumulative, the last ones repeat some and null others. */
export function streamedEvents({
  model,
  usage,
  content = TEXT,
  stopReason = "end_turn",
}: BilledMessage): Json[] {
  const start = Object.fromEntries(Object.entries(usage).filter(([name]) => AT_START.includes(name)));
  const end = Object.fromEntries(
    Object.entries(usage).filter(([name]) => !AT_START.includes(name) || /_tokens$/.test(name)),
  );
  const message = { id: "msg_1", type: "message", role: "assistant", model, content: [], stop_reason: null };
  return [
    { type: "message_start", message: { ...message, usage: { ...start, output_tokens: 2 } } },
    { type: "ping" },
    ...content.flatMap((block, index) => [
      {
        type: "content_block_start",
        index,
        content_block: { ...block, ...("text" in block && { text: "" }) },
      },
      ...("text" in block
        ? [{ type: "content_block_delta", index, delta: { type: "text_delta", text: block.text } }]
        : []),
      { type: "content_block_stop", index },
    ]),
    { type: "message_delta", delta: {}, usage: { output_tokens: 3, cache_read_input_tokens: null } },
    {
      type: "message_delta",
      delta: { stop_reason: stopReason, stop_sequence: null },
      usage: { server_tool_use: null, ...end },
    },
    { type: "message_stop" },
  ];
}

export function eventStream(events: Json[]): string {
  return events.map((event) => `event: ${String(event.type)}\ndata: ${JSON.stringify(event)}\n\n`).join("");
}

/** Metadata beside the body; everything else is read from the body. */
export type PriceContext = Partial<Omit<PricingInput, "at">> & {
  contentType?: string;
  outcome?: Outcome;
  requested?: string;
  at?: string;
};

/** The price of the response body to a POST /v1/messages (or to the endpoint and method in `context`). */
export function priceOfBody(
  body: string,
  {
    contentType = "application/json",
    outcome = "complete",
    requested,
    at = "2026-11-22T12:00:00Z",
    ...context
  }: PriceContext = {},
): Price & { response: AssembledResponse } {
  const status = context.status === undefined ? 200 : context.status;
  const response = readResponse({ status, contentType, body: encoder.encode(body), outcome });
  const price = priceExchange(response.usage, {
    endpoint: "messages",
    method: "POST",
    model: requested ?? response.modelServed,
    modelServed: response.modelServed,
    errorType: response.errorType,
    timeToFirstByteMs: 1,
    upstreamAttempts: 1,
    stopReason: response.stopReason,
    isPartial: response.usagePartial,
    receivedTokens: response.message && estimateOutputTokens(response.message),
    ...context,
    at: new Date(at),
    status,
  });
  return { ...price, response };
}

/** An exchange with this streamed response, for tests in workerd. */
export const billedExchange = (message: BilledMessage, options: ExchangeOptions = {}) =>
  makeExchange({
    requestBody: messageRequest("?", {
      model: message.requested ?? message.model,
      tools: [{ name: "Bash" }],
    }),
    responseBody: eventStream(streamedEvents(message)),
    ...options,
  });

/** The price of one response in both forms. */
export function pricesOf(message: BilledMessage): { plain: Price; streamed: Price } {
  const { requested, model, at } = message;
  const more = { requested: requested ?? model, ...(at && { at }) };
  return {
    plain: priceOfBody(jsonResponse(message), more),
    streamed: priceOfBody(eventStream(streamedEvents(message)), {
      ...more,
      contentType: "text/event-stream",
    }),
  };
}
