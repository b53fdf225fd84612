/** Deliveries to the consumer: once, repeated, concurrent, out of order, and without a journal entry. */
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { addCounters } from "../../workers/store/usage/counters.ts";
import { withWriter } from "../../workers/store/db/db.ts";
import { loadConfig } from "../../workers/runtime/config.ts";
import { exchangeMessage, makeExchange, NOON } from "../support/exchanges.ts";
import {
  countedExchanges,
  deliver,
  resetStorage,
  journal,
  journalContents,
  storedOutcomes,
  messageOf,
  ACKNOWLEDGED,
  ingest,
  storage,
} from "../support/worker-ingest.ts";
import { queryRows } from "../support/worker-database.ts";

beforeEach(resetStorage);

describe("an exchange", () => {
  it("becomes a row with its rollup, and is cleared from the journal", async () => {
    const exchange = makeExchange();
    expect(await ingest(exchange)).toEqual(ACKNOWLEDGED);
    const [row] = await queryRows("SELECT r.*, name FROM requests r JOIN domains d ON d.id = domain_id");
    expect(row).toMatchObject({
      id: exchange.id,
      name: "team.example",
      account_id: "acc_1",
      endpoint: "messages",
      request_type: "query_evaluation",
      model: "claude-opus-5-5",
      model_served: "claude-opus-5-5",
      stream: true,
      status: 200,
      outcome: "complete",
      stop_reason: "end_turn",
      input_tokens: 12,
      body_kind: "json",
      message_count: 1,
      usage_partial: false,
      duration_ms: 1_500,
      time_to_first_byte_ms: 420,
      upstream_attempts: null,
    });
    expect((row!.started_at as Date).getTime()).toBe(NOON);
    const [rollup] = await queryRows("SELECT * FROM rollups");
    expect(rollup).toMatchObject({ requests: "1", errors: "0", input_tokens: "12", unpriced_count: "0" });
    expect(await journalContents()).toEqual([]);
  });

  it("delivered ten times in one batch and three times after it is stored once", async () => {
    const exchange = await journal(makeExchange());
    const { acks } = await deliver(Array.from({ length: 10 }, () => messageOf(exchange)));
    expect(acks).toHaveLength(10);
    for (let n = 0; n < 3; n++) {
      await journal(exchange);
      expect(await deliver([{ body: exchangeMessage(exchange), attempts: n + 1 }])).toEqual(ACKNOWLEDGED);
    }
    expect(await storedOutcomes()).toHaveLength(1);
    expect(await storage()).toMatchObject({ counted: 1, journal: [] });
  });

  it("stored and cleared before is acknowledged when its message is delivered again", async () => {
    const exchange = makeExchange();
    await ingest(exchange);
    expect(await deliver([messageOf(exchange)])).toEqual(ACKNOWLEDGED);
    expect(await countedExchanges()).toBe(1);
  });

  it("is stored once by six concurrent consumers", async () => {
    const exchanges = Array.from({ length: 8 }, (_, n) => makeExchange({ startedAt: NOON + n }));
    for (const exchange of exchanges) await journal(exchange);
    const notifications = exchanges.map((exchange) => messageOf(exchange));
    const delivered = await Promise.all(
      Array.from({ length: 6 }, (_, n) => deliver(n % 2 ? notifications : notifications.toReversed())),
    );
    for (const { acks } of delivered) expect(acks).toHaveLength(8);
    expect((await storedOutcomes()).map(({ id }) => id)).toEqual(exchanges.map(({ id }) => id));
    expect(await countedExchanges()).toBe(8);
    const twice = await queryRows("SELECT sha256 FROM contents GROUP BY sha256 HAVING count(*) > 1");
    expect(twice).toEqual([]);
  });

  it("gives the same contents in any order of turns", async () => {
    const turns = Array.from({ length: 5 }, (_, n) => {
      const roles = Array.from({ length: 2 * n + 1 }, (_, i) => (i % 2 ? "assistant" : "user"));
      const messages = roles.map((role, i) => ({ role, content: `Message ${i}` }));
      const requestBody = { model: "claude-opus-5-5", messages };
      return makeExchange({ startedAt: NOON + n * 1_000, requestBody });
    });
    for (const n of [3, 0, 4, 2, 1]) await ingest(turns[n]!);
    expect(await queryRows("SELECT depth FROM nodes ORDER BY depth")).toEqual(
      Array.from({ length: 9 }, (_, i) => ({ depth: i + 1 })),
    );
    const broken = await queryRows(
      "SELECT n.id FROM nodes n LEFT JOIN nodes p ON p.id = n.parent_id WHERE n.depth > 1 AND p.depth IS DISTINCT FROM n.depth - 1",
    );
    expect(broken).toEqual([]);
  });

  it("is stored with its contents per domain when a batch has several", async () => {
    const exchanges = ["a.example", "b.example", "a.example"].map((domain, n) =>
      makeExchange({ domain, startedAt: NOON + n }),
    );
    await ingest(...exchanges);
    const rows = await queryRows(
      "SELECT name, count(DISTINCT r.id)::int AS requests, count(DISTINCT c.id)::int AS contents FROM domains d JOIN requests r ON r.domain_id = d.id JOIN contents c ON c.domain_id = d.id GROUP BY name ORDER BY name",
    );
    // The request's message, the response's, the skeleton, the headers of request and response.
    expect(rows).toEqual([
      { name: "a.example", requests: 2, contents: 5 },
      { name: "b.example", requests: 1, contents: 5 },
    ]);
  });
});

