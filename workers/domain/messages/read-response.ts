/**
 * Reads a response from its recorded bytes: the assembled message, usage, errors, tools. Streamed and plain responses
 * give the same result; a truncated one gives what it contains. Called by workers/ingest.
 */
import type { Outcome } from "../../schemas/exchange.ts";
import { type Endpoint, hasNoBody } from "../http/endpoint.ts";
import { readError } from "./error-body.ts";
import { finish, type Steps } from "../steps.ts";
import { assembleInSteps } from "./assemble-stream.ts";
import { isObject, parseJsonBytes, storableJson, type JsonObject } from "../json/json.ts";
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
   * The response is complete by its protocol: `message_stop` came without an error event (of a stream of `/v1/complete`: a stop reason),
   * the JSON is whole and what the endpoint returns, or (where no protocol is known) it was sent to its end. Null where the recorded bytes
   * do not show it.
   */
  ended: boolean | null;
  /** Not complete because the response is none that the endpoint returns: a page, other JSON, a redirect, no content. */
  isUnexpected: boolean;
  /** Parts of a stream were left out, because it is larger than what is kept in memory. */
  isTooLarge: boolean;
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
  isUnexpected: false,
  isTooLarge: false,
};

/** Endpoints whose success is a client's file: it may begin like an error or a stream. */
const FILES: readonly Endpoint[] = ["file_content", "skill_content"];
/** Endpoints whose success is not documented, or need not have content. */
const WITHOUT_PROTOCOL: readonly Endpoint[] = [
  ...FILES,
  "environment_work",
  "tunnels",
  "organizations",
  "oauth",
  "other",
];
/** Endpoints whose streams have an event that says that they are complete. */
const WITH_STOP_EVENT: readonly Endpoint[] = ["messages", "complete"];
const STREAMED: readonly Endpoint[] = [...WITH_STOP_EVENT, "session_stream", ...WITHOUT_PROTOCOL];
const LISTS: readonly Endpoint[] = ["models", "batches", "files"];
const RESOURCES: readonly Endpoint[] = ["model", "batch", "batch_cancel", "file", ...LISTS];
const JSON_TYPE = /[/+]json(?![\w-])/i;

/** Reads a response of any kind: stream, JSON, error, HTML, nothing. Never throws. */
export const readResponse = (bytes: ResponseBytes): AssembledResponse => finish(readInSteps(bytes));

/** `readResponse` in steps. */
export function* readInSteps(bytes: ResponseBytes): Steps<AssembledResponse> {
  const { status, outcome, endpoint = "messages", method = "POST", isWhole = true } = bytes;
  if (FILES.includes(endpoint) && status !== null && status < 400)
    return { ...EMPTY_RESPONSE, ended: outcome === "complete" };
  const read = (looksStreamed(bytes) ? yield* readStreamed(bytes) : null) ?? readPlain(bytes);
  if (status !== null && (hasNoBody(method, status) || isRedirect(status))) {
    const isExpected = WITHOUT_PROTOCOL.includes(endpoint) || needsNoBody(method, status);
    const ended = isExpected && outcome === "complete";
    return { ...read, usagePartial: false, ended, isUnexpected: !isExpected };
  }
  return isWhole ? read : { ...read, ended: null, isUnexpected: false };
}

const isRedirect = (status: number) => status >= 300 && status < 400;

/** Whether a client expects no content with this status: a deletion, or what it has already. RFC 9110 15.3.5, 15.4.5 */
function needsNoBody(method: string, status: number): boolean {
  const verb = method.toUpperCase();
  return verb === "HEAD" || (verb === "DELETE" && !isRedirect(status)) || (verb === "GET" && status === 304);
}

function looksStreamed({ contentType, body }: ResponseBytes): boolean {
  if (contentType !== null && /event-stream/i.test(contentType)) return true;
  // Some gateways send a wrong content type. No JSON text begins like a field of an event.
  return /^\ufeff?\s*(?:event|data|id|retry)?:/.test(new TextDecoder().decode(body.subarray(0, 64)));
}

