/** Conversations put together from the scripted rows: one per session, some with branches, sub-tasks, a compaction. */
import type {
  Branch,
  ConversationDetail,
  ConversationRow,
  ConversationTree,
  Transcript,
} from "../../workers/schemas/api/conversations.ts";
import { formatUsd, parseUsd } from "../../workers/domain/pricing/usd.ts";
import { isObject } from "../src/transcript/blocks.ts";
import type { RequestRow } from "../../workers/schemas/api/requests.ts";
import { busyAnswer, busyRequestBody } from "./conversation.ts";
import { busyTree, longTree } from "./tree.ts";
import { hostileAnswer, hostileRequestBody, MALICIOUS_STRINGS } from "./hostile.ts";

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
        ? MALICIOUS_STRINGS[index % MALICIOUS_STRINGS.length]!
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
          : formatUsd(priced.reduce((total, row) => total + parseUsd(row.costUsd ?? "0"), 0n)),
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

/** What a conversation looks like: as usual, with hostile texts, or of 5,000 requests. */
export type Look = "busy" | "hostile" | "long";

export function treeOf(row: ConversationRow, look: Look): ConversationTree {
  const tree = look === "long" ? longTree(row.firstMessageTime) : busyTree(row.firstMessageTime);
  tree.conversationId = row.conversationId;
  if (look !== "hostile") return tree;
  for (const branch of tree.branches) {
    if (branch.kind !== "main") branch.name = `${branch.name} ${MALICIOUS_STRINGS[0]!}`;
    branch.prompt = MALICIOUS_STRINGS[2]!;
    branch.description = MALICIOUS_STRINGS[1]!;
  }
  for (const task of tree.tasks) task.prompt = MALICIOUS_STRINGS.join(" ");
  return tree;
}

export function conversationDetailOf(row: ConversationRow, look: Look): ConversationDetail {
  const tree = treeOf(row, look);
  const idOf = (place: number | null) => (place === null ? null : tree.nodes[place]!.id);
  const total = tree.nodes.length;
  const share = (value: number, requests: number) => Math.round((value * requests) / total);
  const branches = tree.branches.map((branch, place): Branch => ({
    branchKey: branch.key,
    branchId: branch.name,
    kind: branch.kind,
    parentRequestId: idOf(branch.parent),
    parentTaskRequestId: idOf(branch.task),
    prompt: branch.prompt,
    firstMessageTime: row.firstMessageTime,
    lastMessageTime: row.lastMessageTime,
    requestCount: branch.requests,
    messageCount: Math.max(
      ...tree.nodes.filter((node) => node.branch === place).map(({ messages }) => messages),
    ),
    errorCount: tree.nodes.filter((node) => node.branch === place && node.failed).length,
    inputTokens: share(row.inputTokens, branch.requests),
    outputTokens: share(row.outputTokens, branch.requests),
    totalTokens: share(row.totalTokens, branch.requests),
    cacheReadInputTokens: share(row.cacheReadInputTokens, branch.requests),
    cacheCreationInputTokens: share(row.cacheCreationInputTokens, branch.requests),
    costUsd: row.costUsd,
    unpricedCount: 0,
  }));
  const count = (kind: Branch["kind"]) => branches.filter((branch) => branch.kind === kind);
  return {
    ...row,
    messageCount: total,
    subtaskBranchCount: count("subtask").length,
    userBranchCount: count("branch").length,
    compactBranchCount: count("compact").length,
    subtaskMessageCount: count("subtask").reduce((sum, { requestCount }) => sum + requestCount, 0),
    aliases: [],
    metrics: {
      totalMs: row.durationMs,
      inferenceMs: row.inferenceMs,
      toolMs: row.inferenceMs / 3,
      toolRounds: 7,
      replyMs: 90_000,
      replies: 3,
    },
    branches,
    tasks: tree.tasks.map(({ node, branch, ...task }) => ({
      ...task,
      requestId: tree.nodes[node]!.id,
      branchKey: branch === null ? null : tree.branches[branch]!.key,
    })),
    requests: tree.nodes.slice(0, 100).map((node, place) => ({
      requestId: node.id,
      timestamp: new Date(
        Math.min(Date.parse(tree.startedAt) + node.at + (place > 5 ? 40_000 : 0), 8e15),
      ).toISOString(),
      branchKey: tree.branches[node.branch]!.key,
      branchId: tree.branches[node.branch]!.name,
      linkKind: node.kind,
      linkedBy: "ids",
      linkConfidence: "certain",
      parentRequestId: idOf(node.parent),
      isSubtask: tree.branches[node.branch]!.kind === "subtask",
      parentTaskRequestId: null,
      prompt:
        node.speaks === "person"
          ? look === "hostile"
            ? MALICIOUS_STRINGS[place % MALICIOUS_STRINGS.length]!
            : (row.title ?? "Go on")
          : null,
      model: row.latestModel,
      responseStatus: node.status,
      outcome: "complete",
      errorType: node.failed ? "overloaded_error" : null,
      stopReason: "end_turn",
      messageCount: node.messages,
      inputTokens: 120,
      outputTokens: 40 * (place % 9),
      totalTokens: 120 + 40 * (place % 9),
      cacheReadInputTokens: node.context,
      cacheCreationInputTokens: 900,
      costUsd: "0.0123",
      toolCalls: node.calls > 0 ? { Bash: node.calls, Read: 1 } : null,
      toolCallCount: node.calls,
      timeToFirstByteMs: 900,
      durationMs: 2_000 + 1_500 * (place % 7),
    })),
    nextCursor: null,
  };
}

