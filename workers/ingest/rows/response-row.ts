/** The answer's half of an exchange as it is stored: columns, assembled message, bytes. Pure; called by exchange-row.ts. */
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

/** Everything a row has from its answer. `body` is what the journal has of it. */
export function responseRow(facts: ResponseMetadata, body: Uint8Array): StorableResponse {
  const decoded = decodeBody(body, facts.bodyCoding);
  const bytes = decoded ?? body;
  const headers = storableJson(facts.headers);
  const answer = readResponse({
    status: facts.status,
    contentType: headers["content-type"] ?? null,
    body: bytes,
    outcome: facts.outcome,
  });
  const toolCallCount = Object.values(answer.toolCalls).reduce((sum, count) => sum + count, 0);
  const { shared, own } = responseHeaderSets(headers);
  const message = answer.message && assistantElement({ content: answer.message["content"] });
  return {
    columns: {
      status: facts.status,
      outcome: facts.outcome,
      modelServed: answer.modelServed,
      errorType: label(facts.errorType) ?? answer.errorType,
      errorMessage: answer.errorMessage,
      stopReason: answer.stopReason,
      ...tokenCounts(answer.usage),
      serverToolUse: serverToolUse(answer.usage),
      usage: answer.usage,
      usagePartial: answer.usagePartial,
      toolCalls: toolCallCount === 0 ? null : answer.toolCalls,
      toolCallCount,
      timeToFirstByteMs: facts.timeToFirstByteMs,
      durationMs: facts.durationMs,
      upstreamRequestId: label(headers["request-id"]) ?? answer.requestId,
      responseHeaders: own,
      // Where a coding could be undone only here, the recorder counted coded bytes.
      responseBytes: facts.bodyCoding !== "identity" && decoded ? bytes.length : facts.body.bytes,
      responseTruncated: facts.body.recorded === "head",
    },
    headers: shared,
    organizationId: label(headers["anthropic-organization-id"]),
    receivedTokens: answer.message && estimateOutputTokens(answer.message),
    answer: message && { bytes: message.content, sha256: message.sha256 },
    body: facts.body.recorded === "none" || bytes.length === 0 ? null : bytes,
    // Times are of the bytes that came: where a coding was undone here, they are of no bytes that anybody sees.
    timing: facts.timing && facts.bodyCoding === "identity" ? packTiming(facts.timing) : null,
  };
}

function label(value: string | null | undefined): string | null {
  return (value && plainText(value, MAX_LABEL)) || null;
}
