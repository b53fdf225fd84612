/** One row of `conversations` as the API shows it. */
import { conversations, domains } from "../../../drizzle/schema.ts";
import type { ConversationRow } from "../../schemas/api/conversations.ts";
import { sumUsdText } from "../usage/cost.ts";

/** For a select that joins `domains`. */
export const CONVERSATION_COLUMNS = { domain: domains.name, sums: conversations };

export function conversationRow({
  domain,
  sums,
}: {
  domain: string;
  sums: typeof conversations.$inferSelect;
}): ConversationRow {
  const prompt = sums.inputTokens + sums.cacheReadInputTokens + sums.cacheCreationInputTokens;
  return {
    conversationId: sums.id,
    domain,
    title: sums.title,
    accountId: sums.accountIds[0] ?? null,
    accountIds: sums.accountIds,
    sessionId: sums.sessionId,
    rootRequestId: sums.rootRequestId,
    firstMessageTime: sums.firstAt.toISOString(),
    lastMessageTime: sums.lastAt.toISOString(),
    endedAt: sums.endedAt.toISOString(),
    durationMs: sums.endedAt.getTime() - sums.firstAt.getTime(),
    inferenceMs: sums.inferenceMs,
    messageCount: sums.requests,
    turnCount: sums.turns,
    subtaskMessageCount: sums.subtaskRequests,
    errorCount: sums.errors,
    branchCount: sums.branches,
    userBranchCount: sums.userBranches,
    compactBranchCount: sums.compactBranches,
    subtaskBranchCount: sums.subtaskBranches,
    inputTokens: sums.inputTokens,
    outputTokens: sums.outputTokens,
    totalTokens: sums.inputTokens + sums.outputTokens,
    cacheReadInputTokens: sums.cacheReadInputTokens,
    cacheCreationInputTokens: sums.cacheCreationInputTokens,
    thinkingTokens: sums.thinkingTokens,
    cacheHitShare: prompt === 0 ? null : sums.cacheReadInputTokens / prompt,
    toolCallCount: sums.toolCallCount,
    costUsd: sumUsdText(sums.costPico, sums.unpricedCount),
    unpricedCount: sums.unpricedCount,
    modelsUsed: sums.models,
    latestRequestId: sums.latestRequestId,
    latestModel: sums.latestModel,
    latestContextTokens: sums.latestContextTokens,
    isSubtask: sums.subtaskRequests === sums.requests,
    // A sub-task belongs to the conversation that spawned it.
    parentTaskRequestId: null,
    parentConversationId: null,
    orphanCount: sums.orphans,
  };
}
