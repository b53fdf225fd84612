/**
 * A month of a busy company, made by SQL: 1,000,000 requests in 10,000 conversations of five domains, which share three accounts,
 * and four models, with their rollups and sums of conversations. Column values are plausible, not real; contents there are none.
 */
import type { Client } from "pg";
import { LATENCY_CLASSES } from "../../workers/domain/usage/latency-histogram.ts";
import { withClient } from "./client.ts";
import type { CachedDatabase } from "./cached-databases.ts";

export const REQUESTS = 1_000_000;
const DAYS = 30;

export const MILLION: CachedDatabase = {
  name: "million",
  source: "bench/database/million.ts",
  fill: (url) =>
    withClient(url, async (db) => {
      await db.query(ID_FUNCTION);
      await makeMillion(db, Date.now());
    }),
};

/** Times end at `now` (epoch milliseconds). */
async function makeMillion(db: Client, now: number): Promise<void> {
  const first = now - DAYS * 86_400_000;
  await db.query("SELECT ensure_partitions(to_timestamp($1), 4)", [first / 1000]);
  await db.query(
    "INSERT INTO domains (name, configured) SELECT 'team-' || n || '.example', true FROM generate_series(1, 5) n",
  );
  await db.query(REQUESTS_SQL, [first / 1000, (DAYS * 86_400) / REQUESTS, REQUESTS]);
  await db.query(CONVERSATIONS_SQL);
  await db.query(ROLLUPS_SQL, [LATENCY_CLASSES]);
  await db.query("VACUUM ANALYZE");
}

const REQUESTS_SQL = `
INSERT INTO requests (id, started_at, domain_id, account_id, credential_type, session_id, client, prompt, method, path, query,
  endpoint, request_type, model, model_served, stream, status, outcome, stop_reason, input_tokens, output_tokens,
  cache_read_input_tokens, cache_creation_input_tokens, usage, cost_pico, price_version, tool_calls, tool_call_count,
  time_to_first_byte_ms, duration_ms, upstream_request_id, body_kind, body_bytes, response_bytes, message_count,
  conversation_id, branch_id, branch_key, link_kind, linked_by, link_confidence)
SELECT id, at, (SELECT min(id) FROM domains) + conversation % 5, 'account-' || conversation % 5 % 3, 'api_key', md5('s' || conversation),
  'claude-cli/2.1.' || conversation % 40, CASE WHEN turn % 5 = 0 THEN 'please do step ' || turn END, 'POST', '/v1/messages', '?beta=true',
  'messages', CASE WHEN n % 50 = 0 THEN 'quota' WHEN n % 7 = 0 THEN 'query_evaluation' ELSE 'inference' END,
  model, model, true, CASE WHEN n % 100 = 3 THEN 429 ELSE 200 END, 'complete', 'end_turn', 3, 100 + n % 900, 20000 + n % 9000, n % 2000,
  '{"input_tokens":3,"output_tokens":120}', 1000000000 + n % 977 * 1000000, '2026-11', CASE WHEN n % 3 = 0 THEN '{"Bash":1}'::jsonb END,
  CASE WHEN n % 3 = 0 THEN 1 ELSE 0 END, 300 + n % 700, 2000 + n % 9000, 'req_' || n, 'none', 100000, 4000, 2 * turn + 1,
  md5('c' || conversation)::uuid, 'main', root, CASE WHEN turn = 0 THEN 'root' ELSE 'turn' END, 'ids', 'certain'
FROM (
  SELECT n, at, turn, conversation, (ARRAY['claude-sonnet-4-5', 'claude-opus-4-5', 'claude-haiku-4-5', 'claude-opus-4-1'])[1 + conversation % 4] AS model,
    nexus_bench_id(at, n) AS id, nexus_bench_id(started, conversation % 100 + conversation / 100 * 10000) AS root
  FROM (
    SELECT n, to_timestamp($1::float8 + n * $2::float8) AS at, n / 100 % 100 AS turn, n % 100 + n / 10000 * 100 AS conversation,
      to_timestamp($1::float8 + (n % 100 + n / 10000 * 10000) * $2::float8) AS started
    FROM generate_series(0, $3::int - 1) n
  ) moments
) rows`;

const CONVERSATIONS_SQL = `
INSERT INTO conversations (id, domain_id, root_request_id, title, session_id, first_at, last_at, ended_at, latest_request_id, latest_at,
  latest_is_subtask, latest_model, latest_context_tokens, account_ids, models, requests, turns, subtask_requests, errors, branches,
  user_branches, compact_branches, subtask_branches, continuations, orphans, input_tokens, output_tokens, cache_read_input_tokens,
  cache_creation_input_tokens, thinking_tokens, tool_call_count, cost_pico, unpriced_count, inference_ms)
SELECT conversation_id, min(domain_id), min(branch_key::text)::uuid, 'Conversation ' || left(conversation_id::text, 8), min(session_id),
  min(started_at), max(started_at), max(started_at) + interval '5 s', max(id::text)::uuid, max(started_at), false, min(model), 20000,
  ARRAY[min(account_id)], ARRAY[min(model)], count(*), count(prompt), 0, count(*) FILTER (WHERE status >= 400), 1, 0, 0, 0, count(*) - 1, 0,
  sum(input_tokens), sum(output_tokens), sum(cache_read_input_tokens), sum(cache_creation_input_tokens), 0, sum(tool_call_count),
  sum(cost_pico), 0, sum(duration_ms)
FROM requests GROUP BY conversation_id`;

const ROLLUPS_SQL = `
INSERT INTO rollups SELECT date_bin('5 minutes', started_at, 'epoch'::timestamptz), domain_id, coalesce(account_id, ''), coalesce(model, ''),
  request_type, outcome, count(*), count(*) FILTER (WHERE status >= 400), sum(input_tokens), sum(output_tokens),
  sum(cache_read_input_tokens), 0, 0, sum(cache_creation_input_tokens), 0, sum(tool_call_count), sum(cost_pico), 0, sum(duration_ms),
  array_fill(1, ARRAY[$1::int]), array_fill(1, ARRAY[$1::int])
FROM requests GROUP BY 1, 2, 3, 4, 5, 6`;

/** A UUIDv7 of a time and a number, as ids of exchanges are. */
const ID_FUNCTION = `
CREATE FUNCTION nexus_bench_id(at timestamptz, n bigint) RETURNS uuid IMMUTABLE LANGUAGE sql AS $$
  SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7000' || 'a' || right(lpad(to_hex(n), 15, '0'), 15))::uuid $$`;
