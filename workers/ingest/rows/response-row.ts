/** The response part of an exchange as stored: columns, assembled message, bytes. Pure; called by exchange-row.ts. */
import { readResponse } from "../../domain/messages/read-response.ts";
import { estimateOutputTokens } from "../../domain/messages/estimate-output-tokens.ts";
import { assistantElement } from "../../domain/content/split-body.ts";
import { storableJson } from "../../domain/json/json.ts";
import { packTiming } from "../../domain/messages/chunk-timing.ts";
import { plainText } from "../../domain/truncate.ts";
import { serverToolUse, tokenCounts } from "../../domain/usage/token-usage.ts";
import type { ResponseMetadata } from "../../schemas/exchange.ts";
import type { StorableResponse } from "../../store/requests/write-model.ts";
import { decodeBody } from "./decoding.ts";
import { responseHeaderSets } from "./header-sets.ts";

const MAX_LABEL = 200;

/** The row's data from the response. `body` is the journal's. */
export function responseRow(metadata: ResponseMetadata, body: Uint8Array): StorableResponse {
  const decoded = decodeBody(body, metadata.bodyCoding);
  const bytes = decoded ?? body;
  const headers = storableJson(metadata.headers);
  const parsed = readResponse({
    status: metadata.status,
    contentType: headers["content-type"] ?? null,
    body: bytes,
    outcome: metadata.outcome,
  });
  const toolCallCount = Object.values(parsed.toolCalls).reduce((sum, count) => sum + count, 0);
  const { shared, own } = responseHeaderSets(headers);
  const message = parsed.message && assistantElement({ content: parsed.message["content"] });
  return {
    columns: {
      status: metadata.status,
      outcome: metadata.outcome,
      modelServed: parsed.modelServed,
      errorType: label(metadata.errorType) ?? parsed.errorType,
      errorMessage: parsed.errorMessage,
      stopReason: parsed.stopReason,
      ...tokenCounts(parsed.usage),
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
      responseBytes: metadata.bodyCoding !== "identity" && decoded ? bytes.length : metadata.body.bytes,
      responseTruncated: metadata.body.recorded === "head",
    },
    headers: shared,
    organizationId: label(headers["anthropic-organization-id"]),
    receivedTokens: parsed.message && estimateOutputTokens(parsed.message),
    answer: message && { bytes: message.content, sha256: message.sha256 },
    body: metadata.body.recorded === "none" || bytes.length === 0 ? null : bytes,
    // Timing refers to encoded bytes: it is meaningless for a body that is decoded here.
    timing: metadata.timing && metadata.bodyCoding === "identity" ? packTiming(metadata.timing) : null,
  };
}

function label(value: string | null | undefined): string | null {
  return (value && plainText(value, MAX_LABEL)) || null;
}
