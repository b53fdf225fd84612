/**
 * The tables. Only workers/store (and the migration scripts) read this file.
 *
 * `requests` and `response_bodies` are partitioned by month of `started_at`; drizzle cannot express that, the migration does.
 * An exchange id is a UUIDv7 whose timestamp is `started_at` to the millisecond, so a look-up by id alone can prune partitions.
 * Content is stored once per domain: a request points at three chains of nodes (messages, system blocks, tools), each node
 * at its predecessor and at one content, as commits in git; the rest of the body is its skeleton, stored as content too.
 */
import { sql } from "drizzle-orm";
import {
  bigint,
  boolean,
  customType,
  date,
  doublePrecision,
  index,
  integer,
  jsonb,
  numeric,
  pgTable,
  primaryKey,
  smallint,
  text,
  timestamp,
  uniqueIndex,
  uuid,
} from "drizzle-orm/pg-core";
import type {
  AnalysisError,
  AnalysisProvider,
  AnalysisResult,
  AnalysisStatus,
  AnalysisWait,
} from "../workers/schemas/analysis.ts";
import type { AnalysisAutomatic } from "../workers/schemas/api/domains.ts";
import type { BilledMessage, ModelShare } from "../workers/schemas/cost.ts";
import type { Sealed } from "../workers/schemas/tenant.ts";

/** Every driver takes a Uint8Array and returns a Buffer, which is viewed as Uint8Array without copying. */
const bytea = customType<{ data: Uint8Array; driverData: Uint8Array }>({
  dataType: () => "bytea",
  fromDriver: (value) => new Uint8Array(value.buffer, value.byteOffset, value.byteLength),
});
/** Search terms, made by workers/domain/search and not by PostgreSQL's parser. */
const tsvector = customType<{ data: string }>({ dataType: () => "tsvector" });
const time = (name: string) => timestamp(name, { withTimezone: true, precision: 3, mode: "date" });
const id8 = (name: string) => bigint(name, { mode: "bigint" });
const count = (name: string) => bigint(name, { mode: "number" });

/** Every configured or seen domain. `configured` false: deleted, or only seen (the built-in localhost). */
export const domains = pgTable("domains", {
  id: integer().primaryKey().generatedAlwaysAsIdentity(),
  name: text().notNull().unique(),
  configured: boolean().notNull().default(false),
  accountId: text("account_id"),
  endpoints: jsonb().$type<string[]>(),
  /** The Slack settings without the webhook URL. */
  slack: jsonb().$type<{
    channel?: string;
    username?: string;
    icon_emoji?: string;
    enabled?: boolean;
    messages?: boolean;
  }>(),
  slackWebhook: jsonb("slack_webhook").$type<Sealed>(),
  /** Unused fields of an imported credential file; sealed, because they may be secrets. */
  otherFields: jsonb("other_fields").$type<Sealed>(),
  /** An administrator has allowed that its conversations are sent to the analysis provider. */
  analysisEnabled: boolean("analysis_enabled").notNull().default(false),
  /** When conversations are analyzed without a request; null = never. */
  analysisAutomatic: jsonb("analysis_automatic").$type<AnalysisAutomatic>(),
  createdAt: time("created_at").notNull().defaultNow(),
  updatedAt: time("updated_at").notNull().defaultNow(),
});

/** The upstream credential belongs to the account; several domains may share one. */
export const accounts = pgTable("accounts", {
  id: text().primaryKey(),
  credentialType: text("credential_type").notNull(),
  credential: jsonb().$type<Sealed>(),
  createdAt: time("created_at").notNull().defaultNow(),
  updatedAt: time("updated_at").notNull().defaultNow(),
});

/** Settings of the window of an account; also for accounts that are not configured. */
export const accountWindows = pgTable("account_windows", {
  accountId: text("account_id").primaryKey(),
  /** Output tokens per five hours that count as full; null = none. */
  tokenLimit: count("token_limit"),
  /** Shares at which to alert; null = defaults. */
  thresholds: jsonb().$type<number[]>(),
  updatedAt: time("updated_at").notNull().defaultNow(),
});

export const clientKeys = pgTable(
  "client_keys",
  {
    id: uuid().primaryKey(),
    domainId: integer("domain_id")
      .notNull()
      .references(() => domains.id),
    name: text().notNull(),
    /** SHA-256 of the key; the key itself is not stored. */
    keyHash: bytea("key_hash").notNull().unique(),
    createdAt: time("created_at").notNull().defaultNow(),
    revokedAt: time("revoked_at"),
  },
  (t) => [index("client_keys_domain").on(t.domainId)],
);

