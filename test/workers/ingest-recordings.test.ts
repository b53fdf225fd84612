/** Every recorded exchange of Claude Code through ingest and back: no raw body, no difference, correct totals. */
import { createHash } from "node:crypto";
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { loadConfig } from "../../workers/runtime/config.ts";
import { readRequestBody, readResponseBody } from "../../workers/store/content/request-body.ts";
import { reader } from "../../workers/store/db/db.ts";
import { queryRows } from "../support/worker-database.ts";
import { deliver, resetStorage, journal, storedRow, messageOf } from "../support/worker-ingest.ts";
import { fixtureLines, recordedExchange, type WorkerRecording } from "../support/worker-recordings.ts";

const exchanges = fixtureLines<WorkerRecording>().map((recording, n) => {
  const exchange = recordedExchange(recording, {
    // The recordings are of one hour: this spreads them over more rollups and two partitions.
    startedAt: Date.parse(recording.t) + (n % 40) * 86_400_000,
    domain: n % 3 ? "team.example" : "other.example",
  });
  if (recording.response.status === 499) exchange.response.metadata.status = null;
  return exchange;
});

beforeAll(async () => {
  await resetStorage();
  for (const exchange of exchanges) await journal(exchange);
  // In reverse order and overlapping batches.
  const messages = exchanges.toReversed().map((exchange) => messageOf(exchange));
  for (let at = 0; at < messages.length; at += 13) {
    expect(await deliver(messages.slice(at, at + 17))).toMatchObject({ retries: {} });
  }
});

describe("the recorded exchanges", () => {
  it("are each stored as a row", async () => {
    expect(exchanges.length).toBeGreaterThan(140);
    expect(await queryRows("SELECT count(*)::int AS n FROM requests")).toEqual([{ n: exchanges.length }]);
  });

  it("rebuild to the byte, none of them raw", async () => {
    const db = reader(loadConfig(env));
    const hash = (bytes: Uint8Array | null) =>
      bytes && createHash("sha256").update(bytes).digest().toString("hex");
    for (const { id, request, response } of exchanges) {
      const row = await storedRow(id);
      expect(row.bodyKind).toBe("json");
      expect(hash(await readRequestBody(db, row))).toBe(hash(request.body));
      expect(createHash("sha256").update(request.body).digest().equals(row.bodySha256!)).toBe(true);
      expect(hash(await readResponseBody(db, row))).toBe(hash(response.body));
    }
  });

  it("take less than a twelfth of the bytes that they sent", async () => {
    const sent = exchanges.reduce((sum, { request }) => sum + request.body.length, 0);
    const [kept] = await queryRows<{ bytes: number }>("SELECT sum(length(data))::int AS bytes FROM contents");
    expect(kept!.bytes).toBeLessThan(sent / 12);
  });
});

it("the rollups equal the sums of the rows in every column", async () => {
  const differing = await queryRows(`
      WITH classes AS (
        SELECT r.*, date_bin('5 minutes', started_at, 'epoch') AS bucket FROM requests r
      ), sums AS (
        SELECT bucket, domain_id, coalesce(account_id, '') AS account_id, coalesce(model, '') AS model, request_type, outcome,
          count(*) AS requests, count(*) FILTER (WHERE failed) AS errors,
          coalesce(sum(input_tokens), 0) AS input_tokens, coalesce(sum(output_tokens), 0) AS output_tokens,
          coalesce(sum(cache_read_input_tokens), 0) AS cache_read_input_tokens,
          coalesce(sum(cache_creation_5m_input_tokens), 0) AS cache_creation_5m_input_tokens,
          coalesce(sum(cache_creation_1h_input_tokens), 0) AS cache_creation_1h_input_tokens,
          coalesce(sum(cache_creation_input_tokens), 0) AS cache_creation_input_tokens,
          coalesce(sum(thinking_tokens), 0) AS thinking_tokens, sum(tool_call_count) AS tool_call_count,
          coalesce(sum(duration_ms), 0) AS duration_ms, count(duration_ms) AS timed,
          count(time_to_first_byte_ms) AS answered
        FROM classes GROUP BY 1, 2, 3, 4, 5, 6
      ), kept AS (
        SELECT bucket, domain_id, account_id, model, request_type, outcome, requests, errors, input_tokens, output_tokens,
          cache_read_input_tokens, cache_creation_5m_input_tokens, cache_creation_1h_input_tokens,
          cache_creation_input_tokens, thinking_tokens, tool_call_count, duration_ms,
          (SELECT sum(n) FROM unnest(duration_histogram) n) AS timed,
          (SELECT sum(n) FROM unnest(first_byte_histogram) n) AS answered
        FROM rollups
      )
      (SELECT * FROM sums EXCEPT SELECT * FROM kept) UNION ALL (SELECT * FROM kept EXCEPT SELECT * FROM sums)`);
  expect(differing).toEqual([]);
  const [count] = await queryRows<{ n: number }>("SELECT count(*)::int AS n FROM rollups");
  expect(count!.n).toBeGreaterThan(20);
});
