/** Conversations as the API lists and shows them. */
import { z } from "zod";
import {
  AccountFilter,
  CursorText,
  DomainFilter,
  ModelFilter,
  oneOf,
  optional,
  text,
  time,
  uuid,
  whole,
  withDefault,
} from "./parameters.ts";
import { exchangeTotals, tokenTotals } from "./totals.ts";

const count = z.number().int();
const name = z.string().nullable();
const at = z.iso.datetime();

export const ConversationQuery = z.object({
  domain: DomainFilter,
  accountId: AccountFilter,
  model: ModelFilter,
  from: optional(time()).describe("Active at or after."),
  to: optional(time()).describe("Begun before."),
  dateFrom: optional(time()).describe("The same as `from`."),
  dateTo: optional(time()).describe("The same as `to`."),
  hasErrors: optional(oneOf(["true", "false"])).describe(
    "Only with (true) or without (false) failed requests.",
  ),
  search: optional(text(500, "words to look for")).describe(
    "Only where this was said, as `/api/search` finds it, among the 2,000 newest messages that fit.",
  ),
  limit: withDefault(whole(1, 500).default(50)).describe("Rows of one page."),
  cursor: CursorText,
  offset: optional(whole(0, 10_000_000)).describe(
    "Rows to skip. Makes the answer count them all (`pagination.total`); a cursor is faster.",
  ),
});
export type ConversationQuery = z.infer<typeof ConversationQuery>;

export const ConversationParameter = z.object({
  id: uuid().describe("The conversation's id, or one it had before."),
});

export const ConversationRow = z.object({
  conversationId: z.string(),
  domain: z.string(),
  title: name.describe("The first words of the person; null where only programs spoke."),
  accountId: name.describe("The account of `accountIds` where there is but one; else the first by name."),
  accountIds: z.array(z.string()),
  sessionId: name,
  rootRequestId: z.string(),
  firstMessageTime: at,
  lastMessageTime: at.describe("Start of the last request."),
  endedAt: at.describe("End of the answer that ended last."),
  durationMs: z.number().describe("From the first request's start to the last end."),
  inferenceMs: z.number().describe("Sum of the durations of its requests."),
  messageCount: count.describe("Requests."),
  turnCount: count.describe("Requests with new words of a person, sub-tasks apart."),
  subtaskMessageCount: count.describe("Requests of sub-tasks."),
  errorCount: count.describe("Answers with status 400 and above, and requests without an answer."),
  branchCount: count.describe("Branches of all kinds, `main` included."),
  userBranchCount: count,
  compactBranchCount: count,
  subtaskBranchCount: count,
  ...tokenTotals,
  thinkingTokens: count,
  cacheHitShare: z.number().nullable().describe("Cache reads as a share of all prompt tokens, 0 to 1."),
  toolCallCount: count,
  modelsUsed: z.array(z.string()),
  latestRequestId: z.string().describe("Sub-tasks apart."),
  latestModel: name,
  latestContextTokens: count.nullable().describe("Prompt, cached or not, and answer of the latest request."),
  isSubtask: z.boolean().describe("Only sub-tasks of it were seen."),
  parentTaskRequestId: name,
  parentConversationId: name,
  orphanCount: count.describe("Requests that continue something whose predecessor was not found."),
});
export type ConversationRow = z.infer<typeof ConversationRow>;

export const ConversationList = z.object({
  conversations: z.array(ConversationRow).describe("Last activity first."),
  nextCursor: z.string().nullable(),
  pagination: z.object({
    total: count.nullable().describe("Only when `offset` is given, like `page` and `totalPages`."),
    limit: count,
    offset: count.nullable(),
    hasMore: z.boolean(),
    page: count.nullable(),
    totalPages: count.nullable(),
  }),
});
export type ConversationList = z.infer<typeof ConversationList>;

