/** Recorded exchanges: list and detail. */
import { z } from "zod";
import {
  AccountFilter,
  CursorText,
  DomainFilter,
  Limit,
  ModelFilter,
  oneOf,
  optional,
  text,
  time,
  uuid,
  whole,
} from "./parameters.ts";
import { exchangeTokens } from "./totals.ts";
import { CostBreakdown } from "../cost.ts";
import { BodyRecorded, CredentialType, Outcome, RefusedBy } from "../exchange.ts";

const STATUS_RULE = "a status such as 429 or a class: 2xx, 3xx, 4xx, 5xx";
const TYPE_RULE = "a request type such as inference, query_evaluation, quota, count_tokens";

export const RequestQuery = z.object({
  domain: DomainFilter,
  accountId: AccountFilter,
  model: ModelFilter,
  requestType: optional(
    z.string({ error: TYPE_RULE }).regex(/^[a-z][a-z0-9_]{0,49}$/, { error: TYPE_RULE }),
  ).describe("Only this request type."),
  status: optional(
    z
      .string({ error: STATUS_RULE })
      .regex(/^(?:[1-5]\d\d|[1-5]xx)$/i, { error: STATUS_RULE })
      .toLowerCase(),
  ).describe("Only this status or status class."),
  outcome: optional(oneOf(Outcome.options)).describe("Only this outcome."),
  failed: optional(oneOf(["true", "false"])).describe("Only failed exchanges, or only others."),
  from: optional(time()).describe("Started at or after."),
  to: optional(time()).describe("Started before."),
  sessionId: optional(text(200, "a session's id")).describe("Only this client session."),
  conversationId: optional(uuid()).describe("Only this conversation."),
  limit: Limit,
  cursor: CursorText,
  offset: optional(whole(0, 1_000_000)).describe(
    "Rows to skip. The response then includes `pagination.total`; a cursor is faster.",
  ),
});
export type RequestQuery = z.infer<typeof RequestQuery>;

export const RequestParameter = z.object({ id: uuid().describe("The `requestId`.") });

const name = z.string().nullable();

export const RequestRow = z.object({
  requestId: z.string(),
  domain: z.string(),
  accountId: name,
  credentialType: CredentialType,
  clientKeyId: name,
  timestamp: z.iso.datetime().describe("Start, UTC."),
  method: z.string(),
  path: z.string(),
  endpoint: z.string(),
  requestType: z.string(),
  model: name,
  modelServed: name,
  stream: z.boolean(),
  responseStatus: z.number().int().nullable(),
  outcome: Outcome,
  failed: z
    .boolean()
    .describe(
      "The client did not get what it asked for: status 400 or above, no response, an error inside a 200, or a response that ended early. Never true for `client_gone`.",
    ),
  refusedBy: RefusedBy.describe(
    "Whose a status of 400 or above is: upstream's or the proxy's; null otherwise.",
  ),
  error: name.describe("The error message, else the error type, else how the exchange broke off."),
  errorType: name,
  stopReason: name,
  ...exchangeTokens,
  contextTokens: z
    .number()
    .int()
    .nullable()
    .describe("Prompt and output of the last inference by the conversation's model; null if unknown."),
  usagePartial: z.boolean().describe("The final usage never arrived: the counts are minimums."),
  serverToolUse: z.record(z.string(), z.number()).nullable(),
  toolCalls: z.record(z.string(), z.number()).nullable().describe("Tool name → calls in the response."),
  toolCallCount: z.number().int(),
  costUsd: name.describe("Exact decimal; null = unpriced: the model or the usage is unknown."),
  costBreakdown: CostBreakdown.nullable().describe(
    "The lines that add up to the cost; null if never priced.",
  ),
  priceVersion: name.describe("The version of prices and rules."),
  timeToFirstByteMs: z.number().nullable().describe("To the upstream's response headers."),
  durationMs: z.number().nullable().describe("Null if the end was not seen."),
  upstreamRequestId: name,
  upstreamAttempts: z
    .number()
    .int()
    .nullable()
    .describe("How often the request was sent to Claude; null if unknown."),
  messageCount: z.number().int(),
  requestBytes: z.number().int(),
  responseBytes: z.number().int(),
  bodyTruncated: z.boolean(),
  bodyMasked: z.boolean().describe("A secret in the request body was masked before it was stored."),
  responseTruncated: z.boolean(),
  unread: z
    .enum(["too_large", "failed"])
    .nullable()
    .describe(
      "Why a body was kept without being read as a whole: it is too large, or reading it failed three times. Tokens, prompt or conversation may be missing.",
    ),
  clientName: name.describe("Program of the user agent, such as `claude-cli`."),
  clientVersion: name.describe("Its version, such as `2.1.332`."),
  sessionId: name,
  agentId: name,
  parentAgentId: name,
  conversationId: name,
  branchId: name,
  parentRequestId: name,
  isSubtask: z.boolean(),
  parentTaskRequestId: name,
  servesRequestId: name.describe(
    "Of a side request (`linkKind` aux): the request that it served; null if that is not known.",
  ),
  linkKind: name,
  linkedBy: name,
  linkConfidence: name,
});
export type RequestRow = z.infer<typeof RequestRow>;

export const RequestList = z.object({
  requests: z.array(RequestRow),
  nextCursor: z.string().nullable(),
  pagination: z.object({
    total: z.number().int().nullable().describe("Null without `offset`."),
    limit: z.number().int(),
    offset: z.number().int().nullable(),
    hasMore: z.boolean(),
  }),
});
export type RequestList = z.infer<typeof RequestList>;

const headers = z.record(z.string(), z.string()).nullable().describe("Allow-listed headers only.");
/** `removed`: deleted; `large`: too large to return as JSON; the others as recorded. */
export const BodyState = z.enum([...BodyRecorded.options, "removed", "large"]);
export type BodyState = z.infer<typeof BodyState>;

const StreamingChunk = z.object({
  chunkIndex: z.number().int(),
  timestamp: z.iso.datetime().describe("Arrival time, UTC."),
  offsetMs: z.number().int().describe("Milliseconds since the start of the exchange."),
  endByte: z.number().int().describe("Bytes of the response up to the end of the chunk."),
});
export type StreamingChunk = z.infer<typeof StreamingChunk>;

export const RequestDetail = RequestRow.extend({
  query: z.string(),
  requestBody: z.unknown().describe("JSON as sent, or text if it was not JSON; null if there is none."),
  requestBodyState: BodyState,
  responseBody: z
    .unknown()
    .describe("The message assembled from the stream, or the error's JSON; null if there is none."),
  responseBodyState: BodyState.describe("Of the raw bytes; the message is kept longer, in its conversation."),
  usageData: z.record(z.string(), z.unknown()).nullable().describe("Usage as Claude sent it."),
  rateLimit: z.record(z.string(), z.string()).nullable(),
  requestHeaders: headers,
  responseHeaders: headers,
  streamTiming: z
    .object({
      resolutionMs: z
        .number()
        .int()
        .describe("1: exact. Larger: chunks that arrived within so many milliseconds may be merged."),
    })
    .nullable()
    .describe(
      "Precision of `streamingChunks`; null if the stream was not sampled (STREAM_TIMING_SAMPLE) or the timing was deleted.",
    ),
  streamingChunks: z
    .array(StreamingChunk)
    .describe("Arrival of the stream, chunk by chunk; empty if it was not sampled."),
  storedAt: z.iso.datetime(),
});
export type RequestDetail = z.infer<typeof RequestDetail>;
