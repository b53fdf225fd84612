/** Every way in which an exchange ends, and what its row says: written by hand, as the rule of workers/domain/outcome.ts has it. */
import { brotliCompressSync, gzipSync } from "node:zlib";
import type { Outcome } from "../../workers/schemas/exchange.ts";
import {
  errorResponse,
  type ExchangeOptions,
  jsonResponse,
  messageRequest,
  messageStream,
} from "./exchanges.ts";

export interface Ending extends ExchangeOptions {
  /**
   * What the journal has: both parts, or only the request. `none`: R2 took neither, the message carries the metadata. `rejected`: both,
   * but the proxy has not read the request's body.
   */
  recorded?: "both" | "request" | "none" | "rejected";
  row: {
    failed: boolean;
    outcome: Outcome;
    status: number | null;
    errorType: string | null;
    /** `priced`: from its usage. `unpriced`: Claude may bill an unknown amount. */
    cost: "priced" | "free" | "unpriced";
  };
}

const WHOLE = messageStream("It is done.");
const until = (event: string) => WHOLE.slice(0, WHOLE.indexOf(`event: ${event}`));
const OVERLOADED =
  'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n';
const OVERLOADED_BODY = { type: "error", error: { type: "overloaded_error", message: "Overloaded" } };
const JSON_HEADERS = { "content-type": "application/json" };
const NO_RESPONSE = { status: null, headers: {}, timeToFirstByteMs: null };
const COMPLETE = { outcome: "complete", status: 200, errorType: null } as const;
const BROKEN = { failed: true, outcome: "upstream_failed", status: 200 } as const;
const EARLY = { ...BROKEN, errorType: "stream_ended_early" } as const;
const UNEXPECTED = { ...BROKEN, errorType: "unexpected_response" } as const;
const GONE = { failed: false, outcome: "client_gone", errorType: null } as const;
const MESSAGE = JSON.stringify({
  type: "message",
  role: "assistant",
  model: "claude-opus-5-5",
  content: [{ type: "text", text: "Done." }],
  stop_reason: "end_turn",
  usage: { input_tokens: 12, output_tokens: 3 },
});
const SEARCHED = JSON.parse(MESSAGE) as { usage: object };
/** 10 input and 4 output tokens of its own, 100 and 20 of an advisor. */
const ADVISED = {
  ...SEARCHED,
  usage: {
    input_tokens: 10,
    output_tokens: 4,
    iterations: [
      { type: "message", input_tokens: 4, output_tokens: 1 },
      { type: "advisor_message", model: "claude-opus-4-7", input_tokens: 100, output_tokens: 20 },
      { type: "message", input_tokens: 6, output_tokens: 3 },
    ],
  },
};
/** The same with an advisor that has no price: nothing of it is counted as cost. */
const UNPRICED_MODEL = "claude-unheard-of";
const ADVISED_UNPRICED = JSON.parse(
  JSON.stringify(ADVISED).replace("claude-opus-4-7", UNPRICED_MODEL),
) as object;
/** Its usage begins with an entry of 2 output tokens; the text proves more. */
const ITERATED = WHOLE.replace(
  '"usage":{',
  '"usage":{"iterations":[{"type":"message","input_tokens":12,"output_tokens":2}],',
);
const RESULTS = [
  { custom_id: "a", result: { type: "succeeded", message: SEARCHED } },
  { custom_id: "b", result: { type: "errored", error: OVERLOADED_BODY } },
];
const at = (path: string, method = "POST"): ExchangeOptions => ({ requestMetadata: { path, method } });
/** An error of the proxy itself, which has no headers of upstream. */
const own = (status: number, type: string, upstreamAttempts: number): ExchangeOptions => ({
  responseBody: JSON.stringify({ type: "error", error: { type, message: "Nexus: …" } }),
  responseMetadata: {
    ...NO_RESPONSE,
    status,
    errorType: type,
    outcome: upstreamAttempts === 0 ? "complete" : "upstream_failed",
    upstreamAttempts,
  },
});