/**
 * One piece of content, normalised, addressed by (domain, SHA-256 of the uncompressed bytes). Addresses are random, and a
 * hash index over them takes a third of a B-tree; it cannot be unique, so writers hold the domain's advisory lock.
 */
export const contents = pgTable(
  "contents",
  {
    id: id8("id").primaryKey().generatedAlwaysAsIdentity(),
    domainId: integer("domain_id").notNull(),
    sha256: bytea().notNull(),
    /** Uncompressed bytes. */
    size: integer().notNull(),
    /** 0 = uncompressed, 1 = deflate-raw with a preset dictionary (workers/store/content/compression.ts). */
    coding: smallint().notNull(),
    data: bytea().notNull(),
  },
  (t) => [index("contents_address").using("hash", t.sha256)],
);

/** One element of a list (message, system block, tool) after its predecessors. `hash` covers the whole prefix; unique as contents are. */
export const nodes = pgTable(
  "nodes",
  {
    id: id8("id").primaryKey().generatedAlwaysAsIdentity(),
    domainId: integer("domain_id").notNull(),
    hash: bytea().notNull(),
    parentId: id8("parent_id"),
    contentId: id8("content_id").notNull(),
    /** 1 for the first element. */
    depth: integer().notNull(),
    /** The overlay: what normalising removed and where (workers/domain/content), as UTF-8 JSON; null if nothing. */
    overlay: bytea("form"),
  },
  (t) => [index("nodes_address").using("hash", t.hash)],
);

