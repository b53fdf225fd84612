/** POST /v1/messages: chunks of the response, with tokens, cache and message id. */
import {
  responseEvents,
  outputTokens,
  wholeMessage,
  type ModelResponse,
  type Usage,
} from "./model-response.ts";
import { digest, randomOf } from "./random.ts";
import { encodeChunks, encodeWhole, firstByteDelay, streamChunks } from "./stream.ts";
import type { Treatment } from "./tags.ts";
import { headerOf, type Received, type RawReply } from "./http.ts";

export interface MessageContext {
  received: Received;
  request: Record<string, unknown>;
  /** Identifies the request: seed, session, body and repetition. */
  name: string;
  usage: Usage;
  treatment: Treatment;
  speed: number;
}

/** The message without content. */
export function emptyMessage(
  context: Pick<MessageContext, "received" | "request" | "name">,
  response: ModelResponse,
) {
  // From this version of the API on a message names these members even when they are null.
  const isNewer = (headerOf(context.received, "anthropic-version") ?? "") >= "2026-10-21";
  return {
    id: `msg_01${digest(context.name, "message").slice(0, 22)}`,
    type: "message",
    role: "assistant",
    model: response.model ?? context.request.model,
    content: [],
    stop_reason: null,
    stop_sequence: null,
    ...(isNewer && { stop_details: null, container: null, diagnostics: null }),
  };
}

/** The response as timed bytes. The first chunk's pause is the time to the first byte, headers included. */
export async function messageReply(
  context: MessageContext,
  response: ModelResponse,
): Promise<{ reply: RawReply; headersAfterMs: number; outputTokens: number }> {
  const { request, treatment, usage, speed } = context;
  const random = randomOf(context.name, "timing");
  const message = emptyMessage(context, response);
  const tokens = outputTokens(response).total;
  const headersAfterMs = firstByteDelay(random) * speed;
  const coding: Record<string, string> = treatment.coding ? { "content-encoding": treatment.coding } : {};
  if (request.stream === true) {
    const events = responseEvents(response, message, usage, random);
    const plain = streamChunks(events, treatment, random, speed);
    return {
      reply: {
        kind: "raw",
        status: 200,
        headers: {
          "content-type": "text/event-stream; charset=utf-8",
          "cache-control": "no-cache",
          ...coding,
        },
        chunks: treatment.coding ? await encodeChunks(plain, treatment.coding) : plain,
        then: treatment.then ?? "end",
        vendorHeaders: true,
      },
      headersAfterMs,
      outputTokens: tokens,
    };
  }
  const json = Buffer.from(JSON.stringify(wholeMessage(response, message, usage)));
  const bytes = treatment.coding ? await encodeWhole(json, treatment.coding) : json;
  const half = Math.ceil(bytes.length / 2);
  const isCut = treatment.cutAt !== undefined;
  return {
    reply: {
      kind: "raw",
      status: 200,
      headers: { "content-type": "application/json", "content-length": String(bytes.length), ...coding },
      chunks: isCut
        ? [{ delayMs: 0, bytes: bytes.subarray(0, half) }]
        : [{ delayMs: treatment.pauseMs ?? 0, bytes }],
      // A body that ends before its content-length is a broken connection.
      then: isCut ? (treatment.then === "hang" ? "hang" : "reset") : "end",
      vendorHeaders: true,
    },
    // A response that is not streamed is sent when it is complete.
    headersAfterMs: headersAfterMs + tokens * 15 * speed,
    outputTokens: tokens,
  };
}