/** What is said on a branch after the beginning it shares with `main`. */
const OTHERWISE = [
  {
    role: "assistant",
    content:
      "The clock is now mocked before the session is made.\nI also made the test wait for the session. Shall I run it?",
  },
  { role: "user", content: "No, wait: why does it only fail in CI?" },
  {
    role: "assistant",
    content: "CI runs at noon, the laptop at other times. With a fixed clock both are the same.",
  },
];
const SHARED = 7;

/** The transcript of a branch (its key or name), from message `from` on. */
export function transcriptOf(
  row: ConversationRow,
  look: Look,
  branchNamed: string | null,
  from = 1,
): Transcript {
  const isHostile = look === "hostile";
  const tree = treeOf(row, look);
  const place = Math.max(
    0,
    tree.branches.findIndex(({ key, name }) => key === branchNamed || name === branchNamed),
  );
  const branch = tree.branches[place]!;
  const own = tree.nodes.filter((node) => node.branch === place);
  const body = isHostile ? hostileRequestBody() : busyRequestBody(row.latestModel ?? "");
  const history: unknown[] = isObject(body) && Array.isArray(body.messages) ? body.messages : [];
  const answer = isHostile ? hostileAnswer() : busyAnswer(row.latestModel ?? "", false);
  const said = place === 0 ? [...history, answer] : [...history.slice(0, SHARED), ...OTHERWISE];
  const messages = said.map((message, index) => ({
    position: index + 1,
    role: isObject(message) && typeof message.role === "string" ? message.role : "user",
    content: isObject(message) ? message.content : message,
    isClipped: false,
    bytes: 100,
    requestId: own[Math.floor(index / 2)]?.id ?? row.latestRequestId,
    timestamp: row.lastMessageTime,
    isAnswer: index === said.length - 1,
  }));
  return {
    conversationId: row.conversationId,
    branchKey: branch.key,
    branchId: branch.name,
    requestId: own.at(-1)!.id,
    total: messages.length,
    state: "whole",
    compactedFrom: null,
    messages: messages.slice(from - 1),
    nextCursor: isHostile || place > 0 || from > 1 ? null : messages.length + 1,
  };
}
