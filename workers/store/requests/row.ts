/** One row of `requests` as lists show it: the columns to ask for, and their translation into the API's names. */
import { domains, requests } from "../../../drizzle/schema.ts";
import { toCostBreakdown } from "../../domain/pricing/cost-breakdown.ts";
import { unpackBill } from "../../domain/pricing/cost-codec.ts";
import type { RequestRow } from "../../schemas/api/requests.ts";
import { CredentialType, Outcome } from "../../schemas/exchange.ts";
import { usdText } from "../usage/cost.ts";

/** For a select that joins `domains`. No body, no header, no hash: a row is about 1 KB. */
export const REQUEST_ROW_COLUMNS = {
  id: requests.id,
  domain: domains.name,
  accountId: requests.accountId,
  credentialType: requests.credentialType,
  clientKeyId: requests.clientKeyId,
  startedAt: requests.startedAt,
  method: requests.method,
  path: requests.path,
  endpoint: requests.endpoint,
  requestType: requests.requestType,
  model: requests.model,
  modelServed: requests.modelServed,
  stream: requests.stream,
  status: requests.status,
  outcome: requests.outcome,
  errorType: requests.errorType,
  errorMessage: requests.errorMessage,
  stopReason: requests.stopReason,
  inputTokens: requests.inputTokens,
  outputTokens: requests.outputTokens,
  cacheReadInputTokens: requests.cacheReadInputTokens,
  cacheCreationInputTokens: requests.cacheCreationInputTokens,
  cacheCreation5mInputTokens: requests.cacheCreation5mInputTokens,
  cacheCreation1hInputTokens: requests.cacheCreation1hInputTokens,
  thinkingTokens: requests.thinkingTokens,
  usagePartial: requests.usagePartial,
  serverToolUse: requests.serverToolUse,
  toolCalls: requests.toolCalls,
  toolCallCount: requests.toolCallCount,
  costPico: requests.costPico,
  costBreakdown: requests.costBreakdown,
  priceVersion: requests.priceVersion,
  timeToFirstByteMs: requests.timeToFirstByteMs,
  durationMs: requests.durationMs,
  upstreamRequestId: requests.upstreamRequestId,
  messageCount: requests.messageCount,
  bodyBytes: requests.bodyBytes,
  responseBytes: requests.responseBytes,
  bodyTruncated: requests.bodyTruncated,
  bodyMasked: requests.bodyMasked,
  responseTruncated: requests.responseTruncated,
  sessionId: requests.sessionId,
  agentId: requests.agentId,
  parentAgentId: requests.parentAgentId,
  conversationId: requests.conversationId,
  branchId: requests.branchId,
  parentRequestId: requests.parentRequestId,
  isSubtask: requests.isSubtask,
  parentTaskRequestId: requests.parentTaskRequestId,
  linkKind: requests.linkKind,
  linkedBy: requests.linkedBy,
  linkConfidence: requests.linkConfidence,
};

type Selected = {
  [Name in keyof typeof REQUEST_ROW_COLUMNS]: (typeof REQUEST_ROW_COLUMNS)[Name] extends typeof domains.name
    ? string
    : Name extends keyof typeof requests.$inferSelect
      ? (typeof requests.$inferSelect)[Name]
      : never;
};

/** What the API calls it. Also the payload of live updates about a stored exchange. */
export function toRequestRow(row: Selected): RequestRow {
  const { id, startedAt, status, errorMessage, costPico, bodyBytes, ...same } = row;
  const bill = unpackBill(row.costBreakdown);
  return {
    ...same,
    requestId: id,
    credentialType: CredentialType.parse(row.credentialType),
    timestamp: startedAt.toISOString(),
    responseStatus: status,
    outcome: Outcome.parse(row.outcome),
    error: errorMessage ?? row.errorType,
    totalTokens:
      row.inputTokens === null && row.outputTokens === null
        ? null
        : (row.inputTokens ?? 0) + (row.outputTokens ?? 0),
    costUsd: costPico === null ? null : usdText(costPico),
    costBreakdown: bill && toCostBreakdown(bill),
    requestBytes: bodyBytes,
  };
}
