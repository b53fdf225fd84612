/**
 * 100,000 requests in 2,000 conversations and one conversation of 5,000 requests, made by SQL with their contents and full-text
 * index.
 */
import { createHash } from "node:crypto";
import { drizzle } from "drizzle-orm/node-postgres";
import type pg from "pg";
import { updateConversationTotals } from "../../workers/store/conversations/totals.ts";
import type { WriterTransaction } from "../../workers/store/db/db.ts";
import { withClient } from "../../scripts/local/database/client.ts";
import type { CachedDatabase } from "./cached-databases.ts";

export const CONVERSATIONS = 2_000;
export const TURNS = 50;
/** Turns of conversation 0. */
export const LONG = 5_000;

export const THOUSANDS: CachedDatabase = {
  name: "conversations",
  source: "bench/database/conversations.ts",
  fill: (url) => withClient(url, fill),
};

/** Ids are hashes of what they count, so that rows can name each other. */
async function fill(client: pg.Client): Promise<void> {
  const shape = `SELECT c, CASE WHEN c = 0 THEN ${LONG} ELSE ${TURNS} END AS turns FROM generate_series(0, ${CONVERSATIONS}) c`;
  // Positions of a conversation's messages begin here.
  const first = `CASE WHEN c = 0 THEN ${CONVERSATIONS + 1} * ${TURNS * 2} ELSE c * ${TURNS * 2} END`;
  const id = (what: string) => `md5(${what})::uuid`;
  const startedAt = `now() - interval '50 days' + (c * 0.02) * interval '1 day' + t * interval '20 s'`;
  // In one transaction `now()` is the same for all.
  await client.query("BEGIN");
  await client.query(
    "INSERT INTO domains (name) SELECT 'team-' || n || '.example' FROM generate_series(1, 5) n",
  );
  await client.query(`
    INSERT INTO contents (id, domain_id, sha256, size, coding, data) OVERRIDING SYSTEM VALUE
    SELECT id, 1 + c % 5, sha256(data), length(data), 0, data FROM (
      SELECT c, ${first} + m AS id, convert_to(json_build_object('role', CASE WHEN m % 2 = 1 THEN 'user' ELSE 'assistant' END, 'content',
        (SELECT string_agg('w' || floor(20000 * random() ^ 3), ' ') FROM generate_series(1, 60) w WHERE c >= 0 AND m > 0))::text, 'UTF8') AS data
      FROM (${shape}) s, generate_series(1, turns * 2) m) made`);
  await client.query(`
    INSERT INTO nodes (id, domain_id, hash, parent_id, content_id, depth) OVERRIDING SYSTEM VALUE
    SELECT ${first} + m, 1 + c % 5, sha256((${first} + m)::text::bytea), CASE WHEN m > 1 THEN ${first} + m - 1 END, ${first} + m, m
    FROM (${shape}) s, generate_series(1, turns * 2) m`);
  await client.query(`
    INSERT INTO requests (id, started_at, domain_id, account_id, credential_type, client, prompt, method, path, query, endpoint,
      request_type, model, stream, status, outcome, failed, input_tokens, output_tokens, cache_read_input_tokens, cache_creation_input_tokens,
      cost_pico, duration_ms, body_kind, body_bytes, messages_node_id, message_count, response_content_id, response_bytes,
      conversation_id, branch_id, branch_key, parent_request_id, link_kind, linked_by, link_confidence)
    SELECT ${id("c || '/' || t")}, ${startedAt}, 1 + c % 5, 'acc_' || c % 3, 'api_key', 'claude-cli/2.1.' || c % 4,
      CASE WHEN t % 4 = 1 THEN 'Do step ' || t || ' of task ' || c END, 'POST', '/v1/messages', '', 'messages', 'inference',
      CASE WHEN c % 500 = 7 THEN 'rare' ELSE 'claude-opus-5-5' END, true, CASE WHEN (c * 31 + t) % 997 = 0 THEN 529 ELSE 200 END, 'complete', (c * 31 + t) % 997 = 0,
      10, 200, t * 900, 900, 1000000::bigint * t, 8000, 'json', 50000, ${first} + 2 * t - 1, 2 * t - 1, ${first} + 2 * t, 4000,
      ${id("'c' || c")}, CASE WHEN t > turns - 5 AND c % 10 = 3 THEN 'branch_1' ELSE 'main' END,
      CASE WHEN t > turns - 5 AND c % 10 = 3 THEN ${id("c || '/' || (turns - 4)")} ELSE ${id("c || '/1'")} END,
      CASE WHEN t > 1 THEN ${id("c || '/' || (t - 1)")} END, CASE WHEN t > 1 THEN 'turn' ELSE 'root' END, 'ids', 'certain'
    FROM (${shape}) s, generate_series(1, turns) t`);
  await client.query(`
    INSERT INTO search_entries (content_id, domain_id, request_id, started_at, role, words)
    SELECT ${first} + m, 1 + c % 5, ${id("c || '/' || t")}, ${startedAt}, CASE WHEN m % 2 = 1 THEN 'user' ELSE 'assistant' END,
      (SELECT array_to_tsvector(array_agg(word)) FROM regexp_split_to_table(convert_from(data, 'UTF8')::json ->> 'content', ' ') word)
    FROM (${shape}) s, generate_series(1, turns * 2) m, lateral (SELECT (m + 1) / 2 AS t) at, contents
    WHERE contents.id = ${first} + m`);
  await client.query("COMMIT");
  const ids = Array.from({ length: CONVERSATIONS + 1 }, (_, n) => conversationId(n));
  for (let at = 0; at < ids.length; at += 500)
    await drizzle(client).transaction((tx) =>
      updateConversationTotals(tx as unknown as WriterTransaction, {
        changed: new Set(ids.slice(at, at + 500)),
        added: [],
      }),
    );
  await client.query("VACUUM ANALYZE");
}

export function conversationId(n: number): string {
  const hex = createHash("md5").update(`c${n}`).digest("hex");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
