/** What the consumer does when something fails: one exchange, the journal, the database, all of it, for long. */
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { journalKey } from "../../workers/store/journal/objects.ts";
import { exchangeMessage, makeExchange, type TestExchange, NOON } from "../support/exchanges.ts";
import {
  countedExchanges,
  deliver,
  resetStorage,
  journal,
  journalContents,
  storedOutcomes,
} from "../support/worker-ingest.ts";
import { queryRows } from "../support/worker-database.ts";

beforeEach(resetStorage);

/** Nobody listens there. */
const noDatabase = { NEON_BRIDGE: "127.0.0.1:1" } as Partial<Env>;
/** By default; what began before is looked up among the failures. */
const SWEEP_AFTER_MS = 120_000;
const DEAD = { queue: "nexus-exchanges-dead" };

/** An exchange that Postgres refuses: its status does not fit the column. */
const poison = (startedAt = NOON): TestExchange =>
  makeExchange({ startedAt, responseFacts: { status: 70_000 } });

const failures = () =>
  queryRows<{ exchange_id: string; domain: string; attempts: number; error: string }>(
    "SELECT exchange_id, domain, attempts, error FROM ingest_failures",
  );

/** The journal with a `get` of its own for some keys. */
function journalThat(get: (key: string) => Promise<R2ObjectBody | null> | null): Partial<Env> {
  const JOURNAL = new Proxy(env.JOURNAL, {
    get(bucket, name: keyof R2Bucket) {
      if (name === "get") return (key: string) => get(key) ?? bucket.get(key);
      return (bucket[name] as (...args: unknown[]) => unknown).bind(bucket);
    },
  });
  return { JOURNAL };
}