const Task = z.object({
  requestId: z.string().describe("The request whose answer calls the task."),
  toolUseId: z.string(),
  toolName: z.string(),
  subagentType: name,
  description: name,
  prompt: z.string().describe("Its first 250 characters."),
  branchKey: name.describe("The branch that came of it; null when none was seen."),
});
export type Task = z.infer<typeof Task>;

export const BranchKind = z.enum(["main", "branch", "compact", "subtask"]);
export const Branch = z.object({
  branchKey: z.string().describe("The id of its first request: what stays when names change."),
  branchId: z.string().describe("Its name: main, branch_…, compact_…, subtask_N."),
  kind: BranchKind,
  parentRequestId: name.describe("Where it leaves another branch."),
  parentTaskRequestId: name.describe("The request that spawned it."),
  prompt: name.describe("The words it begins with."),
  firstMessageTime: at,
  lastMessageTime: at,
  requestCount: count,
  messageCount: count.describe("Messages of its longest history."),
  errorCount: count,
  ...tokenTotals,
});
export type Branch = z.infer<typeof Branch>;

export const ConversationRequest = z.object({
  requestId: z.string(),
  timestamp: at,
  branchKey: z.string(),
  branchId: z.string(),
  linkKind: name,
  linkedBy: name,
  linkConfidence: name,
  parentRequestId: name,
  isSubtask: z.boolean(),
  parentTaskRequestId: name,
  prompt: name.describe("What a person says newly in it."),
  model: name,
  responseStatus: count.nullable(),
  outcome: z.string(),
  errorType: name,
  stopReason: name,
  messageCount: count,
  ...exchangeTotals,
  costUsd: name,
  toolCalls: z.record(z.string(), z.number()).nullable(),
  toolCallCount: count,
  timeToFirstByteMs: z.number().nullable(),
  durationMs: z.number().nullable(),
});
export type ConversationRequest = z.infer<typeof ConversationRequest>;

export const ConversationDetailQuery = z.object({
  branch: optional(text(100, "a branch's key or name")).describe("Only requests of this branch."),
  limit: withDefault(whole(1, 500).default(100)).describe("Requests of one page."),
  cursor: CursorText,
});

export const ConversationDetail = ConversationRow.extend({
  aliases: z.array(z.string()).describe("Ids it had before."),
  metrics: z.object({
    totalMs: z.number(),
    inferenceMs: z.number(),
    toolMs: z.number().describe("Between answers that call tools and the requests that bring the results."),
    toolRounds: count,
    replyMs: z.number().describe("Between answers without tool calls and a person's next words."),
    replies: count,
  }),
  branches: z.array(Branch).describe("By their beginning."),
  tasks: z.array(Task),
  requests: z.array(ConversationRequest).describe("Oldest first."),
  nextCursor: z.string().nullable(),
});
export type ConversationDetail = z.infer<typeof ConversationDetail>;

/** Nodes and branches refer to each other by their places in these lists. */
export const ConversationTree = z.object({
  conversationId: z.string(),
  startedAt: at,
  branches: z.array(
    z.object({
      key: z.string(),
      name: z.string(),
      kind: BranchKind,
      parent: count.nullable().describe("The node it leaves."),
      task: count.nullable().describe("The node that spawned it."),
      requests: count,
      prompt: name,
      description: name,
      subagentType: name,
    }),
  ),
  nodes: z
    .array(
      z.object({
        id: z.string(),
        parent: count.nullable(),
        branch: count,
        kind: z.string(),
        at: z.number().describe("Milliseconds after `startedAt`."),
        ms: z.number().nullable().describe("Its duration."),
        messages: count,
        context: count.nullable().describe("Tokens of prompt and answer."),
        status: count.nullable(),
        failed: z.boolean(),
        speaks: z.enum(["person", "tools"]).describe("Whose words are new in it."),
        calls: count.describe("Tool calls of its answer."),
        tasks: count.describe("Sub-tasks that its answer calls."),
      }),
    )
    .describe("Oldest first."),
  tasks: z.array(
    z.object({
      node: count,
      branch: count.nullable(),
      toolUseId: z.string(),
      toolName: z.string(),
      description: name,
      subagentType: name,
      prompt: z.string(),
    }),
  ),
});
export type ConversationTree = z.infer<typeof ConversationTree>;

