/** One row of `conversations` as the API returns it. */
import { conversations, domains } from "../../../drizzle/schema.ts";
import type { ConversationRow } from "../../schemas/api/conversations.ts";
import { cacheHitShare, tokenTotalsView } from "../usage/totals.ts";

/** For a select that joins `domains`. */
export const CONVERSATION_COLUMNS = { domain: domains.name, conversation: conversations };

export function toConversationRow({
  domain,
  conversation,
}: {
  domain: string;
  conversation: typeof conversations.$inferSelect;
}): ConversationRow {
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
    ...tokenTotalsView(conversation),
    thinkingTokens: conversation.thinkingTokens,
    cacheHitShare: cacheHitShare(conversation),
    toolCallCount: conversation.toolCallCount,
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