/** Null without any event, so that an error with the wrong content type is read as a plain body. */
function* readStreamed(bytes: ResponseBytes): Steps<AssembledResponse | null> {
  const stream = yield* assembleInSteps(bytes.body);
  if (stream.events === 0) return null;
  const { message, usage, error } = stream;
  const { endpoint = "messages" } = bytes;
  const isExpected = STREAMED.includes(endpoint);
  const hasStopEvent = message !== null || WITH_STOP_EVENT.includes(endpoint);
  const ended = hasStopEvent ? stream.stopped : bytes.outcome === "complete";
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
    ended: isExpected && ended && error === null,
    isUnexpected: !isExpected,
    isTooLarge: stream.isTooLarge,
  };
}

function readPlain(bytes: ResponseBytes): AssembledResponse {
  const { status, body, outcome, contentType, endpoint = "messages" } = bytes;
  const isErrorStatus = status !== null && status >= 400;
  const isSuccess = status !== null && status >= 200 && status < 300;
  const first = firstCharacter(body);
  const isJson = contentType !== null && JSON_TYPE.test(contentType);
  const value = first === "{" || (isJson && first !== "") ? parseJsonBytes(body) : undefined;
  if (!isObject(value)) {
    const isFailed = isSuccess && !mayBePlain(endpoint, first, isJson && value === undefined);
    const ended = outcome === "complete" && !isFailed;
    // JSON that was cut, nothing, or the comments of a stream; and something else.
    const isCut = ["", ":"].includes(first) || (value === undefined && "{[".includes(first));
    // Neither rejected nor complete: Claude may have generated a message whose tokens are unknown.
    return {
      ...EMPTY_RESPONSE,
      usagePartial: !ended && !isErrorStatus,
      ended,
      isUnexpected: isFailed && !isCut,
    };
  }
  const requestId = label(value["request_id"]);
  if (isErrorStatus || isErrorBody(value)) {
    const { type, message } = readError(value);
    const errorType = type ?? (isErrorStatus ? null : "error");
    return { ...EMPTY_RESPONSE, errorType, errorMessage: message, requestId, ended: true };
  }
  const ended = !isSuccess || isExpectedObject(value, bytes);
  const read = { ...EMPTY_RESPONSE, requestId, ended, isUnexpected: !ended };
  if (!isMessage(value)) return { ...read, usagePartial: !ended };
  return {
    ...read,
    message: value,
    usage: isObject(value["usage"]) ? storableJson(value["usage"]) : null,
    stopReason: label(value["stop_reason"]),
    modelServed: label(value["model"]),
    toolCalls: countToolCalls(value["content"]),
  };
}

/** Whether a success of the endpoint may be no JSON object. `first`: the first character of the body. */
function mayBePlain(endpoint: Endpoint, first: string, isCutJson: boolean): boolean {
  // Its lines are read by batch-results.ts.
  if (endpoint === "batch_results") return first === "{";
  if (endpoint === "session_stream") return ["", ":"].includes(first);
  return WITHOUT_PROTOCOL.includes(endpoint) && (first === "" || !isCutJson);
}

/** Whether an object is a success of the endpoint; of those that return more than one kind any object is. */
function isExpectedObject(
  value: JsonObject,
  { endpoint = "messages", method = "POST" }: ResponseBytes,
): boolean {
  if (WITH_STOP_EVENT.includes(endpoint)) return isMessage(value);
  if (endpoint === "count_tokens") return typeof value["input_tokens"] === "number";
  if (endpoint === "session_stream") return false;
  if (!RESOURCES.includes(endpoint)) return true;
  const isList = LISTS.includes(endpoint) && method.toUpperCase() !== "POST";
  return isList ? Array.isArray(value["data"]) : typeof value["id"] === "string";
}

/** After a byte order mark and blanks, which gateways send to keep a connection open; empty where there is none. Avoids decoding files. */
function firstCharacter(body: Uint8Array): string {
  let at = body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf ? 3 : 0;
  while (at < body.length && isBlank(body[at]!)) at++;
  return String.fromCharCode(...body.subarray(at, at + 1));
}
const isBlank = (byte: number) => byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d;

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