/** One row per exchange of every type, failures included. */
export const requests = pgTable(
  "requests",
  {
    id: uuid().notNull(),
    startedAt: time("started_at").notNull(),
    domainId: integer("domain_id").notNull(),
    accountId: text("account_id"),
    credentialType: text("credential_type").notNull(),
    clientKeyId: uuid("client_key_id"),
    sessionId: text("session_id"),
    agentId: text("agent_id"),
    parentAgentId: text("parent_agent_id"),
    /** First product of the user agent: "claude-cli/2.1.330". */
    client: text(),
    /** The beginning of the new user prompt (or that of the spawning agent); null where only tool results and reminders are new. */
    prompt: text(),
    method: text().notNull(),
    path: text().notNull(),
    query: text().notNull(),
    /** The name of the endpoint: "messages", "count_tokens", "models", … */
    endpoint: text().notNull(),
    requestType: text("request_type").notNull(),
    model: text(),
    modelServed: text("model_served"),
    stream: boolean().notNull(),
    status: smallint(),
    outcome: text().notNull(),
    /**
     * The client did not get what it asked for (isFailed of workers/domain/outcome.ts). Null: stored by a Worker from before this column, until
     * recount_failed() has corrected it.
     */
    failed: boolean(),
    errorType: text("error_type"),
    errorMessage: text("error_message"),
    stopReason: text("stop_reason"),

    /** Of all inferences of the response (`usage.iterations`), advisors and compactions included. */
    inputTokens: integer("input_tokens"),
    outputTokens: integer("output_tokens"),
    cacheReadInputTokens: integer("cache_read_input_tokens"),
    /** Both lifetimes, and writes that Claude did not classify. */
    cacheCreationInputTokens: integer("cache_creation_input_tokens"),
    cacheCreation5mInputTokens: integer("cache_creation_5m_input_tokens"),
    cacheCreation1hInputTokens: integer("cache_creation_1h_input_tokens"),
    thinkingTokens: integer("thinking_tokens"),
    /** Prompt and output of the last inference by the conversation's model; null where unknown (workers/domain/usage/token-usage.ts). */
    contextTokens: integer("context_tokens"),
    serverToolUse: jsonb("server_tool_use").$type<Record<string, number>>(),
    /** Verbatim, merged by workers/domain/usage/token-usage.ts. */
    usage: jsonb().$type<Record<string, unknown>>(),
    /** True if the final usage never arrived: token counts are minimums. */
    usagePartial: boolean("usage_partial").notNull().default(false),
    /** Integer pico-dollars; null = unpriced. */
    costPico: numeric("cost_pico", { precision: 30, scale: 0, mode: "bigint" }),
    /** The bill, packed into a text (workers/domain/pricing/cost-codec.ts). */
    costBreakdown: jsonb("cost_breakdown").$type<string>(),
    priceVersion: text("price_version"),
    /** Tokens and cost, of those above, that are another model's than `model`; null for most rows. */
    modelShares: jsonb("model_shares").$type<ModelShare[]>(),
    toolCalls: jsonb("tool_calls").$type<Record<string, number>>(),
    toolCallCount: integer("tool_call_count").notNull().default(0),

    timeToFirstByteMs: doublePrecision("time_to_first_byte_ms"),
    /** Null if the end was not seen (`interrupted`). */
    durationMs: doublePrecision("duration_ms"),
    upstreamRequestId: text("upstream_request_id"),
    /** Null where an earlier version recorded the exchange, or its end was not seen. */
    upstreamAttempts: smallint("upstream_attempts"),
    /** Allow-listed headers, each distinct set stored once as content; those of the response include its rate limits. */
    requestHeadersId: id8("request_headers_id"),
    responseHeadersId: id8("response_headers_id"),
    /** Response headers that always differ (timings, ray ids) and would make every set distinct. */
    responseHeaders: jsonb("response_headers").$type<Record<string, string>>(),

    /**
     * Of the body's text: "json" = rebuilt from skeleton and nodes; "raw" = JSON stored whole because a rebuild would differ; "bytes" = not
     * JSON; "none".
     */
    bodyKind: text("body_kind").notNull(),
    /** As received, as is the hash. */
    bodyBytes: integer("body_bytes").notNull(),
    bodySha256: bytea("body_sha256"),
    bodyTruncated: boolean("body_truncated").notNull().default(false),
    /** A secret in the body was masked before storing. */
    bodyMasked: boolean("body_masked").notNull().default(false),
    /** Content: the skeleton (json) or the whole body (raw, bytes). */
    bodyContentId: id8("body_content_id"),
    /** Content: the body as received, where that is not its text (compressed, or UTF-16); null for most rows. */
    receivedBodyId: id8("received_body_id"),
    messagesNodeId: id8("messages_node_id"),
    systemNodeId: id8("system_node_id"),
    toolsNodeId: id8("tools_node_id"),
    messageCount: integer("message_count").notNull().default(0),
    /** Why a body was kept without being read as a whole: its size, or three attempts that ended the isolate. Null for nearly all. */
    unread: text().$type<"too_large" | "failed">(),
    /** Content: the assembled response message, normalised like a history element. */
    responseContentId: id8("response_content_id"),
    responseBytes: integer("response_bytes").notNull(),
    responseTruncated: boolean("response_truncated").notNull().default(false),

    conversationId: uuid("conversation_id"),
    branchId: text("branch_id"),
    branchKey: uuid("branch_key"),
    parentRequestId: uuid("parent_request_id"),
    isSubtask: boolean("is_subtask").notNull().default(false),
    parentTaskRequestId: uuid("parent_task_request_id"),
    /** Of a side request: the turn that it served; null where that is not known. */
    servesRequestId: uuid("serves_request_id"),
    linkKind: text("link_kind"),
    linkedBy: text("linked_by"),
    linkConfidence: text("link_confidence"),
    messageHash: bytea("message_hash"),
    parentMessageHash: bytea("parent_message_hash"),
    systemHash: bytea("system_hash"),
    storedAt: time("stored_at").notNull().defaultNow(),
  },
  (t) => [
    primaryKey({ columns: [t.id, t.startedAt] }),
    // Without the id, although lists are sorted by it too: few rows share an instant and are sorted when read.
    index("requests_newest").on(t.startedAt),
    index("requests_domain").on(t.domainId, t.startedAt),
    index("requests_account").on(t.accountId, t.startedAt),
    // What the tools of one client key read.
    index("requests_client_key")
      .on(t.clientKeyId, t.startedAt)
      .where(sql`client_key_id is not null`),
    // A B-tree stores a key with many rows once if no further column distinguishes them; results are sorted when read.
    index("requests_session").on(t.sessionId),
    index("requests_conversation").on(t.conversationId),
    index("requests_parent").on(t.parentRequestId),
    index("requests_serves")
      .on(t.servesRequestId)
      .where(sql`serves_request_id is not null`),
    // One entry per branch: its first request.
    index("requests_branch")
      .on(t.conversationId, t.id)
      .where(sql`branch_key = id`),
    // Lists of rare models, rare types, failures, rare statuses and rare outcomes would read the whole table without these.
    index("requests_model").on(t.model),
    index("requests_model_shares")
      .using("gin", t.modelShares.op("jsonb_path_ops"))
      .where(sql`model_shares is not null`),
    index("requests_rare_type")
      .on(t.requestType, t.startedAt)
      .where(sql`request_type not in ('inference', 'query_evaluation')`),
    index("requests_unhappy")
      .on(t.startedAt, t.id)
      .where(sql`status >= 400 or status is null or outcome <> 'complete'`),
    index("requests_failed")
      .on(t.startedAt, t.id)
      .where(sql`failed`),
    // Nearly empty.
    index("requests_unread")
      .on(t.startedAt)
      .where(sql`unread is not null`),
    // Empty but for the minutes between a migration and the deploy that follows it.
    index("requests_uncounted")
      .on(t.startedAt)
      .where(sql`failed is null`),
  ],
);

