/**
 * Reads a response from its recorded bytes: the assembled message, usage, errors, tools. Streamed and plain responses
 * give the same result; a truncated one gives what it contains. Called by workers/ingest.
 */
import type { Outcome } from "../../schemas/exchange.ts";
import { readError } from "./error-body.ts";
import { assembleStream } from "./assemble-stream.ts";
import { isObject, parseJson, storableJson, type JsonObject } from "../json/json.ts";
import { countToolCalls } from "./tool-calls.ts";
import { plainText } from "../truncate.ts";

export interface ResponseBytes {
  /** Status of the response; null when there was none. */
  status: number | null;
  contentType: string | null;
  /** Decoded bytes, as far as they were recorded; empty where nothing was. */
  body: Uint8Array;
  outcome: Outcome;
}

export interface AssembledResponse {
  /**
   * The message, with every member and block the vendor sent, and `_nexus` for what does not fit into it
   * (content-blocks.ts). Null for errors, other endpoints, and where none of it arrived.
   */
  message: JsonObject | null;
  /** As sent, or merged from the stream. Only of messages: the `input_tokens` of count_tokens are not consumed. */
  usage: JsonObject | null;
  /** The final usage of a message is missing, so `usage` is a floor or null. Only meaningful for messages. */
  usagePartial: boolean;
  stopReason: string | null;
  modelServed: string | null;
  errorType: string | null;
  /** At most 500 characters, one line, secrets masked. */
  errorMessage: string | null;
  /** The vendor's id of this exchange where the body has it (error bodies do). */
  requestId: string | null;
  /** Tool name → number of calls; empty where there is none. */
  toolCalls: Record<string, number>;
  /** The response is complete: `message_stop` was seen, the JSON is whole, or (anything else) it was sent to its end. */
  ended: boolean;
}

const EMPTY_RESPONSE: AssembledResponse = {
  message: null,
  usage: null,
  usagePartial: false,
  stopReason: null,
  modelServed: null,
  errorType: null,
  errorMessage: null,
  requestId: null,
  toolCalls: {},
  ended: false,
};

/** Reads a response of any kind: stream, JSON, error, HTML, nothing. Never throws. */
export function readResponse(bytes: ResponseBytes): AssembledResponse {
  return (looksStreamed(bytes) ? readStreamed(bytes) : null) ?? readPlain(bytes);
}

function looksStreamed({ contentType, body }: ResponseBytes): boolean {
  if (contentType !== null && /event-stream/i.test(contentType)) return true;
  // Some gateways send a wrong content type. No JSON text begins like a field of an event.
  return /^\ufeff?\s*(?:event|data|id|retry)?:/.test(new TextDecoder().decode(body.subarray(0, 64)));
}

/** Null without any event, so that an error with the wrong content type is read as a plain body. */
function readStreamed(bytes: ResponseBytes): AssembledResponse | null {
  const stream = assembleStream(bytes.body);
  if (stream.events === 0) return null;
  const { message, usage, error } = stream;
  return {
    message,
    usage: storableJson(usage),
    usagePartial: message !== null && !stream.hasFinalUsage,
    stopReason: label(message?.["stop_reason"]),
    modelServed: label(stream.modelServed),
    errorType: error?.type ?? null,
    errorMessage: error?.message ?? null,
    requestId: label(stream.requestId),
    toolCalls: countToolCalls(message?.["content"]),
    ended: message === null ? error === null && bytes.outcome === "complete" : stream.stopped,
  };
}

function readPlain({ status, body, outcome, contentType }: ResponseBytes): AssembledResponse {
  const isErrorStatus = status !== null && status >= 400;
  const value = looksLikeObject(body) ? parseJson(new TextDecoder().decode(body)) : undefined;
  if (!isObject(value)) {
    const wasStream = contentType !== null && /event-stream/i.test(contentType);
    const ended = outcome === "complete" && !wasStream;
    // Neither rejected nor complete: Claude may have generated a message whose tokens are unknown.
    return { ...EMPTY_RESPONSE, usagePartial: !ended && !isErrorStatus, ended };
  }
  const requestId = label(value["request_id"]);
  if (isErrorStatus || value["type"] === "error") {
    const { type, message } = readError(value);
    return { ...EMPTY_RESPONSE, errorType: type, errorMessage: message, requestId, ended: true };
  }
  if (!isMessage(value)) return { ...EMPTY_RESPONSE, requestId, ended: true };
  return {
    ...EMPTY_RESPONSE,
    message: value,
    usage: isObject(value["usage"]) ? storableJson(value["usage"]) : null,
    stopReason: label(value["stop_reason"]),
    modelServed: label(value["model"]),
    requestId,
    toolCalls: countToolCalls(value["content"]),
    ended: true,
  };
}

/** Avoids decoding files, which may be large. */
function looksLikeObject(body: Uint8Array): boolean {
  return /^\ufeff?\s*\{/.test(new TextDecoder().decode(body.subarray(0, 64)));
}

/** Messages, and completions of the legacy endpoint; gateways leave out the `type`. */
function isMessage(value: JsonObject): boolean {
  if (typeof value["type"] === "string") return value["type"] === "message" || value["type"] === "completion";
  return value["role"] === "assistant" && "content" in value;
}

/** A short string of the vendor, cut to the length of a column. */
function label(value: unknown): string | null {
  return typeof value === "string" ? plainText(value, 200) || null : null;
}
