/** The sweep enqueues unstored journal entries and nothing else; nightly maintenance. */
import { createExecutionContext, createScheduledController } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { LIVE_FEED_NAME } from "../../workers/runtime/constants.ts";
import { loadConfig } from "../../workers/runtime/config.ts";
import { newExchangeId } from "../../workers/domain/exchange-id.ts";
import { handleScheduled } from "../../workers/scheduled/cron.ts";
import { addCounters } from "../../workers/store/usage/counters.ts";
import { withWriter } from "../../workers/store/db/db.ts";
import { notRecorded, makeExchange, NOON } from "../support/exchanges.ts";
import {
  deliver,
  noDatabase,
  rejectedExchange,
  resetStorage,
  journal,
  journalContents,
  storedOutcomes,
  messageOf,
  ingest,
} from "../support/worker-ingest.ts";
import { queryRows } from "../support/worker-database.ts";
import { sweep } from "../support/worker-sweep.ts";
import { waitUntil } from "../support/wait.ts";

const MINUTE = 60_000;
const { STREAM_MAX_MS } = loadConfig(env);

beforeEach(resetStorage);

const ids = (enqueued: Record<string, unknown>[]) => enqueued.map(({ id }) => id);

describe("the sweep", () => {
  it("enqueues an entry that is complete and two minutes old, and its message stores it", async () => {
    const exchange = await journal(makeExchange());
    expect(await sweep(MINUTE)).toEqual([]);
    const [notification] = await sweep(3 * MINUTE);
    expect(notification).toMatchObject({ kind: "exchange", id: exchange.id, rungBy: "sweep" });
    expect((await deliver([{ body: notification }])).acks).toEqual([0]);
    expect(await storedOutcomes()).toEqual([{ id: exchange.id, outcome: "complete" }]);
    expect(await sweep(60 * MINUTE)).toEqual([]);
  });

  it("skips a stream that may still run, and enqueues one that cannot", async () => {
    const exchange = await journal(makeExchange(), ["request"]);
    expect(await sweep(STREAM_MAX_MS)).toEqual([]);
    const [notification] = await sweep(STREAM_MAX_MS + 10 * MINUTE);
    await deliver([{ body: notification }]);
    expect(await storedOutcomes()).toEqual([{ id: exchange.id, outcome: "interrupted" }]);
  });

  it("enqueues a stream of before the last start, whose sweep found no database", async () => {
    const exchange = await journal(makeExchange(), ["request"]);
    const feed = env.LIVE_FEED.getByName(LIVE_FEED_NAME);
    await feed.started(Date.now() - MINUTE);
    expect(await sweep(3 * MINUTE)).toEqual([]);
    await feed.started(Date.now() + MINUTE);
    expect(ids(await sweep(3 * MINUTE))).toEqual([exchange.id]);
    await feed.started(0);
  });

  it("enqueues a request that R2 took late, when its row exists already", async () => {
    const exchange = makeExchange();
    const { request, response } = exchange;
    await journal(exchange, ["response"]);
    await deliver([messageOf(exchange, { request: { ...request.metadata, body: notRecorded() } })]);
    await journal(exchange, ["request"]);
    await journal(makeExchange({ startedAt: NOON + 1 }), ["request"]);
    const enqueued = await sweep(3 * MINUTE);
    expect(ids(enqueued)).toEqual([exchange.id]);
    await deliver([{ body: enqueued[0] }]);
    const [row] = await queryRows("SELECT body_kind, response_bytes, input_tokens FROM requests");
    expect(row).toEqual({ body_kind: "json", response_bytes: response.body.length, input_tokens: 12 });
    expect(await sweep(60 * MINUTE)).toEqual([]);
  });

  it("enqueues everything at startup, when nothing is in flight", async () => {
    const [whole, cut] = [makeExchange(), makeExchange({ startedAt: NOON + 1 })];
    await journal(whole);
    await journal(cut, ["request"]);
    for (let n = 0; n < 2; n++) expect(ids(await sweep(0, { startup: true }))).toEqual([whole.id, cut.id]);
  });

  it("backs off for an entry that is enqueued and not stored", async () => {
    await journal(makeExchange());
    const enqueuedAt: number[] = [];
    for (let minute = 3; minute < 11 * 60; minute++)
      if ((await sweep(minute * MINUTE)).length > 0) enqueuedAt.push(minute);
    const waits = enqueuedAt.slice(1).map((minute, n) => minute - enqueuedAt[n]!);
    expect(enqueuedAt[0]).toBe(3);
    for (const [n, expected] of [10, 20, 40, 80, 160, 320].entries()) {
      expect(waits[n]).toBeGreaterThanOrEqual(expected);
      expect(waits[n]).toBeLessThanOrEqual(expected + 1);
    }
  });

  it("enqueues a failed entry again after its backoff, and not once it is stored", async () => {
    const exchange = await journal(rejectedExchange());
    const [notification] = await sweep(3 * MINUTE);
    await deliver([{ body: notification }]);
    expect(await queryRows("SELECT attempts FROM ingest_failures")).toEqual([{ attempts: 1 }]);
    expect(await sweep(5 * MINUTE)).toEqual([]);
    exchange.response.metadata.status = 200;
    await journal(exchange, ["response"]);
    const [again] = await sweep(20 * MINUTE);
    await deliver([{ body: again }]);
    expect(await queryRows("SELECT attempts FROM ingest_failures")).toEqual([]);
    expect(await queryRows("SELECT rings FROM swept_entries")).toEqual([]);
  });

  it("finds entries after hundreds that are in backoff", async () => {
    const waiting = Array.from({ length: 620 }, (_, n) => makeExchange({ startedAt: NOON + n }));
    for (let at = 0; at < waiting.length; at += 50)
      await Promise.all(waiting.slice(at, at + 50).map((each) => journal(each, ["response"])));
    expect(await sweep(3 * MINUTE)).toHaveLength(620);
    const exchange = await journal(makeExchange({ startedAt: NOON + 1_000 }));
    expect(ids(await sweep(4 * MINUTE))).toEqual([exchange.id]);
  });

  it("enqueues nothing without a database, and cron does not fail", async () => {
    await journal(makeExchange());
    await expect(sweep(3 * MINUTE, { bindings: noDatabase })).rejects.toThrow("not available");
    const scheduledTime = new Date(Date.now() + 3 * MINUTE);
    const controller = createScheduledController({ cron: "* * * * *", scheduledTime });
    await handleScheduled(controller, { ...env, ...noDatabase }, createExecutionContext());
    expect(await queryRows("SELECT 1 AS one FROM swept_entries")).toEqual([]);
  });

  it("records no backoff when the queue fails, and enqueues the next time", async () => {
    const exchange = await journal(makeExchange());
    const EXCHANGES = { sendBatch: () => Promise.reject(new Error("queue is down")) } as unknown as Queue;
    await expect(sweep(3 * MINUTE, { bindings: { EXCHANGES } })).rejects.toThrow("queue is down");
    expect(ids(await sweep(4 * MINUTE))).toEqual([exchange.id]);
  });

  it("stores a row through the real queue", async () => {
    await journal(makeExchange());
    const controller = createScheduledController({ cron: "startup", scheduledTime: new Date() });
    await handleScheduled(controller, env, createExecutionContext());
    await waitUntil(async () => (await storedOutcomes()).length === 1);
    await waitUntil(async () => (await journalContents()).length === 0);
  });
});

