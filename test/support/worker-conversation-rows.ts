/** Inserts rows of conversations as ingest and linking leave them, for tests of their readers. */
import { newExchangeId } from "../../workers/domain/exchange-id.ts";
import { queryRows } from "./worker-database.ts";

export interface RowOptions {
  startedAt: number;
  conversationId: string | null;
  id?: string;
  branchId?: string;
  /** Default: the row opens its branch. */
  branchKey?: string;
  parentRequestId?: string | null;
  isSubtask?: boolean;
  parentTaskRequestId?: string | null;
  linkKind?: string;
  accountId?: string;
  model?: string;
  client?: string | null;
  prompt?: string | null;
  status?: number | null;
  durationMs?: number | null;
  tokens?: { input?: number; output?: number; cacheRead?: number; cacheCreation?: number } | null;
  costPico?: string | null;
  toolCallCount?: number;
  messageCount?: number;
  sessionId?: string | null;
}

/** Inserts one row of `requests` in the domain "team.example" and returns its id. */
export async function insertRow(options: RowOptions): Promise<string> {
  const { startedAt, conversationId } = options;
  const id = options.id ?? newExchangeId(startedAt, crypto.getRandomValues(new Uint8Array(10)));
  const tokens = options.tokens === undefined ? { input: 10, output: 5 } : options.tokens;
  const status = options.status === undefined ? 200 : options.status;
  const row: Record<string, unknown> = {
    id,
    started_at: new Date(startedAt).toISOString(),
    domain_id: await domainId(),
    account_id: options.accountId ?? "acc_1",
    credential_type: "api_key",
    session_id: options.sessionId ?? null,
    client: options.client ?? null,
    prompt: options.prompt ?? null,
    method: "POST",
    path: "/v1/messages",
    query: "",
    endpoint: "messages",
    request_type: "inference",
    model: options.model ?? "claude-opus-5-5",
    stream: true,
    status,
    outcome: status === null ? "client_gone" : "complete",
    input_tokens: tokens && (tokens.input ?? 0),
    output_tokens: tokens && (tokens.output ?? 0),
    cache_read_input_tokens: tokens && (tokens.cacheRead ?? 0),
    cache_creation_input_tokens: tokens && (tokens.cacheCreation ?? 0),
    cost_pico: options.costPico ?? null,
    duration_ms: options.durationMs === undefined ? 1_000 : options.durationMs,
    tool_call_count: options.toolCallCount ?? 0,
    body_kind: "none",
    body_bytes: 0,
    response_bytes: 0,
    message_count: options.messageCount ?? 1,
    conversation_id: conversationId,
    branch_id: conversationId && (options.branchId ?? "main"),
    branch_key: conversationId && (options.branchKey ?? id),
    parent_request_id: options.parentRequestId ?? null,
    is_subtask: options.isSubtask ?? false,
    parent_task_request_id: options.parentTaskRequestId ?? null,
    link_kind: options.linkKind ?? (conversationId ? "turn" : "aux"),
    linked_by: "ids",
    link_confidence: "certain",
  };
  const names = Object.keys(row);
  await queryRows(
    `INSERT INTO requests (${names.join(", ")}) VALUES (${names.map((_, n) => `$${n + 1}`).join(", ")})`,
    Object.values(row),
  );
  return id;
}

async function domainId(): Promise<number> {
  await queryRows("INSERT INTO domains (name) VALUES ('team.example') ON CONFLICT DO NOTHING");
  const [domain] = await queryRows<{ id: number }>("SELECT id FROM domains WHERE name = 'team.example'");
  return domain!.id;
}
