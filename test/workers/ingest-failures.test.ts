/** The consumer when one exchange, the journal or the database fails. */
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { journalKey } from "../../workers/store/journal/objects.ts";
import { exchangeMessage, makeExchange, NOON } from "../support/exchanges.ts";
import {
  countedExchanges,
  DEAD,
  deliver,
  failR2,
  noDatabase,
  rejectedExchange,
  resetStorage,
  journal,
  journalContents,
  storedOutcomes,
  messageOf,
  sweptMessage,
  ACKNOWLEDGED,
  ingest,
  storage,
  ingestFailures,
  journalWith,
} from "../support/worker-ingest.ts";
import { queryRows } from "../support/worker-database.ts";

beforeEach(resetStorage);

/** The default; recorded failures are looked up for older exchanges only. */
const SWEEP_AFTER_MS = 120_000;

describe("an exchange that cannot be stored", () => {
  it("does not hold back the others of its batch", async () => {
    const exchanges = [makeExchange(), rejectedExchange(NOON + 1), makeExchange({ startedAt: NOON + 2 })];
    const delivered = await ingest(...exchanges);
    expect(delivered).toEqual({ acks: [0, 2], retries: { 1: 2 } });
    expect((await storedOutcomes()).map(({ id }) => id)).toEqual([exchanges[0]!.id, exchanges[2]!.id]);
    expect(await storage()).toMatchObject({ counted: 2, journal: [`${exchanges[1]!.id} both`] });
  });

  it("leaves no rows, contents included", async () => {
    const exchange = rejectedExchange();
    await ingest(exchange);
    for (const table of ["contents", "nodes", "requests", "response_bodies", "rollups"])
      expect(await queryRows(`SELECT 1 AS one FROM ${table}`)).toEqual([]);
  });

  it("is retried with growing delays of at most ten minutes", async () => {
    const exchange = await journal(rejectedExchange());
    const delays = [];
    for (const attempts of [1, 2, 5, 9, 10, 20])
      delays.push((await deliver([{ body: exchangeMessage(exchange), attempts }])).retries[0]);
    expect(delays).toEqual([2, 4, 32, 512, 600, 600]);
  });

  it("from the dead-letter queue is recorded with its error, and stays in the journal", async () => {
    const exchange = await journal(rejectedExchange());
    for (let n = 1; n <= 2; n++) {
      expect(await deliver([messageOf(exchange)], DEAD)).toEqual(ACKNOWLEDGED);
      expect(await ingestFailures()).toEqual([
        {
          exchange_id: exchange.id,
          domain: "team.example",
          attempts: n,
          error: expect.stringContaining("out of range for type smallint") as string,
        },
      ]);
    }
    expect(await journalContents()).toEqual([`${exchange.id} both`]);
  });

  it("enqueued by the sweep is recorded at once: the sweep enqueues it again by itself", async () => {
    const exchange = await journal(rejectedExchange());
    expect(await deliver([sweptMessage(exchange)])).toEqual(ACKNOWLEDGED);
    expect(await ingestFailures()).toMatchObject([{ exchange_id: exchange.id, domain: "team.example" }]);
  });

  it("and later is stored is no longer a failure", async () => {
    const exchange = await journal(rejectedExchange());
    await deliver([messageOf(exchange)], DEAD);
    exchange.response.metadata.status = 200;
    await journal(exchange, ["response"]);
    expect((await deliver([sweptMessage(exchange)])).acks).toEqual([0]);
    expect(await ingestFailures()).toEqual([]);
    expect(await storedOutcomes()).toHaveLength(1);
    expect(await journalContents()).toEqual([]);
  });

  it("by the sweep's message and then is stored by its own message is no longer a failure", async () => {
    const exchange = await journal(rejectedExchange(Date.now() - 2 * SWEEP_AFTER_MS));
    await deliver([sweptMessage(exchange)]);
    expect(await ingestFailures()).toHaveLength(1);
    exchange.response.metadata.status = 200;
    await journal(exchange, ["response"]);
    await deliver([messageOf(exchange)]);
    expect([await ingestFailures(), await storedOutcomes()]).toMatchObject([[], [{ id: exchange.id }]]);
  });

  it("by one message while another stores it is no failure", async () => {
    const exchange = await journal(makeExchange());
    // Its own message is faster than R2's response to the sweep's.
    const bindings = journalWith({ get: () => deliver([messageOf(exchange)]).then(failR2) });
    expect((await deliver([sweptMessage(exchange)], { bindings })).acks).toEqual([0]);
    expect([await ingestFailures(), await storedOutcomes()]).toMatchObject([[], [{ id: exchange.id }]]);
  });

  it("completely, because R2 fails, is recorded although its metadata is stored", async () => {
    const exchange = makeExchange();
    const { request, response } = exchange;
    const unrecorded = { ...response.metadata, outcome: "unrecorded" as const };
    await deliver([messageOf(exchange, { request: request.metadata, response: unrecorded })]);
    await journal(exchange);
    const bindings = journalWith({ get: failR2 });
    await deliver([sweptMessage(exchange)], { bindings });
    expect([await ingestFailures(), await storedOutcomes()]).toMatchObject([
      [{ exchange_id: exchange.id }],
      [{ id: exchange.id, outcome: "unrecorded" }],
    ]);
    await deliver([sweptMessage(exchange)]);
    expect([await ingestFailures(), await storedOutcomes()]).toMatchObject([[], [{ outcome: "complete" }]]);
  });

  it("because the journal has its response without its request is recorded", async () => {
    const exchange = await journal(makeExchange(), ["response"]);
    expect(await deliver([messageOf(exchange)], DEAD)).toEqual(ACKNOWLEDGED);
    expect(await ingestFailures()).toMatchObject([
      { error: expect.stringContaining("not the request") as string },
    ]);
    expect(await journalContents()).toEqual([`${exchange.id} response`]);
  });
});

