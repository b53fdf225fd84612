/**
 * Reads a response from its recorded bytes: the assembled message, usage, errors, tools. Streamed and plain responses
 * give the same result; a truncated one gives what it contains. Called by workers/ingest.
 */
import type { Outcome } from "../../schemas/exchange.ts";
import { type Endpoint, hasNoBody } from "../http/endpoint.ts";
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
  /** Of the request; default: Messages. */
  endpoint?: Endpoint;
  /** Of the request; default: POST. */
  method?: string;
  /** False where the recorded bytes are not all of the body, or could not be decoded. Default: true. */
  isWhole?: boolean;
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
  /**
   * The response is complete by its protocol: `message_stop` was seen (of a stream of `/v1/complete`: a stop reason), the JSON is whole,
   * or (where no protocol is known) it was sent to its end. Null where the recorded bytes do not show it.
   */
  ended: boolean | null;
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

/** Endpoints whose success is always a JSON body, or a stream of Messages or of `/v1/complete`. */
const WITH_JSON_BODY: readonly Endpoint[] = [
  "messages",
  "count_tokens",
  "complete",
  "models",
  "model",
  "batches",
  "batch",
  "batch_cancel",
  "files",
  "file",
];
/** Endpoints whose streams have an event that says that they are complete. */
const WITH_STOP_EVENT: readonly Endpoint[] = ["messages", "complete"];

/** Reads a response of any kind: stream, JSON, error, HTML, nothing. Never throws. */
export function readResponse(bytes: ResponseBytes): AssembledResponse {
  const read = (looksStreamed(bytes) ? readStreamed(bytes) : null) ?? readPlain(bytes);
  const { status, method = "POST", isWhole = true } = bytes;
  if (status !== null && hasNoBody(method, status))
    return { ...read, usagePartial: false, ended: bytes.outcome === "complete" };
  return isWhole ? read : { ...read, ended: null };
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
    ended:
      message !== null || WITH_STOP_EVENT.includes(bytes.endpoint ?? "messages")
        ? stream.stopped
        : error === null && bytes.outcome === "complete",
  };
}

function readPlain({
  status,
  body,
  outcome,
  contentType,
  endpoint = "messages",
}: ResponseBytes): AssembledResponse {
  const isErrorStatus = status !== null && status >= 400;
  const first = firstCharacter(body);
  const value = first === "{" ? parseJson(new TextDecoder().decode(body)) : undefined;
  if (!isObject(value)) {
    const wasStream = contentType !== null && /event-stream/i.test(contentType);
    const isSuccess = status !== null && status >= 200 && status < 300;
    // Nothing, or JSON that was cut, where JSON or a stream is due.
    const isMissing =
      isSuccess && WITH_JSON_BODY.includes(endpoint) && (first === "" || first === "{" || wasStream);
    const ended = outcome === "complete" && !isMissing;
    // Neither rejected nor complete: Claude may have generated a message whose tokens are unknown.
    return { ...EMPTY_RESPONSE, usagePartial: !ended && !isErrorStatus, ended };
  }
  const requestId = label(value["request_id"]);
  if (isErrorStatus || isErrorBody(value)) {
    const { type, message } = readError(value);
    const errorType = type ?? (isErrorStatus ? null : "error");
    return { ...EMPTY_RESPONSE, errorType, errorMessage: message, requestId, ended: true };
  }
  if (!isMessage(value)) {
    const ended = endpoint !== "messages" || Object.keys(value).length > 0;
    return { ...EMPTY_RESPONSE, usagePartial: !ended, requestId, ended };
  }
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

/** After a byte order mark and blanks, which gateways send to keep a connection open; empty where there is none. Avoids decoding files. */
function firstCharacter(body: Uint8Array): string {
  let at = body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf ? 3 : 0;
  while (at < body.length && BLANKS.includes(body[at]!)) at++;
  return String.fromCharCode(...body.subarray(at, at + 1));
}
const BLANKS: readonly number[] = [0x20, 0x09, 0x0a, 0x0d];

/** Anthropic's shape, or that of gateways, which leave out the `type`. */
function isErrorBody(value: JsonObject): boolean {
  if (typeof value["type"] === "string") return value["type"] === "error";
  const error = value["error"];
  return isObject(error) || (typeof error === "string" && error !== "");
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
