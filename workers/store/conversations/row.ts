/** One row of `conversations` as the API shows it. */
import { conversations, domains } from "../../../drizzle/schema.ts";
import type { ConversationRow } from "../../schemas/api/conversations.ts";
import { sumUsdText } from "../usage/cost.ts";

/** For a select that joins `domains`. */
export const CONVERSATION_COLUMNS = { domain: domains.name, conversation: conversations };

export function toConversationRow({
  domain,
  conversation: conversation,
}: {
  domain: string;
  conversation: typeof conversations.$inferSelect;
}): ConversationRow {
  const prompt =
    conversation.inputTokens + conversation.cacheReadInputTokens + conversation.cacheCreationInputTokens;
  return {
    conversationId: conversation.id,
    domain,
    title: conversation.title,
    accountId: conversation.accountIds[0] ?? null,
    accountIds: conversation.accountIds,
    sessionId: conversation.sessionId,
    rootRequestId: conversation.rootRequestId,
    firstMessageTime: conversation.firstAt.toISOString(),
    lastMessageTime: conversation.lastAt.toISOString(),
    endedAt: conversation.endedAt.toISOString(),
    durationMs: conversation.endedAt.getTime() - conversation.firstAt.getTime(),
    inferenceMs: conversation.inferenceMs,
    messageCount: conversation.requests,
    turnCount: conversation.turns,
    subtaskMessageCount: conversation.subtaskRequests,
    errorCount: conversation.errors,
    branchCount: conversation.branches,
    userBranchCount: conversation.userBranches,
    compactBranchCount: conversation.compactBranches,
    subtaskBranchCount: conversation.subtaskBranches,
    inputTokens: conversation.inputTokens,
    outputTokens: conversation.outputTokens,
    totalTokens: conversation.inputTokens + conversation.outputTokens,
    cacheReadInputTokens: conversation.cacheReadInputTokens,
    cacheCreationInputTokens: conversation.cacheCreationInputTokens,
    thinkingTokens: conversation.thinkingTokens,
    cacheHitShare: prompt === 0 ? null : conversation.cacheReadInputTokens / prompt,
    toolCallCount: conversation.toolCallCount,
    costUsd: sumUsdText(conversation.costPico, conversation.unpricedCount),
    unpricedCount: conversation.unpricedCount,
    modelsUsed: conversation.models,
    latestRequestId: conversation.latestRequestId,
    latestModel: conversation.latestModel,
    latestContextTokens: conversation.latestContextTokens,
    isSubtask: conversation.subtaskRequests === conversation.requests,
    // A sub-task belongs to the conversation that spawned it.
    parentTaskRequestId: null,
    parentConversationId: null,
    orphanCount: conversation.orphans,
  };
}