/**
 * Evidence of a request for linking: keys (8 bytes of SHA-256 each) under which other requests find it, or it finds others.
 * One row per linkable request; made by workers/domain/linking from the request alone, never changed by other requests.
 * Ids are UUIDv7, so ordering by id is ordering by start.
 */
export const linkEvidence = pgTable(
  "link_evidence",
  {
    requestId: uuid("request_id").primaryKey(),
    domainId: integer("domain_id").notNull(),
    /** EvidenceFlag bits: what the content makes of it, whatever its parent (workers/domain/linking/evidence). */
    form: smallint().notNull(),
    /** Session, and the agent within it (0: none); null where no session is named. */
    sessionKey: id8("session_key"),
    agentKey: id8("agent_key"),
    /** The normalised history it was sent with, and the same with its response (the last tool id of a response stands for both). */
    endKey: id8("end_key").notNull(),
    responseKey: id8("answer_key"),
    /** The two keys that its parent has if nothing is missing; null in a first message. */
    priorEndKey: id8("prior_end_key"),
    priorResponseKey: id8("prior_answer_key"),
    /** As the end keys, but including tool results, to distinguish an edited result from a repetition. */
    messageKey: id8("message_key").notNull(),
    priorMessageKey: id8("prior_message_key"),
    systemKey: id8("system_key"),
    /** The client's device and its working directory: they distinguish sessions of equal words. */
    deviceKey: id8("device_key"),
    directoryKey: id8("directory_key"),
    /** The newest message alone, of a turn in a client's session: what a client repeats is no text of a person. */
    textKey: id8("text_key"),
    /** Several conversations matched equally well, so the choice depends on their lengths. */
    isAmbiguous: boolean("is_ambiguous").notNull().default(false),
  },
  (t) => [
    index("link_evidence_end").on(t.endKey, t.requestId),
    index("link_evidence_answer")
      .on(t.responseKey, t.requestId)
      .where(sql`answer_key is not null`),
    index("link_evidence_prior_answer")
      .on(t.priorResponseKey)
      .where(sql`prior_answer_key is not null`),
    // Rarely read, and stored once per session: results are sorted when read.
    index("link_evidence_thread")
      .on(t.sessionKey)
      .where(sql`session_key is not null`),
    // 256 is EvidenceFlag.sideRequest.
    index("link_evidence_side_requests")
      .on(t.sessionKey, t.requestId)
      .where(sql`(form & 256) <> 0`),
    index("link_evidence_ambiguous")
      .on(t.domainId, t.requestId)
      .where(sql`is_ambiguous`),
  ],
);

/** Further keys of the few requests that need them: older ancestors, summaries, prompts of sub-tasks. */
export const linkKeys = pgTable(
  "link_keys",
  {
    requestId: uuid("request_id").notNull(),
    domainId: integer("domain_id").notNull(),
    /** workers/domain/linking/evidence. */
    purpose: smallint().notNull(),
    key: id8("key").notNull(),
    /** Counts from the strongest: of ancestors 1 is the nearest after the parent. */
    rank: smallint().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.requestId, t.purpose, t.rank, t.key] }),
    index("link_keys_key").on(t.key, t.purpose, t.requestId),
  ],
);

/** Calls of `Task` and `Agent` in responses. `subtaskRequestId`: the first request of the spawned agent, if known. */
export const taskInvocations = pgTable(
  "task_invocations",
  {
    /** The request whose response contains the call. */
    requestId: uuid("request_id").notNull(),
    /** 0 for the first such call in the response. */
    position: smallint().notNull(),
    startedAt: time("started_at").notNull(),
    domainId: integer("domain_id").notNull(),
    toolUseId: text("tool_use_id").notNull(),
    toolName: text("tool_name").notNull(),
    subagentType: text("subagent_type"),
    description: text(),
    /** The first 250 characters; the response has all of it. */
    promptExcerpt: text("prompt_excerpt").notNull(),
    promptKey: id8("prompt_key").notNull(),
    /** Claude Code's id of the agent, once a tool result has named it. */
    agentId: text("agent_id"),
    subtaskRequestId: uuid("subtask_request_id"),
  },
  (t) => [
    primaryKey({ columns: [t.requestId, t.position] }),
    index("task_invocations_prompt").on(t.promptKey, t.requestId),
    index("task_invocations_tool_use").on(t.toolUseId),
    index("task_invocations_subtask").on(t.subtaskRequestId),
  ],
);

