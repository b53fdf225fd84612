/**
 * Conversations at size: 100,000 requests in 2,000 conversations and one conversation of 5,000 requests, made by SQL on a
 * PostgreSQL server of the machine, asked through the API of a local world.
 *
 *   TEST_DATABASE_URL=postgresql://postgres@127.0.0.1:5432/postgres node bench/conversations.ts
 *
 * Makes a database of its own on that server and drops it at the end.
 */
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { drizzle } from "drizzle-orm/node-postgres";
import pg from "pg";
import { createLocalWorld } from "../scripts/local/host.ts";
import { migrate } from "../scripts/local/migrate.ts";
import { sumConversations } from "../workers/store/conversation-sums.ts";
import type { WriterTransaction } from "../workers/store/db.ts";
import { median } from "./statistics.ts";

const CONVERSATIONS = 2_000;
const TURNS = 50;
const LONG = 5_000;
const TIMES = 21;
const NAME = "nexus_bench_conversations";

const server = process.env["TEST_DATABASE_URL"];
if (!server) throw new Error("Set TEST_DATABASE_URL to a PostgreSQL server on which databases may be made.");
const url = new URL(server);
url.pathname = `/${NAME}`;

await onServer(server, `DROP DATABASE IF EXISTS ${NAME}`, `CREATE DATABASE ${NAME}`);
const dataDir = mkdtempSync(join(tmpdir(), "nexus-bench-"));
try {
  await migrate(url.href);
  await fill(url.href);
  const world = await createLocalWorld({ dataDir, databaseUrl: url.href });
  try {
    await measure(world.proxyUrl, world.dashboardKey);
  } finally {
    await world.stop({ finish: false });
  }
} finally {
  await onServer(server, `DROP DATABASE IF EXISTS ${NAME} WITH (FORCE)`);
  rmSync(dataDir, { recursive: true, force: true });
}

async function measure(proxyUrl: string, key: string): Promise<void> {
  const uuidOf = conversationId;
  const line = async (what: string, goalMs: number, paths: string[], goalBytes?: number) => {
    const times: number[] = [];
    let bytes = 0;
    for (let n = 0; n <= TIMES; n++) {
      const path = paths[n % paths.length]!;
      const started = performance.now();
      const response = await fetch(proxyUrl + path, { headers: { "x-dashboard-key": key } });
      const body = await response.arrayBuffer();
      if (!response.ok) throw new Error(`${path}: ${response.status} ${new TextDecoder().decode(body)}`);
      bytes = Math.max(bytes, body.byteLength);
      // The first ones warm caches up.
      if (n > 0) times.push(performance.now() - started);
    }
    const ms = median(times);
    const isMet = ms <= goalMs && (goalBytes === undefined || bytes <= goalBytes);
    console.log(
      [
        what.padEnd(58),
        `${ms.toFixed(1)} ms p50`.padStart(14),
        `(goal ${goalMs})`.padStart(11),
        `${(bytes / 1000).toFixed(0)} KB`.padStart(8),
        isMet ? "" : "  MISSED",
      ].join(" "),
    );
  };
  const some = Array.from({ length: 7 }, (_, n) => uuidOf(n * 250 + 1));
  await line("list of conversations", 20, ["/api/conversations"]);
  await line("list of a domain's conversations", 20, ["/api/conversations?domain=team-2.example"]);
  await line("list of conversations with errors", 20, ["/api/conversations?hasErrors=true"]);
  await line("list of conversations of a rare model", 20, ["/api/conversations?model=rare"]);
  await line("list of conversations where something was said", 150, ["/api/conversations?search=w9000"]);
  await line(
    `tree of ${TURNS} requests`,
    30,
    some.map((one) => `/api/conversations/${one}/tree`),
  );
  await line(`tree of ${LONG} requests`, 30, [`/api/conversations/${uuidOf(0)}/tree`]);
  await line(
    `page of a conversation of ${TURNS} requests`,
    30,
    some.map((one) => `/api/conversations/${one}`),
    100_000,
  );
  await line(
    `transcript of ${TURNS} turns, first screen`,
    30,
    some.map((one) => `/api/conversations/${one}/messages`),
    100_000,
  );
  await line(`transcript of ${LONG} turns, last screen`, 100, [
    `/api/conversations/${uuidOf(0)}/messages?cursor=${2 * LONG - 40}`,
  ]);
  const search = (...words: string[]) => words.map((q) => `/api/search?q=${encodeURIComponent(q)}`);
  await line("search, rare words", 150, search("w19000", "w18000", "w15000", "w12345"));
  await line("search, two words", 150, search("w100 w2000", "w50 w500", "w1000 w30"));
  await line("search, a phrase", 150, search('"w10 w20"', '"w5 w6"'));
  await line("search, a common word", 150, search("w10", "w25", "w40"));
  await line("search, the commonest word", 150, search("w0"));
  await line("search, the beginning of many words", 150, search("w1"));
  await line("quality of linking", 1_000, ["/api/quality/linking"]);
}

/** Conversation 0 is the long one. Ids are hashes of what they count, so that rows can name each other. */
async function fill(databaseUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await fillWith(client);
  } finally {
    await client.end();
  }
}

async function fillWith(client: pg.Client): Promise<void> {
  const started = performance.now();
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
      request_type, model, stream, status, outcome, input_tokens, output_tokens, cache_read_input_tokens, cache_creation_input_tokens,
      cost_pico, duration_ms, body_kind, body_bytes, messages_node_id, message_count, response_content_id, response_bytes,
      conversation_id, branch_id, branch_key, parent_request_id, link_kind, linked_by, link_confidence)
    SELECT ${id("c || '/' || t")}, ${startedAt}, 1 + c % 5, 'acc_' || c % 3, 'api_key', 'claude-cli/2.1.' || c % 4,
      CASE WHEN t % 4 = 1 THEN 'Do step ' || t || ' of task ' || c END, 'POST', '/v1/messages', '', 'messages', 'inference',
      CASE WHEN c % 500 = 7 THEN 'rare' ELSE 'claude-opus-5-5' END, true, CASE WHEN (c * 31 + t) % 997 = 0 THEN 529 ELSE 200 END, 'complete',
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
  const summed = performance.now();
  for (let at = 0; at < ids.length; at += 500)
    await drizzle(client).transaction((tx) =>
      sumConversations(tx as unknown as WriterTransaction, {
        changed: new Set(ids.slice(at, at + 500)),
        added: [],
      }),
    );
  const summing = performance.now() - summed;
  await client.query("VACUUM ANALYZE");
  const { rows } = await client.query<{
    requests: string;
    conversations: string;
    search: string;
    texts: string;
  }>(`
    SELECT (SELECT count(*) FROM requests) AS requests, (SELECT count(*) FROM conversations) AS conversations,
      pg_total_relation_size('search_entries') AS search, (SELECT sum(size) FROM contents) AS texts`);
  const made = rows[0]!;
  console.log(
    `${made.requests} requests in ${made.conversations} conversations made in ${((performance.now() - started) / 1000).toFixed(0)} s; ` +
      `all summed again in ${summing.toFixed(0)} ms; full-text index ${(Number(made.search) / 1e6).toFixed(0)} MB over ${(Number(made.texts) / 1e6).toFixed(0)} MB of messages`,
  );
}

function conversationId(n: number): string {
  const hex = createHash("md5").update(`c${n}`).digest("hex");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

async function onServer(connectionString: string, ...statements: string[]): Promise<void> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  for (const statement of statements) await client.query(statement);
  await client.end();
}