describe("a journal", () => {
  it("with an invalid object fails only that exchange", async () => {
    const [good, bad] = [makeExchange(), makeExchange({ startedAt: NOON + 1 })];
    await journal(good);
    await journal(bad);
    await env.JOURNAL.put(journalKey(bad.id, "request"), "not what the proxy writes");
    expect(await deliver([messageOf(bad), messageOf(good)])).toEqual({ acks: [1], retries: { 0: 2 } });
    await deliver([messageOf(bad)], DEAD);
    expect(await ingestFailures()).toMatchObject([
      { error: expect.stringContaining("JournalCorrupt") as string },
    ]);
  });

  it("that fails for one exchange does not stop the others", async () => {
    const [good, bad] = [makeExchange(), makeExchange({ startedAt: NOON + 1 })];
    await journal(good);
    await journal(bad);
    const get = (key: string) => (key.includes(bad.id) ? failR2() : env.JOURNAL.get(key));
    const bindings = journalWith({ get });
    const delivered = await deliver([messageOf(bad), messageOf(good)], { bindings });
    expect(delivered).toEqual({ acks: [1], retries: { 0: 2 } });
  });

  it("that cannot be cleared keeps the stored rows", async () => {
    const exchange = await journal(makeExchange());
    const bindings = journalWith({ delete: failR2 });
    expect(await deliver([messageOf(exchange)], { bindings })).toEqual(ACKNOWLEDGED);
    expect(await journalContents()).toEqual([`${exchange.id} both`]);
    await deliver([messageOf(exchange)]);
    expect(await storage()).toMatchObject({ counted: 1, journal: [] });
  });
});

describe("without a database", () => {
  it("everything is retried, and stored once it is available", async () => {
    const exchanges = [makeExchange(), makeExchange({ startedAt: NOON + 1 })];
    for (const exchange of exchanges) await journal(exchange);
    const counts = { refused_path: 1 };
    const counters = { v: 1, kind: "counters", id: crypto.randomUUID(), at: NOON, counts };
    const sent = [...exchanges.map((exchange) => messageOf(exchange)), { body: counters }, { body: "?" }];
    const down = await deliver(sent, { bindings: noDatabase });
    expect(down).toEqual({ acks: [], retries: { 0: 2, 1: 2, 2: 2, 3: 2 } });
    expect((await deliver(sent)).acks).toEqual([0, 1, 2, 3]);
    expect(await countedExchanges()).toBe(2);
  });

  it("the dead-letter queue keeps its messages too", async () => {
    const exchange = await journal(makeExchange());
    const down = await deliver([messageOf(exchange)], { ...DEAD, bindings: noDatabase });
    expect(down).toEqual({ acks: [], retries: { 0: 2 } });
    expect(await journalContents()).toEqual([`${exchange.id} both`]);
  });
});