/** The agent of a tool call, from tool results; a result may arrive before its call. */
export const taskAgents = pgTable(
  "task_agents",
  {
    domainId: integer("domain_id").notNull(),
    agentId: text("agent_id").notNull(),
    toolUseId: text("tool_use_id").notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.domainId, t.agentId, t.toolUseId] }),
    index("task_agents_tool_use").on(t.domainId, t.toolUseId),
  ],
);

/** Former ids of conversations. Each now means the conversation of `rootRequestId`. */
export const conversationAliases = pgTable("conversation_aliases", {
  id: uuid().primaryKey(),
  domainId: integer("domain_id").notNull(),
  /** The request that the id was derived from. */
  rootRequestId: uuid("root_request_id").notNull(),
});

/**
 * One row per conversation: totals over its requests, written in the transaction that stores or re-links them
 * (workers/store/conversations/totals.ts), so that lists need not read them.
 */
export const conversations = pgTable(
  "conversations",
  {
    id: uuid().primaryKey(),
    domainId: integer("domain_id").notNull(),
    rootRequestId: uuid("root_request_id").notNull(),
    title: text(),
    sessionId: text("session_id"),
    firstAt: time("first_at").notNull(),
    /** Start of the last request. */
    lastAt: time("last_at").notNull(),
    /** End of the response that ended last. */
    endedAt: time("ended_at").notNull(),
    /** The last request outside of sub-tasks; the last of all if there are only sub-tasks. */
    latestRequestId: uuid("latest_request_id").notNull(),
    latestAt: time("latest_at").notNull(),
    latestIsSubtask: boolean("latest_is_subtask").notNull(),
    latestModel: text("latest_model"),
    /** `context_tokens` of the latest request with usage; null where unknown. */
    latestContextTokens: integer("latest_context_tokens"),
    /** Sort key of the request that the context is of, to decide whether a late request replaces it. */
    latestContextKey: text("latest_context_key"),
    accountIds: text("account_ids").array().notNull(),
    models: text().array().notNull(),
    requests: integer().notNull(),
    /** Requests with a new user prompt, sub-tasks excluded. */
    turns: integer().notNull(),
    subtaskRequests: integer("subtask_requests").notNull(),
    errors: integer().notNull(),
    /** Branches of all kinds, `main` included. */
    branches: integer().notNull(),
    userBranches: integer("user_branches").notNull(),
    compactBranches: integer("compact_branches").notNull(),
    subtaskBranches: integer("subtask_branches").notNull(),
    /** Requests that continue another, and those of them whose predecessor was not found. */
    continuations: integer().notNull(),
    orphans: integer().notNull(),
    inputTokens: count("input_tokens").notNull(),
    outputTokens: count("output_tokens").notNull(),
    cacheReadInputTokens: count("cache_read_input_tokens").notNull(),
    cacheCreationInputTokens: count("cache_creation_input_tokens").notNull(),
    thinkingTokens: count("thinking_tokens").notNull(),
    toolCallCount: count("tool_call_count").notNull(),
    costPico: numeric("cost_pico", { precision: 38, scale: 0, mode: "bigint" }).notNull(),
    unpricedCount: integer("unpriced_count").notNull(),
    /** Sum of the durations of its requests. */
    inferenceMs: doublePrecision("inference_ms").notNull(),
  },
  (t) => [
    index("conversations_newest").on(t.lastAt, t.id),
    index("conversations_domain").on(t.domainId, t.lastAt, t.id),
  ],
);

/**
 * The full-text index: one row per distinct message content of a domain. Ingest writes the rows without terms, which is
 * cheap; workers/store/search/indexer.ts adds the terms.
 */
export const searchEntries = pgTable(
  "search_entries",
  {
    contentId: id8("content_id").primaryKey(),
    domainId: integer("domain_id").notNull(),
    /** The earliest request whose history or response contains the content. */
    requestId: uuid("request_id").notNull(),
    startedAt: time("started_at").notNull(),
    /** "user", "assistant", "system"; null until indexed. */
    role: text(),
    /** Null: not indexed yet. */
    words: tsvector("words"),
  },
  (t) => [
    index("search_entries_words").using("gin", t.words),
    index("search_entries_newest").on(t.startedAt, t.contentId),
    index("search_entries_pending")
      .on(t.contentId)
      .where(sql`words is null`),
  ],
);