describe("counters", () => {
  const notification = (id: string, counts: object) => ({ v: 1, kind: "counters", id, at: NOON, counts });

  it("are added once per message", async () => {
    const first = notification("11111111-1111-4111-8111-111111111111", { refused_path: 2, unrecorded: 1 });
    const second = notification("22222222-2222-4222-8222-222222222222", { refused_path: 3 });
    expect((await deliver([{ body: first }, { body: second }, { body: first }])).acks).toEqual([0, 1, 2]);
    await deliver([{ body: second }]);
    expect(await queryRows("SELECT name, value::int FROM counters ORDER BY name")).toEqual([
      { name: "refused_path", value: 5 },
      { name: "unrecorded", value: 1 },
    ]);
  });

  it("are exact with many concurrent writers", async () => {
    const config = loadConfig(env);
    const messages = Array.from({ length: 12 }, (_, n) => ({
      id: `${String(n % 6).repeat(8)}-1111-4111-8111-111111111111`,
      at: NOON,
      counts: { a: 1, b: 1 },
    }));
    await Promise.all(
      [messages, messages.toReversed(), messages].map((each) =>
        withWriter(config, (db) => addCounters(db, each)),
      ),
    );
    expect(await queryRows("SELECT name, value::int FROM counters ORDER BY name")).toEqual([
      { name: "a", value: 6 },
      { name: "b", value: 6 },
    ]);
  });
});

describe("a message", () => {
  it("that is malformed is acknowledged and counted once, and delays no other", async () => {
    const exchange = await journal(makeExchange());
    const strange = [{ body: "text" }, { body: { v: 1, kind: "exchange", id: "7" } }, { body: null }];
    for (let n = 0; n < 2; n++) {
      const { acks } = await deliver([...strange, messageOf(exchange)]);
      expect(acks).toEqual([0, 1, 2, 3]);
    }
    expect(await queryRows("SELECT name, value::int FROM counters")).toEqual([
      { name: "malformed_message", value: 3 },
    ]);
    expect(await storedOutcomes()).toHaveLength(1);
  });

  it("for an exchange that does not exist is acknowledged", async () => {
    expect(await deliver([messageOf(makeExchange())])).toEqual(ACKNOWLEDGED);
    expect(await storedOutcomes()).toEqual([]);
  });
});
