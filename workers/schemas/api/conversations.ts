/** Conversations: lists, details, trees, transcripts. */
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
  to: optional(time()).describe("Started before."),
  dateFrom: optional(time()).describe("The same as `from`."),
  dateTo: optional(time()).describe("The same as `to`."),
  hasErrors: optional(oneOf(["true", "false"])).describe(
    "Only with (true) or without (false) failed requests.",
  ),
  search: optional(text(500, "words to look for")).describe(
    "Only conversations with a message that `/api/search` finds, among the 2,000 newest matches.",
  ),
  limit: withDefault(whole(1, 500).default(50)).describe("Maximum rows per page."),
  cursor: CursorText,
  offset: optional(whole(0, 10_000_000)).describe(
    "Rows to skip. The response then includes `pagination.total`; a cursor is faster.",
  ),
});
export type ConversationQuery = z.infer<typeof ConversationQuery>;

export const ConversationParameter = z.object({
  id: uuid().describe("The id of the conversation, or a former one."),
});

export const ConversationRow = z.object({
  conversationId: z.string(),
  domain: z.string(),
  title: name.describe("The beginning of the first user prompt; null without one."),
  accountId: name.describe("The first of `accountIds`."),
  accountIds: z.array(z.string()),
  sessionId: name,
  rootRequestId: z.string(),
  firstMessageTime: at,
  lastMessageTime: at.describe("Start of the last request."),
  endedAt: at.describe("End of the response that ended last."),
  durationMs: z.number().describe("From the first request's start to the last end."),
  inferenceMs: z.number().describe("Sum of the durations of its requests."),
  messageCount: count.describe("Requests."),
  turnCount: count.describe("Requests with a new user prompt, without sub-tasks."),
  subtaskMessageCount: count.describe("Requests of sub-tasks."),
  errorCount: count.describe("Failed requests."),
  branchCount: count.describe("Branches of all kinds, including `main`."),
  userBranchCount: count,
  compactBranchCount: count,
  subtaskBranchCount: count,
  ...tokenTotals,
  thinkingTokens: count,
  cacheHitShare: z.number().nullable().describe("Cache reads as a share of all prompt tokens, 0 to 1."),
  toolCallCount: count,
  modelsUsed: z.array(z.string()),
  latestRequestId: z.string().describe("Sub-tasks excluded."),
  latestModel: name,
  latestContextTokens: count
    .nullable()
    .describe("Prompt, including cached tokens, and response of the latest request."),
  isSubtask: z.boolean().describe("True if only its sub-tasks were seen."),
  parentTaskRequestId: name,
  parentConversationId: name,
  orphanCount: count.describe("Requests whose predecessor was not found."),
});
export type ConversationRow = z.infer<typeof ConversationRow>;

export const ConversationList = z.object({
  conversations: z.array(ConversationRow).describe("Last activity first."),
  nextCursor: z.string().nullable(),
  pagination: z.object({
    total: count.nullable().describe("Null without `offset`, like `page` and `totalPages`."),
    limit: count,
    offset: count.nullable(),
    hasMore: z.boolean(),
    page: count.nullable(),
    totalPages: count.nullable(),
  }),
});
export type ConversationList = z.infer<typeof ConversationList>;

const Task = z.object({
  requestId: z.string().describe("The request whose response calls the task."),
  toolUseId: z.string(),
  toolName: z.string(),
  subagentType: name,
  description: name,
  prompt: z.string().describe("Its first 250 characters."),
  branchKey: name.describe("The branch of the sub-task; null when none was seen."),
});
export type Task = z.infer<typeof Task>;

export const BranchKind = z.enum(["main", "branch", "compact", "subtask"]);
export const Branch = z.object({
  branchKey: z.string().describe("The id of its first request; stable when names change."),
  branchId: z.string().describe("Its name: main, branch_…, compact_…, subtask_N."),
  kind: BranchKind,
  parentRequestId: name.describe("The request of another branch that it continues."),
  parentTaskRequestId: name.describe("The request that spawned it."),
  prompt: name.describe("Its first prompt."),
  firstMessageTime: at,
  lastMessageTime: at,
  requestCount: count,
  messageCount: count.describe("Messages of its longest history."),
  errorCount: count,
  ...tokenTotals,
});
export type Branch = z.infer<typeof Branch>;

export const SideRequest = z.object({
  requestId: z.string(),
  timestamp: at,
  client: name.describe("Program and version."),
  prompt: name.describe("The beginning of its text."),
  model: name,
  responseStatus: count.nullable(),
  outcome: z.string(),
  failed: z.boolean(),
  durationMs: z.number().nullable(),
  totalTokens: exchangeTotals.totalTokens,
  costUsd: name,
});
export type SideRequest = z.infer<typeof SideRequest>;

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
  prompt: name.describe("The new user prompt of the request."),
  model: name,
  responseStatus: count.nullable(),
  outcome: z.string(),
  failed: z.boolean(),
  errorType: name,
  stopReason: name,
  messageCount: count,
  ...exchangeTotals,
  costUsd: name,
  toolCalls: z.record(z.string(), z.number()).nullable(),
  toolCallCount: count,
  timeToFirstByteMs: z.number().nullable(),
  durationMs: z.number().nullable(),
  sideRequests: z
    .array(SideRequest)
    .describe(
      "Requests that the client sent beside it, such as titles, prompt suggestions and web searches.",
    ),
});
export type ConversationRequest = z.infer<typeof ConversationRequest>;