export const TranscriptQuery = z.object({
  branch: optional(text(100, "a branch's key or name")).describe("The branch to read; `main` when left out."),
  limit: withDefault(whole(1, 200).default(50)).describe("Maximum messages per page."),
  maxBytes: withDefault(whole(1_024, 1_048_576).default(65_536)).describe(
    "The page ends after the message that brings its content to this many bytes.",
  ),
  cursor: optional(whole(1, 10_000_000)).describe(
    "Position of the first message: `nextCursor` of the page before.",
  ),
  requestId: optional(uuid()).describe("Begin where this request adds to the history."),
  purpose: withDefault(z.enum(["read", "preview", "export"]).default("read")).describe(
    "`preview`: at most six messages, a few words of each, no inputs and results of tools; as in a list, that is not an opening for the audit log. `export`: it is written down as one.",
  ),
});

export type TranscriptQuery = z.infer<typeof TranscriptQuery>;

export const TranscriptMessage = z.object({
  position: count.describe("Its place in the history, from 1; repetitions are left out."),
  role: z.string(),
  content: z.unknown().describe("As it was sent: text, or a list of blocks."),
  isClipped: z
    .boolean()
    .describe("Long texts are cut, images left out; the whole is at `messages/{position}`."),
  bytes: count,
  requestId: name.describe("The request that first brought it, or that it answers."),
  timestamp: at.nullable().describe("When that was sent, or answered."),
  isAnswer: z.boolean().describe("The answer that nothing follows yet."),
});
export type TranscriptMessage = z.infer<typeof TranscriptMessage>;

export const Transcript = z.object({
  conversationId: z.string(),
  branchKey: z.string(),
  branchId: z.string(),
  requestId: z.string().describe("The request whose history this is: the last of the branch."),
  total: count.describe("Messages, repetitions and the last answer included."),
  state: z
    .enum(["whole", "removed", "none"])
    .describe("`removed`: retention took contents away; `none`: no body of this branch was recorded."),
  compactedFrom: z
    .object({ branchKey: z.string(), branchId: z.string(), requestId: z.string() })
    .nullable()
    .describe("Of a compacted branch: where what it summarises can be read."),
  messages: z.array(TranscriptMessage),
  nextCursor: count.nullable(),
});
export type Transcript = z.infer<typeof Transcript>;

export const TranscriptPosition = ConversationParameter.extend({
  position: whole(1, 10_000_000).describe("A message's position."),
});

export const LinkingQuery = z.object({
  domain: DomainFilter,
  from: optional(time()).describe("Started at or after; 8 weeks before the end when left out."),
  to: optional(time()).describe("Started before; now when left out."),
});

const Linking = z.object({
  requests: count.describe("Requests of conversations."),
  continuations: count.describe("Of them, those that continue something."),
  orphans: count.describe("Of these, those whose predecessor was not found."),
  linkedShare: z.number().nullable().describe("Continuations with a parent, 0 to 1; null without any."),
  subtasks: count.describe("First requests of sub-tasks."),
  lowConfidence: count.describe("Links whose confidence is low."),
});
export type Linking = z.infer<typeof Linking>;

export const LinkingQuality = z.object({
  from: at,
  to: at,
  total: Linking,
  clients: z.array(Linking.extend({ client: name })).describe("By client version, busiest first."),
  weeks: z
    .array(Linking.extend({ week: z.iso.date(), client: name }))
    .describe("By week (its Monday, UTC) and client version."),
});
export type LinkingQuality = z.infer<typeof LinkingQuality>;