/** The raw response bytes, decoded, one row per exchange; the shortest-lived of the payloads. Partitioned like `requests`. */
export const responseBodies = pgTable(
  "response_bodies",
  {
    requestId: uuid("request_id").notNull(),
    startedAt: time("started_at").notNull(),
    size: integer().notNull(),
    /** As in `contents`. */
    coding: smallint().notNull(),
    data: bytea().notNull(),
    /** Arrival times of its chunks, packed by workers/domain/messages/chunk-timing.ts; null if not sampled. */
    timing: bytea(),
  },
  (t) => [primaryKey({ columns: [t.requestId, t.startedAt] })],
);

/** Message batches that were created, or whose results were downloaded (workers/store/requests/batches.ts). */
export const messageBatches = pgTable(
  "message_batches",
  {
    domainId: integer("domain_id").notNull(),
    batchId: text("batch_id").notNull(),
    /** The request that created it; null where that is not stored. */
    createdBy: uuid("created_by"),
    /** Its requests; null where the creation is not stored or does not say it. */
    requestCount: integer("request_count"),
    /** The most results of a stored download that was not cut; null where there is none. */
    resultCount: integer("result_count"),
    /** A download of all its results is stored. */
    isCounted: boolean("is_counted").notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.domainId, t.batchId] }),
    index("message_batches_creation").on(t.createdBy),
  ],
);

/** Results of message batches that have a message, each with the exchange that it is counted with. */
export const batchResults = pgTable(
  "batch_results",
  {
    domainId: integer("domain_id").notNull(),
    /** 16 bytes of the SHA-256 of batch id and custom id. */
    key: bytea().notNull(),
    requestId: uuid("request_id").notNull(),
    /** What its price depends on. */
    message: jsonb().$type<BilledMessage>().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.domainId, t.key] }),
    index("batch_results_request").on(t.requestId, t.key),
  ],
);

/** Totals per 5 minutes, written in the transaction of their rows. Coarser views add them up. */
export const rollups = pgTable(
  "rollups",
  {
    /** Start of the five minutes. */
    bucket: time("bucket").notNull(),
    domainId: integer("domain_id").notNull(),
    /** The empty string where there is none (a key column cannot be null). */
    accountId: text("account_id").notNull(),
    model: text().notNull(),
    requestType: text("request_type").notNull(),
    outcome: text().notNull(),
    requests: count("requests").notNull(),
    /** Exchanges that failed. */
    errors: count("errors").notNull(),
    /** Exchanges that requested another model and used this one as well (an advisor, a fallback), and those of them that failed. */
    shareRequests: count("share_requests").notNull().default(0),
    shareErrors: count("share_errors").notNull().default(0),
    inputTokens: count("input_tokens").notNull(),
    outputTokens: count("output_tokens").notNull(),
    cacheReadInputTokens: count("cache_read_input_tokens").notNull(),
    cacheCreation5mInputTokens: count("cache_creation_5m_input_tokens").notNull(),
    cacheCreation1hInputTokens: count("cache_creation_1h_input_tokens").notNull(),
    /** All cache writes; what exceeds 5m + 1h came unclassified. */
    cacheCreationInputTokens: count("cache_creation_input_tokens").notNull(),
    thinkingTokens: count("thinking_tokens").notNull(),
    toolCallCount: count("tool_call_count").notNull(),
    costPico: numeric("cost_pico", { precision: 38, scale: 0, mode: "bigint" }).notNull(),
    /** Exchanges without a price, under the requested model. */
    unpricedCount: count("unpriced_count").notNull(),
    /** Exchanges without a price that were requested of another model and have a share of this one. */
    unpricedShares: count("unpriced_shares").notNull().default(0),
    durationMs: doublePrecision("duration_ms").notNull(),
    /** Counts per latency class (workers/domain/usage/latency-histogram.ts), of duration and of time to first byte. */
    durationHistogram: integer("duration_histogram").array().notNull(),
    firstByteHistogram: integer("first_byte_histogram").array().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.bucket, t.domainId, t.accountId, t.model, t.requestType, t.outcome] }),
    index("rollups_domain").on(t.domainId, t.bucket),
    index("rollups_share_models")
      .on(t.model)
      .where(sql`share_requests > 0`),
  ],
);

/** Events counted, not stored, per 5 minutes (refused before authentication, unrecorded, …). */
export const counters = pgTable(
  "counters",
  { bucket: time("bucket").notNull(), name: text().notNull(), value: count("value").notNull() },
  (t) => [primaryKey({ columns: [t.bucket, t.name] })],
);

