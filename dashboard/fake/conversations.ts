/** Conversations put together from the scripted rows: one per session, some with branches, sub-tasks, a compaction. */
import type {
  Branch,
  ConversationDetail,
  ConversationRow,
  Transcript,
} from "../../workers/schemas/api-conversations.ts";
import { decimalOf, picoOf } from "../src/format/decimal.ts";
import { isObject } from "../src/transcript/blocks.ts";
import type { RequestRow } from "../src/api/types.ts";
import { busyAnswer, busyRequestBody } from "./conversation.ts";
import { hostileAnswer, hostileRequestBody, NASTY } from "./hostile.ts";

const TITLES = [
  "The login test fails about one time in five. Can you find out why, and fix it?",
  "Add paging to the list of invoices",
  "Why is the nightly export so slow since Tuesday?",
  "Translate the error messages into German",
  "Review this pull request as if you were going to maintain it",
];

export function conversationsOf(rows: readonly RequestRow[], isHostile: boolean): ConversationRow[] {
  const sessions = Map.groupBy(
    rows.filter((row) => row.sessionId !== null),
    (row) => row.sessionId ?? "",
  );
  return [...sessions].map(([sessionId, group], index) => {
    const latest = group[0]!;
    const root = group.at(-1)!;
    const sum = (read: (row: RequestRow) => number | null) =>
      group.reduce((total, row) => total + (read(row) ?? 0), 0);
    const prompt = (row: RequestRow) =>
      (row.inputTokens ?? 0) + (row.cacheReadInputTokens ?? 0) + (row.cacheCreationInputTokens ?? 0);
    const ended = Date.parse(latest.timestamp) + (latest.durationMs ?? 0);
    const priced = group.filter((row) => row.costUsd !== null);
    return {
      conversationId: root.requestId,
      domain: latest.domain,
      title: isHostile
        ? NASTY[index % NASTY.length]!
        : index % 9 === 8
          ? null
          : TITLES[index % TITLES.length]!,
      accountId: latest.accountId,
      accountIds: latest.accountId === null ? [] : [latest.accountId],
      sessionId,
      rootRequestId: root.requestId,
      firstMessageTime: root.timestamp,
      lastMessageTime: latest.timestamp,
      endedAt: new Date(Math.min(ended, 8e15)).toISOString(),
      durationMs: ended - Date.parse(root.timestamp),
      inferenceMs: sum((row) => row.durationMs),
      messageCount: group.length,
      turnCount: Math.ceil(group.length / 3),
      subtaskMessageCount: 0,
      errorCount: group.filter((row) => (row.responseStatus ?? 0) >= 400).length,
      branchCount: 1 + (index % 4),
      userBranchCount: index % 3 === 1 ? 2 : 0,
      compactBranchCount: index % 5 === 2 ? 1 : 0,
      subtaskBranchCount: index % 4 === 0 ? 3 : 0,
      inputTokens: sum((row) => row.inputTokens),
      outputTokens: sum((row) => row.outputTokens),
      totalTokens: sum((row) => row.inputTokens) + sum((row) => row.outputTokens),
      cacheReadInputTokens: sum((row) => row.cacheReadInputTokens),
      cacheCreationInputTokens: sum((row) => row.cacheCreationInputTokens),
      thinkingTokens: sum((row) => row.thinkingTokens),
      cacheHitShare:
        sum((row) => row.cacheReadInputTokens) /
        Math.max(
          1,
          group.reduce((total, row) => total + prompt(row), 0),
        ),
      toolCallCount: sum((row) => row.toolCallCount),
      costUsd:
        priced.length === 0
          ? null
          : decimalOf(priced.reduce((total, row) => total + picoOf(row.costUsd ?? "0"), 0n)),
      unpricedCount: group.length - priced.length,
      modelsUsed: [...new Set(group.flatMap((row) => row.model ?? []))],
      latestRequestId: latest.requestId,
      latestModel: latest.model,
      latestContextTokens: prompt(latest) + (latest.outputTokens ?? 0),
      isSubtask: false,
      parentTaskRequestId: null,
      parentConversationId: null,
      orphanCount: 0,
    };
  });
}

export function conversationDetailOf(row: ConversationRow, isHostile: boolean): ConversationDetail {
  const branch = (name: string, kind: Branch["kind"], change: Partial<Branch>): Branch => ({
    branchKey: `${row.rootRequestId}-${name}`,
    branchId: isHostile ? `${name} ${NASTY[0]!}` : name,
    kind,
    parentRequestId: null,
    parentTaskRequestId: null,
    prompt: isHostile ? NASTY[2]! : "Look for every place that mocks the clock",
    firstMessageTime: row.firstMessageTime,
    lastMessageTime: row.lastMessageTime,
    requestCount: row.messageCount,
    messageCount: row.messageCount * 2,
    errorCount: 0,
    inputTokens: row.inputTokens,
    outputTokens: row.outputTokens,
    totalTokens: row.totalTokens,
    cacheReadInputTokens: row.cacheReadInputTokens,
    cacheCreationInputTokens: row.cacheCreationInputTokens,
    costUsd: row.costUsd,
    unpricedCount: row.unpricedCount,
    ...change,
  });
  const main = row.rootRequestId;
  return {
    ...row,
    aliases: [],
    metrics: {
      totalMs: row.durationMs,
      inferenceMs: row.inferenceMs,
      toolMs: row.inferenceMs / 3,
      toolRounds: 7,
      replyMs: 90_000,
      replies: 3,
    },
    branches: [
      branch("main", "main", { branchKey: main }),
      branch("subtask_1", "subtask", { parentTaskRequestId: main, requestCount: 4 }),
      branch("branch_20261123120107", "branch", { parentRequestId: main, requestCount: 6, errorCount: 1 }),
      branch("compact_121500", "compact", {
        parentRequestId: `${main}-branch_20261123120107`,
        requestCount: 3,
      }),
    ],
    tasks: [],
    requests: [],
    nextCursor: null,
  };
}

export function transcriptOf(row: ConversationRow, isHostile: boolean): Transcript {
  const body = isHostile ? hostileRequestBody() : busyRequestBody(row.latestModel ?? "");
  const history: unknown[] = isObject(body) && Array.isArray(body.messages) ? body.messages : [];
  const answer = isHostile ? hostileAnswer() : busyAnswer(row.latestModel ?? "", false);
  const messages = [...history, answer].map((message, index) => ({
    position: index + 1,
    role: isObject(message) && typeof message.role === "string" ? message.role : "user",
    content: isObject(message) ? message.content : message,
    isClipped: false,
    bytes: 100,
    requestId: row.latestRequestId,
    timestamp: row.lastMessageTime,
    isAnswer: index === history.length,
  }));
  return {
    conversationId: row.conversationId,
    branchKey: row.rootRequestId,
    branchId: "main",
    requestId: row.latestRequestId,
    total: messages.length,
    state: "whole",
    compactedFrom: null,
    messages,
    nextCursor: isHostile ? null : messages.length + 1,
  };
}