export const ENDINGS: Readonly<Record<string, Ending>> = {
  "a stream": { row: { ...COMPLETE, failed: false, cost: "priced" } },
  "a message in JSON": { ...jsonResponse(MESSAGE), row: { ...COMPLETE, failed: false, cost: "priced" } },
  "a message of two models": {
    ...jsonResponse(ADVISED),
    row: { ...COMPLETE, failed: false, cost: "priced" },
  },
  "a message of a model without a price beside one with a price": {
    ...jsonResponse(ADVISED_UNPRICED),
    row: { ...COMPLETE, failed: false, cost: "unpriced" },
  },
  "a message that another model served": {
    ...jsonResponse({ ...SEARCHED, model: "claude-haiku-3-5" }),
    row: { ...COMPLETE, failed: false, cost: "priced" },
  },
  "a message whose usage has a text for a count": {
    ...jsonResponse({ ...SEARCHED, usage: { input_tokens: "12", output_tokens: 3 } }),
    row: { ...COMPLETE, failed: false, cost: "unpriced" },
  },
  "a batch": {
    ...at("/v1/messages/batches"),
    requestBody: { requests: [] },
    ...jsonResponse({ type: "message_batch", id: "msgbatch_1" }),
    row: { ...COMPLETE, failed: false, cost: "unpriced" },
  },
  "results of a batch, one of them an error": {
    ...at("/v1/messages/batches/msgbatch_2/results", "GET"),
    requestBody: "",
    ...jsonResponse(RESULTS.map((line) => `${JSON.stringify(line)}\n`).join("")),
    row: { ...COMPLETE, failed: false, cost: "priced" },
  },
  "a message whose searches are not listed": {
    ...jsonResponse({
      ...SEARCHED,
      usage: { ...SEARCHED.usage, server_tool_use: { web_search_requests: 2 } },
    }),
    row: { ...COMPLETE, failed: false, cost: "priced" },
  },
  "a response to a request in gzip": {
    requestBody: gzipSync(JSON.stringify(messageRequest("In gzip"))),
    requestMetadata: { headers: { "content-type": "application/json", "content-encoding": "gzip" } },
    row: { ...COMPLETE, failed: false, cost: "priced" },
  },
  "a response in br to a request with a byte order mark": {
    requestBody: `\ufeff${JSON.stringify(messageRequest("With a mark"))}`,
    responseBody: brotliCompressSync(WHOLE),
    responseMetadata: { bodyCoding: "br" },
    row: { ...COMPLETE, failed: false, cost: "priced" },
  },
  "a count of tokens": {
    ...at("/v1/messages/count_tokens"),
    ...jsonResponse({ input_tokens: 7 }),
    row: { ...COMPLETE, failed: false, cost: "free" },
  },
  "a list of models": {
    ...at("/v1/models", "GET"),
    requestBody: "",
    ...jsonResponse({ data: [] }),
    row: { ...COMPLETE, failed: false, cost: "free" },
  },
  "a HEAD": {
    ...at("/v1/models", "HEAD"),
    requestBody: "",
    ...jsonResponse(""),
    row: { ...COMPLETE, failed: false, cost: "free" },
  },
  "a redirect": {
    responseBody: "",
    responseMetadata: { status: 307, headers: { location: "/x" } },
    row: { ...UNEXPECTED, status: 307, cost: "free" },
  },
  "a message without content": {
    responseBody: "",
    responseMetadata: { status: 204, headers: {} },
    row: { ...UNEXPECTED, status: 204, cost: "unpriced" },
  },
  "a page in place of a message": {
    responseBody: "<html>Sign in</html>",
    responseMetadata: { headers: { "content-type": "text/html" } },
    row: { ...UNEXPECTED, cost: "unpriced" },
  },
  "other JSON in place of a message": {
    ...jsonResponse({ code: 500 }),
    row: { ...UNEXPECTED, cost: "unpriced" },
  },
  "a list of skills cut in the middle": {
    ...at("/v1/skills", "GET"),
    requestBody: "",
    ...jsonResponse('{"data":['),
    row: { ...EARLY, cost: "free" },
  },
  "a batch that was refused inside a 200": {
    ...at("/v1/messages/batches"),
    ...jsonResponse(OVERLOADED_BODY),
    row: { ...COMPLETE, failed: true, errorType: "overloaded_error", cost: "free" },
  },
  "no content": {
    ...at("/v1/files/file_1", "DELETE"),
    responseBody: "",
    responseMetadata: { status: 204, headers: {} },
    row: { ...COMPLETE, status: 204, failed: false, cost: "free" },
  },
  "a completion": {
    ...at("/v1/complete"),
    responseBody:
      'event: completion\ndata: {"type":"completion","completion":"Hi","stop_reason":"max_tokens"}\n\n',
    row: { ...COMPLETE, failed: false, cost: "unpriced" },
  },
  "a 529": {
    ...errorResponse(529, "overloaded_error"),
    row: { failed: true, outcome: "complete", status: 529, errorType: "overloaded_error", cost: "free" },
  },
  "a 429": {
    ...errorResponse(429, "rate_limit_error"),
    row: { failed: true, outcome: "complete", status: 429, errorType: "rate_limit_error", cost: "free" },
  },
  "a 400 of count_tokens": {
    ...at("/v1/messages/count_tokens"),
    ...errorResponse(400, "invalid_request_error"),
    row: { failed: true, outcome: "complete", status: 400, errorType: "invalid_request_error", cost: "free" },
  },
  "a 500 that broke off": {
    ...jsonResponse('{"type":"err', { status: 500, outcome: "upstream_failed" }),
    row: { failed: true, outcome: "upstream_failed", status: 500, errorType: null, cost: "free" },
  },
  "an error inside a 200 as JSON": {
    ...jsonResponse(OVERLOADED_BODY),
    row: { ...COMPLETE, failed: true, errorType: "overloaded_error", cost: "free" },
  },
  "an error as the first event": {
    responseBody: OVERLOADED,
    row: { ...COMPLETE, failed: true, errorType: "overloaded_error", cost: "free" },
  },
  "an error as a later event": {
    responseBody: until("message_delta") + OVERLOADED,
    row: { ...BROKEN, errorType: "overloaded_error", cost: "priced" },
  },
  "an error before message_stop": {
    responseBody: until("message_stop") + OVERLOADED + WHOLE.slice(WHOLE.indexOf("event: message_stop")),
    row: { ...BROKEN, errorType: "overloaded_error", cost: "priced" },
  },
  "a stream that broke off": {
    responseBody: until("message_delta"),
    responseMetadata: { outcome: "upstream_failed" },
    row: { ...BROKEN, errorType: null, cost: "priced" },
  },
  "a stream without message_delta": {
    responseBody: until("message_delta"),
    row: { ...EARLY, cost: "priced" },
  },
  "a stream without message_stop": { responseBody: until("message_stop"), row: { ...EARLY, cost: "priced" } },
  "a stream that ended within a block": {
    responseBody: until("content_block_stop"),
    row: { ...EARLY, cost: "priced" },
  },
  "an empty stream": { responseBody: "", row: { ...EARLY, cost: "unpriced" } },
  "an empty JSON body": { ...jsonResponse(""), row: { ...EARLY, cost: "unpriced" } },
  "JSON cut in the middle": { ...jsonResponse(MESSAGE.slice(0, 80)), row: { ...EARLY, cost: "unpriced" } },
  "an empty count of tokens": {
    ...at("/v1/messages/count_tokens"),
    ...jsonResponse(""),
    row: { ...EARLY, cost: "free" },
  },
  "a list of models cut in the middle": {
    ...at("/v1/models", "GET"),
    requestBody: "",
    ...jsonResponse('{"data":['),
    row: { ...EARLY, cost: "free" },
  },
  "a completion without a stop reason": {
    ...at("/v1/complete"),
    responseBody: 'event: completion\ndata: {"type":"completion","completion":"Hi","stop_reason":null}\n\n',
    row: { ...EARLY, cost: "unpriced" },
  },
  "a 504 of the proxy": {
    ...own(504, "timeout_error", 1),
    row: {
      failed: true,
      outcome: "upstream_failed",
      status: 504,
      errorType: "timeout_error",
      cost: "unpriced",
    },
  },
  "a 502 of the proxy": {
    ...own(502, "api_error", 1),
    row: { failed: true, outcome: "upstream_failed", status: 502, errorType: "api_error", cost: "unpriced" },
  },
  "a 401 of the proxy for its own login": {
    ...own(401, "authentication_error", 0),
    recorded: "rejected",
    row: {
      failed: true,
      outcome: "complete",
      status: 401,
      errorType: "authentication_error",
      cost: "free",
    },
  },
  "a 403 of the proxy": {
    ...own(403, "permission_error", 0),
    recorded: "rejected",
    row: { failed: true, outcome: "complete", status: 403, errorType: "permission_error", cost: "free" },
  },
  "a client that left before the headers": {
    responseBody: "",
    responseMetadata: { ...NO_RESPONSE, outcome: "client_gone" },
    row: { ...GONE, status: null, cost: "unpriced" },
  },
  "a client that left during the stream": {
    responseBody: until("content_block_stop"),
    responseMetadata: { outcome: "client_gone" },
    row: { ...GONE, status: 200, cost: "priced" },
  },
  "a client that left during a stream whose usage lists its inferences": {
    responseBody: ITERATED.slice(0, ITERATED.indexOf("event: content_block_stop")),
    responseMetadata: { outcome: "client_gone" },
    row: { ...GONE, status: 200, cost: "priced" },
  },
  "a client that left during a 529": {
    ...jsonResponse("", { status: 529, outcome: "client_gone" }),
    row: { ...GONE, status: 529, cost: "free" },
  },
  "an interruption before the response": {
    recorded: "request",
    row: { failed: true, outcome: "interrupted", status: null, errorType: null, cost: "unpriced" },
  },
  "an interruption during the response": {
    responseBody: until("content_block_stop"),
    responseMetadata: { outcome: "interrupted" },
    row: { failed: true, outcome: "interrupted", status: 200, errorType: null, cost: "priced" },
  },
  "an interruption after the whole response": {
    responseMetadata: { outcome: "interrupted" },
    row: { failed: false, outcome: "interrupted", status: 200, errorType: null, cost: "priced" },
  },
  "an unrecorded response": {
    recorded: "none",
    row: { failed: false, outcome: "unrecorded", status: 200, errorType: null, cost: "unpriced" },
  },
  "an unrecorded 529": {
    recorded: "none",
    responseMetadata: { status: 529, headers: JSON_HEADERS },
    row: { failed: true, outcome: "unrecorded", status: 529, errorType: null, cost: "free" },
  },
  "an unrecorded stream that broke off": {
    recorded: "none",
    responseMetadata: { outcome: "unrecorded", endedAs: "upstream_failed" },
    row: { failed: true, outcome: "unrecorded", status: 200, errorType: null, cost: "unpriced" },
  },
  "an unrecorded client that left": {
    recorded: "none",
    responseMetadata: { ...NO_RESPONSE, outcome: "unrecorded", endedAs: "client_gone" },
    row: { failed: false, outcome: "unrecorded", status: null, errorType: null, cost: "unpriced" },
  },
};