/** Queue messages already added to `counters`, so that a redelivery adds nothing. */
export const counterMessages = pgTable("counter_messages", {
  id: uuid().primaryKey(),
  at: time("at").notNull(),
});

/** Exchanges that ingest could not store: their journal entries stay, and the sweep retries them. */
export const ingestFailures = pgTable("ingest_failures", {
  exchangeId: uuid("exchange_id").primaryKey(),
  domain: text().notNull(),
  error: text().notNull(),
  attempts: integer().notNull(),
  firstAt: time("first_at").notNull().defaultNow(),
  lastAt: time("last_at").notNull().defaultNow(),
});

/**
 * Journal entries that ingest has begun to read, written before it does and deleted when their batch has ended. Those that stay were being
 * read when the isolate ended.
 */
export const ingestAttempts = pgTable("ingest_attempts", {
  entryId: uuid("entry_id").primaryKey(),
  attempts: integer().notNull(),
  at: time("at").notNull(),
});

/** Journal entries that the sweep enqueued, and when it may enqueue them again: the wait doubles. Deleted once stored. */
export const sweptEntries = pgTable(
  "swept_entries",
  {
    exchangeId: uuid("exchange_id").primaryKey(),
    attempts: integer("rings").notNull(),
    nextAt: time("next_at").notNull(),
  },
  (t) => [index("swept_entries_next").on(t.nextAt)],
);

/** Dashboard sessions. The cookie holds a random token; only its hash is here. */
export const sessions = pgTable(
  "sessions",
  {
    tokenHash: bytea("token_hash").primaryKey(),
    role: text().notNull(),
    actor: text().notNull(),
    /** HMAC-SHA256 of the dashboard key under the token: changing the key ends its sessions. */
    keyFingerprint: bytea("key_fingerprint").notNull(),
    createdAt: time("created_at").notNull().defaultNow(),
    expiresAt: time("expires_at").notNull(),
    revokedAt: time("revoked_at"),
  },
  (t) => [index("sessions_expiry").on(t.expiresAt)],
);

export const auditLog = pgTable(
  "audit_log",
  {
    id: id8("id").primaryKey().generatedAlwaysAsIdentity(),
    at: time("at").notNull().defaultNow(),
    /** Session, Access e-mail or key: "session:1a2b3c4d", "ann@example.com", "dashboard-key". */
    actor: text().notNull(),
    role: text().notNull(),
    /** "domain.put", "client_key.create", "transcript.open", … */
    action: text().notNull(),
    target: text().notNull(),
    details: jsonb().$type<Record<string, unknown>>().notNull().default({}),
  },
  (t) => [index("audit_log_newest").on(t.at, t.id)],
);

/**
 * AI analyses of branches. One current row per branch; earlier ones are kept as versions. A row is also the job: the queue message only
 * names it, and a claim (status, attempt and lease in one statement) precedes each call of the model.
 */
export const analyses = pgTable(
  "analyses",
  {
    id: uuid().primaryKey(),
    domainId: integer("domain_id").notNull(),
    /** At the time of creation; the branch's first request has the present one. */
    conversationId: uuid("conversation_id").notNull(),
    /** The id of the branch's first request, which stays when conversation and branch get other names. */
    branchKey: uuid("branch_key").notNull(),
    branchId: text("branch_id").notNull(),
    version: integer().notNull(),
    isCurrent: boolean("is_current").notNull(),
    status: text().$type<AnalysisStatus>().notNull(),
    /** Calls of the model that were started. */
    attempts: smallint().notNull().default(0),
    /** While processing: when the attempt counts as lost. */
    leaseUntil: time("lease_until"),
    /** While pending: the earliest time of the next attempt. */
    nextAttemptAt: time("next_attempt_at"),
    /** While pending: why the next attempt is not made yet; null: it is due. */
    waitsFor: text("waits_for").$type<AnalysisWait>(),
    /** When cron last sent its queue message again. */
    enqueuedAt: time("enqueued_at"),
    provider: text().$type<AnalysisProvider>().notNull(),
    model: text().notNull(),
    customPrompt: text("custom_prompt"),
    /** Hex SHA-256 of the prompt files. */
    promptHash: text("prompt_hash"),
    /** Prompt tokens to expect: the branch's recorded context, then the estimate of the last attempt; null = not known. */
    estimatedTokens: integer("estimated_tokens"),
    /** Of all attempts, as far as the provider reported them. Cached tokens are part of the input, thinking of the output. */
    inputTokens: count("input_tokens"),
    cachedInputTokens: count("cached_input_tokens"),
    outputTokens: count("output_tokens"),
    thinkingTokens: count("thinking_tokens"),
    /** Integer pico-dollars of all attempts; null = unpriced. */
    costPico: numeric("cost_pico", { precision: 30, scale: 0, mode: "bigint" }),
    result: jsonb().$type<AnalysisResult>(),
    /** The text of a response that does not fit the schema. */
    analysisContent: text("analysis_content"),
    note: text(),
    /** Failed attempts, oldest first. */
    errors: jsonb().$type<AnalysisError[]>().notNull().default([]),
    requestedBy: text("requested_by").notNull(),
    createdAt: time("created_at").notNull(),
    updatedAt: time("updated_at").notNull(),
    startedAt: time("started_at"),
    completedAt: time("completed_at"),
  },
  (t) => [
    uniqueIndex("analyses_current")
      .on(t.branchKey)
      .where(sql`is_current`),
    uniqueIndex("analyses_version").on(t.branchKey, t.version),
    index("analyses_newest").on(t.createdAt, t.id),
    index("analyses_by_status")
      .on(t.status, t.createdAt, t.id)
      .where(sql`is_current`),
    index("analyses_by_domain").on(t.domainId, t.createdAt, t.id),
    // Small: finished analyses are not in it.
    index("analyses_open")
      .on(t.status, t.nextAttemptAt)
      .where(sql`status in ('pending', 'processing')`),
  ],
);

