/**
 * Stores a conversation through ingest with links set by hand, so that readers of conversations are tested independently of
 * linking.
 */
import { env } from "cloudflare:workers";
import { loadConfig } from "../../workers/runtime/config.ts";
import { updateConversationTotals } from "../../workers/store/conversations/totals.ts";
import { withWriter } from "../../workers/store/db/db.ts";
import { streamOf, makeExchange, NOON, messageRequest } from "./exchanges.ts";
import { queryRows } from "./worker-database.ts";
import { store } from "./worker-api.ts";

type Message = { role: string; content: unknown };

export interface LinkedRequest {
  /** Other requests refer to it by this name. */
  name: string;
  messages: Message[];
  response?: string;
  /** Seconds after noon. */
  at: number;
  branch?: string;
  /** Name of the first request of its branch; its own when left out. */
  opener?: string;
  parent?: string;
  task?: string;
  kind?: string;
}

/** Stores and links the requests; returns their ids by name. */
export async function storeConversation(
  conversationId: string,
  linked: readonly LinkedRequest[],
): Promise<Record<string, string>> {
  const made = linked.map(({ messages, response: text = "Well.", at }) =>
    makeExchange({
      startedAt: NOON + at * 1_000,
      requestBody: messageRequest("", { messages }),
      responseBody: streamOf(text, { input_tokens: 10, cache_read_input_tokens: 90, output_tokens: 5 }),
    }),
  );
  await store(...made);
  const ids = Object.fromEntries(linked.map(({ name }, n) => [name, made[n]!.id]));
  const idOf = (name: string | undefined) => (name === undefined ? null : ids[name]!);
  for (const one of linked)
    await queryRows(
      `UPDATE requests SET conversation_id = $2, branch_id = $3, branch_key = $4, parent_request_id = $5, is_subtask = $6,
         parent_task_request_id = $7, link_kind = $8, linked_by = 'ids', link_confidence = 'certain' WHERE id = $1`,
      [
        ids[one.name],
        conversationId,
        one.branch ?? "main",
        idOf(one.opener ?? one.name),
        idOf(one.parent),
        one.branch?.startsWith("subtask_") ?? false,
        idOf(one.task),
        one.kind ?? (one.parent ? "turn" : one.task ? "subtask" : "root"),
      ],
    );
  await queryRows(
    "DELETE FROM conversations WHERE id <> ALL (SELECT conversation_id FROM requests WHERE conversation_id IS NOT NULL)",
  );
  await withWriter(loadConfig(env), (db) =>
    db.transaction((tx) => updateConversationTotals(tx, { changed: new Set([conversationId]), added: [] })),
  );
  return ids;
}

export const user = (content: unknown): Message => ({ role: "user", content });
export const assistant = (content: unknown): Message => ({ role: "assistant", content });