describe("nightly maintenance", () => {
  const tidy = (at: number) =>
    handleScheduled(
      createScheduledController({ cron: "17 3 * * *", scheduledTime: new Date(at) }),
      env,
      createExecutionContext(),
    );
  const partitions = () =>
    queryRows<{ name: string }>(
      "SELECT relname AS name FROM pg_class WHERE relispartition AND relkind = 'r' AND relname ~ '_(2031|2032)_' ORDER BY 1",
    );

  it("creates the partitions of this month and three more, once, and rows go there", async () => {
    const at = Date.UTC(2031, 10, 30, 23, 59);
    for (let n = 0; n < 2; n++) await tidy(at);
    const months = ["2031_11", "2031_12", "2032_01", "2032_02"];
    expect((await partitions()).map(({ name }) => name)).toEqual([
      ...months.map((month) => `requests_${month}`),
      ...months.map((month) => `response_bodies_${month}`),
    ]);
    const exchange = makeExchange({ startedAt: Date.UTC(2032, 0, 1) });
    await ingest(exchange);
    expect(await queryRows("SELECT id FROM requests_2032_01")).toEqual([{ id: exchange.id }]);
    expect(await queryRows("SELECT request_id AS id FROM response_bodies_2032_01")).toEqual([
      { id: exchange.id },
    ]);
  });

  it("skips a month whose rows are in the default partition already", async () => {
    const exchange = makeExchange({ startedAt: Date.UTC(2033, 5, 1) });
    await ingest(exchange);
    await tidy(Date.UTC(2033, 4, 31));
    expect(await storedOutcomes()).toHaveLength(1);
  });

  it("deletes old counter messages and sweep records", async () => {
    const config = loadConfig(env);
    const at = (days: number) => Date.now() - days * 86_400_000;
    const counted = (days: number) => ({
      id: newExchangeId(at(days), crypto.getRandomValues(new Uint8Array(10))),
      at: at(days),
      counts: { a: 1 },
    });
    await withWriter(config, (db) => addCounters(db, [counted(20), counted(1)]));
    await journal(makeExchange());
    await sweep(-8 * 86_400_000 + 0, { startup: true });
    await sweep(0, { startup: true });
    await tidy(Date.now());
    expect(await queryRows("SELECT count(*)::int AS n FROM counter_messages")).toEqual([{ n: 1 }]);
    expect(await queryRows("SELECT sum(value)::int AS n FROM counters")).toEqual([{ n: 2 }]);
    expect(await queryRows("SELECT count(*)::int AS n FROM swept_entries")).toEqual([{ n: 1 }]);
    await tidy(Date.now() + 30 * 86_400_000);
    expect(await queryRows("SELECT count(*)::int AS n FROM swept_entries")).toEqual([{ n: 0 }]);
  });
});