/** Calls of a model for analyses. The daily budget is the cost of those that started on the day; an estimated one while it is not reported. */
export const analysisAttempts = pgTable(
  "analysis_attempts",
  {
    analysisId: uuid("analysis_id").notNull(),
    /** From 1. */
    attempt: smallint().notNull(),
    startedAt: time("started_at").notNull(),
    endedAt: time("ended_at"),
    /** `completed` or the code of its error; null while it runs. */
    outcome: text(),
    /** Null = the provider has not reported them. */
    inputTokens: count("input_tokens"),
    cachedInputTokens: count("cached_input_tokens"),
    outputTokens: count("output_tokens"),
    thinkingTokens: count("thinking_tokens"),
    /** Integer pico-dollars of the reported tokens, 0 where the provider bills nothing; null = not known. */
    costPico: numeric("cost_pico", { precision: 30, scale: 0, mode: "bigint" }),
    /** The same, before the call; null = unpriced. */
    estimatedPico: numeric("estimated_pico", { precision: 30, scale: 0, mode: "bigint" }),
  },
  (t) => [
    primaryKey({ columns: [t.analysisId, t.attempt] }),
    index("analysis_attempts_started").on(t.startedAt),
  ],
);

/**
 * Prompts of a Git repository: one row per repository, branch and folder, of which the configured one is served. What is served and the
 * status of the sync change separately.
 */
export const promptSyncs = pgTable("prompt_syncs", {
  /** As `repositoryKey` of workers/domain/prompts/repository-failure.ts names it. */
  repository: text().primaryKey(),
  /** Raised with each change of the next six columns, which change together. */
  version: integer().notNull().default(0),
  commit: text(),
  etag: text(),
  /** `SyncedPrompts` of workers/domain/prompts/sync-prompts.ts: with which bundled prompts, its files, what is served, what is wrong. */
  bundle: text(),
  files: jsonb().notNull().default([]),
  prompts: jsonb().notNull().default([]),
  problems: jsonb().notNull().default([]),
  /** `SyncedPrompts.blobs`: also what a sync has fetched before it failed. */
  blobs: jsonb().notNull().default([]),
  /** When other prompts were served than before. */
  changedAt: time("changed_at"),
  /** Start of the last try. */
  triedAt: time("tried_at"),
  succeededAt: time("succeeded_at"),
  /** Null: not before the settings change. */
  nextAt: time("next_at"),
  /** `RepositoryFailure` of the last try; null if it succeeded. */
  failure: jsonb(),
  failuresInRow: integer("failures_in_row").notNull().default(0),
  /** What is worth knowing of a success, such as another name of the repository. */
  note: text(),
  /** Hash of the token of the last try: another one is tried at once. */
  tokenHash: text("token_hash"),
  /** Of the newest deliveries of the webhook, the beginning of each signature. */
  deliveries: text().array().notNull().default([]),
});

/** How often each prompt was rendered for a client, per day in UTC. */
export const promptUses = pgTable(
  "prompt_uses",
  { day: date().notNull(), name: text().notNull(), uses: count("uses").notNull() },
  (t) => [primaryKey({ columns: [t.day, t.name] })],
);
