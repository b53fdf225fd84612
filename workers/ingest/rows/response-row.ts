/** The response part of an exchange as stored: columns, assembled message, bytes. Pure; called by exchange-row.ts. */
import { readBatchInSteps } from "../../domain/messages/batch-results.ts";
import { readInSteps } from "../../domain/messages/read-response.ts";
import type { Steps } from "../../domain/steps.ts";
import { tookSeveralInferences } from "../../domain/messages/content.ts";
import { estimateOutputTokens } from "../../domain/messages/estimate-output-tokens.ts";
import { smallMembers } from "../../domain/content/scan-body.ts";
import { assistantElement } from "../../domain/content/split-body.ts";
import { isTooLarge, storableJson } from "../../domain/json/json.ts";
import { packTiming } from "../../domain/messages/chunk-timing.ts";
import { plainText } from "../../domain/truncate.ts";
import { contextTokens, serverToolUse } from "../../domain/usage/token-usage.ts";
import type { Endpoint } from "../../domain/http/endpoint.ts";
import { ENDED_EARLY, isFailed, UNEXPECTED_RESPONSE } from "../../domain/outcome.ts";
import type { ResponseMetadata } from "../../schemas/exchange.ts";
import type { StorableResponse } from "../../store/requests/write-model.ts";
import { decodeBody } from "./decoding.ts";
import { responseHeaderSets } from "./header-sets.ts";

const MAX_LABEL = 200;
/** Content types of Claude's own responses. */
const TEXT_TYPE = /json|event-stream/i;

/** What of the request the meaning of its response depends on; absent where it is not known. */
export interface RequestOfResponse {
  endpoint?: Endpoint;
  method?: string;
  path?: string;
}

const JSON_TYPE = /json/i;
const NO_BYTES = new Uint8Array(0);

/** Stored beside the error type of a response that is not complete by its protocol. */
const INCOMPLETE_MESSAGES = {
  [ENDED_EARLY]: "The response ended before it was complete.",
  [UNEXPECTED_RESPONSE]: "The response is not what this endpoint returns.",
};

/** The row's data from the response. `body` is the journal's. `isUnrecorded`: R2 did not take a part of the exchange. */
export function* responseRow(
  metadata: ResponseMetadata,
  body: Uint8Array,
  {
    endpoint = "other",
    method,
    path = "",
    isUnrecorded,
    isUnread,
  }: RequestOfResponse & { isUnrecorded: boolean; isUnread: boolean },
): Steps<StorableResponse> {
  const headers = storableJson(metadata.headers);
  // A file may be compressed itself.
  const isPlain =
    isUnread || (metadata.bodyCoding === "identity" && !TEXT_TYPE.test(headers["content-type"] ?? ""));
  const decoded = isPlain ? body : decodeBody(body, metadata.bodyCoding);
  const isDecoded = typeof decoded !== "string";
  const bytes = isDecoded ? decoded : body;
  const endedAs = metadata.endedAs ?? metadata.outcome;
  const isLarge = !isUnread && isTooLarge([bytes]);
  const small = isUnread ? NO_BYTES : isLarge ? yield* smallMembers(bytes) : null;
  const isLargeList = isLarge && small === null && JSON_TYPE.test(headers["content-type"] ?? "");
  const read = yield* readInSteps({
    status: metadata.status,
    contentType: headers["content-type"] ?? null,
    body: small ?? bytes,
    outcome: endedAs,
    isWhole: metadata.body.recorded === "whole" && isDecoded && !isUnread && !isLargeList,
    endpoint,
    ...(method === undefined ? {} : { method }),
  });
  const parsed = small === null ? read : { ...read, message: null, isTooLarge: true };
  const isWhole = endedAs === "complete" && metadata.body.recorded === "whole";
  const batch = yield* readBatchInSteps({
    endpoint,
    method: method ?? "",
    path,
    status: metadata.status,
    body: isUnread ? NO_BYTES : bytes,
    isWhole: isWhole && !isUnread,
  });
  const isComplete = batch?.isComplete === false ? false : parsed.ended;
  const toolCallCount = Object.values(parsed.toolCalls).reduce((sum, count) => sum + count, 0);
  const { shared, own } = responseHeaderSets(headers);
  const message = parsed.message && assistantElement({ content: parsed.message["content"] });
  // An error in place of a message is a complete response; one after the message has begun breaks it off.
  const isIncomplete =
    endedAs === "complete" && isComplete === false && (parsed.errorType === null || parsed.message !== null);
  const incompleteAs =
    isIncomplete && parsed.errorType === null
      ? parsed.isUnexpected
        ? UNEXPECTED_RESPONSE
        : ENDED_EARLY
      : null;
  const end = {
    status: metadata.status,
    outcome: isIncomplete ? "upstream_failed" : endedAs,
    errorType: label(metadata.errorType) ?? parsed.errorType ?? incompleteAs,
    isComplete,
  } as const;
  return {
    columns: {
      status: metadata.status,
      outcome: isUnrecorded || metadata.outcome === "unrecorded" ? "unrecorded" : end.outcome,
      failed: isFailed(end),
      modelServed: parsed.modelServed,
      errorType: end.errorType,
      errorMessage: parsed.errorMessage ?? (incompleteAs && INCOMPLETE_MESSAGES[incompleteAs]),
      stopReason: parsed.stopReason,
      contextTokens: contextTokens(parsed.usage, tookSeveralInferences(parsed.message?.["content"])),
      serverToolUse: serverToolUse(parsed.usage),
      usage: parsed.usage,
      usagePartial: parsed.usagePartial,
      toolCalls: toolCallCount === 0 ? null : parsed.toolCalls,
      toolCallCount,
      timeToFirstByteMs: metadata.timeToFirstByteMs,
      durationMs: metadata.durationMs,
      upstreamAttempts: metadata.upstreamAttempts ?? null,
      upstreamRequestId: label(headers["request-id"]) ?? parsed.requestId,
      responseHeaders: own,
      // Where the body is decoded only here, the recorder counted encoded bytes.
      responseBytes: bytes === body ? metadata.body.bytes : bytes.length,
      responseTruncated: metadata.body.recorded === "head",
    },
    headers: shared,
    organizationId: label(headers["anthropic-organization-id"]),
    receivedTokens: parsed.message && estimateOutputTokens(parsed.message),
    unread: isUnread ? "failed" : decoded === "too_large" || parsed.isTooLarge ? "too_large" : null,
    batch,
    message: message && { bytes: message.content, sha256: message.sha256 },
    body: metadata.body.recorded === "none" || bytes.length === 0 ? null : bytes,
    // Timing refers to encoded bytes: it is meaningless for a body that is decoded here.
    timing:
      metadata.timing && metadata.bodyCoding === "identity" && bytes === body
        ? packTiming(metadata.timing)
        : null,
  };
}

function label(value: string | null | undefined): string | null {
  return (value && plainText(value, MAX_LABEL)) || null;
}