describe("an exchange that cannot be stored", () => {
  it("does not keep the others of its batch from it", async () => {
    const exchanges = [makeExchange(), poison(NOON + 1), makeExchange({ startedAt: NOON + 2 })];
    for (const exchange of exchanges) await journal(env.JOURNAL, exchange);
    const delivered = await deliver(exchanges.map((exchange) => ({ body: exchangeMessage(exchange) })));
    expect(delivered).toEqual({ acks: [0, 2], retries: { 1: 2 } });
    expect((await storedOutcomes()).map(({ id }) => id)).toEqual([exchanges[0]!.id, exchanges[2]!.id]);
    expect(await countedExchanges()).toBe(2);
    expect(await journalContents()).toEqual([`${exchanges[1]!.id} both`]);
  });

  it("leaves nothing of itself behind, contents neither", async () => {
    const exchange = poison();
    await journal(env.JOURNAL, exchange);
    await deliver([{ body: exchangeMessage(exchange) }]);
    for (const table of ["contents", "nodes", "requests", "response_bodies", "rollups"])
      expect(await queryRows(`SELECT 1 AS one FROM ${table}`)).toEqual([]);
  });

  it("comes back later and later, at most ten minutes apart", async () => {
    const exchange = poison();
    await journal(env.JOURNAL, exchange);
    const delays = [];
    for (const attempts of [1, 2, 5, 9, 10, 20])
      delays.push((await deliver([{ body: exchangeMessage(exchange), attempts }])).retries[0]);
    expect(delays).toEqual([2, 4, 32, 512, 600, 600]);
  });

  it("by the dead-letter queue is written down with its reason, and stays in the journal", async () => {
    const exchange = poison();
    await journal(env.JOURNAL, exchange);
    for (let n = 1; n <= 2; n++) {
      expect(await deliver([{ body: exchangeMessage(exchange) }], DEAD)).toEqual({ acks: [0], retries: {} });
      expect(await failures()).toEqual([
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

  it("rung for by the sweep is written down at once: the sweep comes back by itself", async () => {
    const exchange = poison();
    await journal(env.JOURNAL, exchange);
    const bell = exchangeMessage(exchange, { rungBy: "sweep", domain: "" });
    expect(await deliver([{ body: bell }])).toEqual({ acks: [0], retries: {} });
    expect(await failures()).toMatchObject([{ exchange_id: exchange.id, domain: "team.example" }]);
  });

  it("and can be in the end is no failure any more", async () => {
    const exchange = poison();
    await journal(env.JOURNAL, exchange);
    await deliver([{ body: exchangeMessage(exchange) }], DEAD);
    exchange.response.metadata.status = 200;
    await journal(env.JOURNAL, exchange, ["response"]);
    const bell = exchangeMessage(exchange, { rungBy: "sweep", domain: "" });
    expect((await deliver([{ body: bell }])).acks).toEqual([0]);
    expect(await failures()).toEqual([]);
    expect(await storedOutcomes()).toHaveLength(1);
    expect(await journalContents()).toEqual([]);
  });

  it("by the sweep's bell and then is by its own first one, however late, is no failure any more", async () => {
    const exchange = poison(Date.now() - 2 * SWEEP_AFTER_MS);
    await journal(env.JOURNAL, exchange);
    await deliver([{ body: exchangeMessage(exchange, { rungBy: "sweep", domain: "" }) }]);
    expect(await failures()).toHaveLength(1);
    exchange.response.metadata.status = 200;
    await journal(env.JOURNAL, exchange, ["response"]);
    await deliver([{ body: exchangeMessage(exchange) }]);
    expect([await failures(), await storedOutcomes()]).toMatchObject([[], [{ id: exchange.id }]]);
  });

  it("by one bell while another stores it is none", async () => {
    const exchange = makeExchange();
    await journal(env.JOURNAL, exchange);
    const bindings = journalThat(async () => {
      // Its own bell is quicker than the answer of R2 to the sweep's.
      await deliver([{ body: exchangeMessage(exchange) }]);
      throw new Error("internal error (10001)");
    });
    const bell = exchangeMessage(exchange, { rungBy: "sweep", domain: "" });
    expect((await deliver([{ body: bell }], { bindings })).acks).toEqual([0]);
    expect([await failures(), await storedOutcomes()]).toMatchObject([[], [{ id: exchange.id }]]);
  });

  it("with all it has, because R2 does not give it out, is written down although its facts are stored", async () => {
    const exchange = makeExchange();
    const { request, response } = exchange;
    const facts = {
      request: request.metadata,
      response: { ...response.metadata, outcome: "unrecorded" as const },
    };
    await deliver([{ body: exchangeMessage(exchange, facts) }]);
    await journal(env.JOURNAL, exchange);
    const bindings = journalThat(() => Promise.reject(new Error("internal error (10001)")));
    await deliver([{ body: exchangeMessage(exchange, { rungBy: "sweep", domain: "" }) }], { bindings });
    expect([await failures(), await storedOutcomes()]).toMatchObject([
      [{ exchange_id: exchange.id }],
      [{ id: exchange.id, outcome: "unrecorded" }],
    ]);
    await deliver([{ body: exchangeMessage(exchange, { rungBy: "sweep", domain: "" }) }]);
    expect([await failures(), await storedOutcomes()]).toMatchObject([[], [{ outcome: "complete" }]]);
  });

  it("because the journal has its answer without its request is written down", async () => {
    const exchange = makeExchange();
    await journal(env.JOURNAL, exchange, ["response"]);
    expect(await deliver([{ body: exchangeMessage(exchange) }], DEAD)).toEqual({ acks: [0], retries: {} });
    expect(await failures()).toMatchObject([{ error: expect.stringContaining("not the request") as string }]);
    expect(await journalContents()).toEqual([`${exchange.id} response`]);
  });
});

describe("the journal", () => {
  it("that holds something else under a key fails only that exchange", async () => {
    const [good, bad] = [makeExchange(), makeExchange({ startedAt: NOON + 1 })];
    await journal(env.JOURNAL, good);
    await journal(env.JOURNAL, bad);
    await env.JOURNAL.put(journalKey(bad.id, "request"), "not what the proxy writes");
    expect(await deliver([{ body: exchangeMessage(bad) }, { body: exchangeMessage(good) }])).toEqual({
      acks: [1],
      retries: { 0: 2 },
    });
    await deliver([{ body: exchangeMessage(bad) }], DEAD);
    expect(await failures()).toMatchObject([{ error: expect.stringContaining("JournalCorrupt") as string }]);
  });

  it("that does not answer for one exchange does not stop the others", async () => {
    const [good, bad] = [makeExchange(), makeExchange({ startedAt: NOON + 1 })];
    await journal(env.JOURNAL, good);
    await journal(env.JOURNAL, bad);
    const bindings = journalThat((key) =>
      key.includes(bad.id) ? Promise.reject(new Error("internal error (10001)")) : null,
    );
    const delivered = await deliver([{ body: exchangeMessage(bad) }, { body: exchangeMessage(good) }], {
      bindings,
    });
    expect(delivered).toEqual({ acks: [1], retries: { 0: 2 } });
  });

  it("that cannot be cleared does not undo what is stored", async () => {
    const exchange = makeExchange();
    await journal(env.JOURNAL, exchange);
    const JOURNAL = new Proxy(env.JOURNAL, {
      get(bucket, name: keyof R2Bucket) {
        if (name === "delete") return () => Promise.reject(new Error("internal error (10001)"));
        return (bucket[name] as (...args: unknown[]) => unknown).bind(bucket);
      },
    });
    expect(await deliver([{ body: exchangeMessage(exchange) }], { bindings: { JOURNAL } })).toEqual({
      acks: [0],
      retries: {},
    });
    expect(await journalContents()).toEqual([`${exchange.id} both`]);
    await deliver([{ body: exchangeMessage(exchange) }]);
    expect(await countedExchanges()).toBe(1);
    expect(await journalContents()).toEqual([]);
  });
});

describe("without a database", () => {
  it("everything comes back, and is stored once it is there", async () => {
    const exchanges = [makeExchange(), makeExchange({ startedAt: NOON + 1 })];
    for (const exchange of exchanges) await journal(env.JOURNAL, exchange);
    const counters = {
      v: 1,
      kind: "counters",
      id: crypto.randomUUID(),
      at: NOON,
      counts: { refused_path: 1 },
    };
    const sent = [
      ...exchanges.map((exchange) => ({ body: exchangeMessage(exchange) })),
      { body: counters },
      { body: "?" },
    ];
    const down = await deliver(sent, { bindings: noDatabase });
    expect(down).toEqual({ acks: [], retries: { 0: 2, 1: 2, 2: 2, 3: 2 } });
    expect((await deliver(sent)).acks).toEqual([0, 1, 2, 3]);
    expect(await countedExchanges()).toBe(2);
  });

  it("the dead-letter queue keeps its messages too", async () => {
    const exchange = makeExchange();
    await journal(env.JOURNAL, exchange);
    const down = await deliver([{ body: exchangeMessage(exchange) }], { ...DEAD, bindings: noDatabase });
    expect(down).toEqual({ acks: [], retries: { 0: 2 } });
    expect(await journalContents()).toEqual([`${exchange.id} both`]);
  });
});