export const ConversationDetailQuery = z.object({
  branch: optional(text(100, "a branch's key or name")).describe("Only requests of this branch."),
  limit: withDefault(whole(1, 500).default(100)).describe("Maximum requests per page."),
  cursor: CursorText,
});

export const ConversationDetail = ConversationRow.extend({
  aliases: z.array(z.string()).describe("Former ids."),
  metrics: z.object({
    totalMs: z.number(),
    inferenceMs: z.number(),
    toolMs: z.number().describe("Between responses that call tools and the requests with the results."),
    toolRounds: count,
    replyMs: z.number().describe("Between responses without tool calls and the next user prompt."),
    replies: count,
  }),
  sideRequests: z
    .object({ requestCount: count, ...tokenTotals })
    .describe("Sums of the side requests of all its requests. No other figure includes them."),
  branches: z.array(Branch).describe("By start."),
  tasks: z.array(Task),
  requests: z.array(ConversationRequest).describe("Oldest first."),
  nextCursor: z.string().nullable(),
});
export type ConversationDetail = z.infer<typeof ConversationDetail>;

/** Nodes and branches refer to each other by index. */
export const ConversationTree = z.object({
  conversationId: z.string(),
  startedAt: at,
  branches: z.array(
    z.object({
      key: z.string(),
      name: z.string(),
      kind: BranchKind,
      parent: count.nullable().describe("The node that it continues."),
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
        context: count.nullable().describe("Tokens of prompt and response."),
        status: count.nullable(),
        failed: z.boolean(),
        speaks: z.enum(["person", "tools"]).describe("`person`: it has a new user prompt."),
        calls: count.describe("Tool calls of its response."),
        tasks: count.describe("Sub-tasks that its response starts."),
        sideRequests: count.describe("Side requests that served it."),
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
  branch: optional(text(100, "a branch's key or name")).describe("The branch to read; default: `main`."),
  limit: withDefault(whole(1, 200).default(50)).describe("Maximum messages per page."),
  maxBytes: withDefault(whole(1_024, 1_048_576).default(65_536)).describe(
    "The page ends after the message that brings its content to this many bytes.",
  ),
  cursor: optional(whole(1, 10_000_000)).describe(
    "Position of the first message: `nextCursor` of the previous page.",
  ),
  requestId: optional(uuid()).describe("Start at the first message that this request added."),
  purpose: withDefault(z.enum(["read", "preview", "export"]).default("read")).describe(
    "`preview`: at most six messages, clipped, without tool inputs and results, and without an entry in the audit log. `export`: the audit log records an export.",
  ),
});

export type TranscriptQuery = z.infer<typeof TranscriptQuery>;

export const TranscriptMessage = z.object({
  position: count.describe("Position in the history, from 1; repeated messages are omitted."),
  role: z.string(),
  content: z.unknown().describe("As it was sent: text, or a list of blocks."),
  isClipped: z
    .boolean()
    .describe("Long texts are cut and images omitted; `messages/{position}` has the whole message."),
  bytes: count,
  requestId: name.describe("The request that first sent it, or that it responds to."),
  timestamp: at.nullable().describe("When it was sent or received."),
  isAnswer: z.boolean().describe("The response at the end of the branch."),
});
export type TranscriptMessage = z.infer<typeof TranscriptMessage>;

export const Transcript = z.object({
  conversationId: z.string(),
  branchKey: z.string(),
  branchId: z.string(),
  requestId: z.string().describe("The last request of the branch, whose history this is."),
  total: count.describe("Messages, including repetitions and the last response."),
  state: z
    .enum(["whole", "removed", "none"])
    .describe("`removed`: contents were deleted; `none`: no body of this branch was recorded."),
  compactedFrom: z
    .object({ branchKey: z.string(), branchId: z.string(), requestId: z.string() })
    .nullable()
    .describe("Of a compacted branch: the branch that it summarises."),
  messages: z.array(TranscriptMessage),
  nextCursor: count.nullable(),
});
export type Transcript = z.infer<typeof Transcript>;

export const TranscriptPosition = ConversationParameter.extend({
  position: whole(1, 10_000_000).describe("A message's position."),
});

export const LinkingQuery = z.object({
  domain: DomainFilter,
  from: optional(time()).describe("Started at or after; default: 8 weeks before the end."),
  to: optional(time()).describe("Started before; default: now."),
});

const Linking = z.object({
  requests: count.describe("Requests of conversations."),
  continuations: count.describe("Those that continue another request."),
  orphans: count.describe("Continuations whose predecessor was not found."),
  linkedShare: z.number().nullable().describe("Continuations with a parent, 0 to 1; null without any."),
  subtasks: count.describe("First requests of sub-tasks."),
  lowConfidence: count.describe("Links with low confidence."),
  straightTurns: count.describe("Turns with a parent that no other request leads any further."),
  leftBranch: count.describe("Straight turns that are on another branch than their parent."),
  keptBranchShare: z
    .number()
    .nullable()
    .describe("Straight turns on their parent's branch, 0 to 1; null without any."),
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
