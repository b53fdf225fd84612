/** Makes exchanges as the proxy records them: metadata, bodies and the message. */
import { newExchangeId } from "../../workers/domain/exchange-id.ts";
import type { ExchangeMessage, RequestMetadata, ResponseMetadata } from "../../workers/schemas/exchange.ts";
import { parseJson } from "../../workers/domain/json/json.ts";
import { responseStream } from "./response-stream.ts";

export interface TestExchange {
  id: string;
  request: { metadata: RequestMetadata; body: Uint8Array };
  response: { metadata: ResponseMetadata; body: Uint8Array };
}

export interface ExchangeOptions {
  /** Of this start; default: a new one. */
  exchangeId?: string;
  /** Epoch milliseconds; default 2026-11-22T12:00:00Z. */
  startedAt?: number;
  domain?: string;
  requestBody?: Uint8Array | string | Record<string, unknown>;
  /** A function gets the model that the request names. */
  responseBody?: Uint8Array | string | ((model: string) => string);
  requestMetadata?: Partial<RequestMetadata>;
  responseMetadata?: Partial<ResponseMetadata>;
}

export const NOON = Date.UTC(2026, 10, 22, 12);

const MODEL = "claude-opus-5-5";
const encoder = new TextEncoder();

/** One user message with a streamed response of 12 input tokens; the options replace parts of it. */
export function makeExchange(options: ExchangeOptions = {}): TestExchange {
  const startedAt = options.startedAt ?? NOON;
  const id = options.exchangeId ?? newExchangeId(startedAt, crypto.getRandomValues(new Uint8Array(10)));
  const requestBody = bytesOf(options.requestBody ?? messageRequest("How are you?"));
  const given = options.responseBody ?? streamOf("Well.");
  const responseBody = bytesOf(typeof given === "function" ? given(modelOf(requestBody)) : given);
  const asked = {
    domain: options.domain ?? "team.example",
    accountId: "acc_1",
    credentialType: "api_key" as const,
    clientKeyId: null,
    method: "POST",
    path: "/v1/messages",
  };
  return {
    id,
    request: {
      metadata: {
        v: 1,
        id,
        startedAt,
        ...asked,
        query: "?beta=true",
        headers: { "content-type": "application/json", "user-agent": "claude-cli/2.1.330" },
        body: { recorded: "whole", bytes: requestBody.length, sha256: null },
        ...options.requestMetadata,
      },
      body: requestBody,
    },
    response: {
      metadata: {
        v: 1,
        id,
        outcome: "complete",
        status: 200,
        errorType: null,
        headers: {
          "content-type": "text/event-stream; charset=utf-8",
          "request-id": `req_${id.slice(0, 8)}`,
        },
        timeToFirstByteMs: 420,
        durationMs: 1_500,
        bodyCoding: "identity",
        asked,
        body: { recorded: "whole", bytes: responseBody.length, sha256: null },
        ...options.responseMetadata,
      },
      body: responseBody,
    },
  };
}

export function messageRequest(text: string, more: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    model: MODEL,
    max_tokens: 1_024,
    stream: true,
    messages: [{ role: "user", content: text }],
    ...more,
  };
}

/** A streamed response with this text. */
export function messageStream(
  text: string,
  usage: Record<string, number> = { input_tokens: 12 },
  model = MODEL,
): string {
  return responseStream({ content: [{ type: "text", text }] }, { id: "msg_1", model, usage });
}

/** The same of the model that the request names. */
export const streamOf = (text: string, usage?: Record<string, number>) => (model: string) =>
  messageStream(text, usage, model);

function modelOf(requestBody: Uint8Array): string {
  const value = parseJson(new TextDecoder().decode(requestBody)) as { model?: unknown } | undefined;
  return typeof value?.model === "string" ? value.model : MODEL;
}

/** A response in JSON. */
export const jsonResponse = (body: unknown, metadata: Partial<ResponseMetadata> = {}) => ({
  responseBody: typeof body === "string" ? body : JSON.stringify(body),
  responseMetadata: { headers: { "content-type": "application/json" }, ...metadata },
});

/** Claude's JSON response to a request that failed. */
export const errorResponse = (status: number | null, type: string, message = "x") =>
  jsonResponse({ type: "error", error: { type, message } }, { status });

/** The metadata of a body that is not recorded. */
export const notRecorded = (bytes = 0) => ({ recorded: "none" as const, bytes, sha256: null });

export function exchangeMessage(
  { id, request, response }: TestExchange,
  more: Partial<ExchangeMessage> = {},
): ExchangeMessage {
  return {
    v: 1,
    kind: "exchange",
    id,
    domain: request.metadata.domain,
    journalBytes: request.body.length + response.body.length,
    rungBy: "recorder",
    request: null,
    response: null,
    ...more,
  };
}

function bytesOf(body: Uint8Array | string | Record<string, unknown>): Uint8Array {
  if (body instanceof Uint8Array) return body;
  return encoder.encode(typeof body === "string" ? body : JSON.stringify(body));
}
