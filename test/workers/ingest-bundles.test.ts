/** Bundles of small exchanges: stored as if each had come alone, whatever happens to one of them or to the bundle. */
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { newExchangeId } from "../../workers/domain/exchange-id.ts";
import type { ExchangeMessage } from "../../workers/schemas/exchange.ts";
import { readJournalStatus } from "../../workers/store/admin/status.ts";
import { bundlePartName, writeJournalBundle } from "../../workers/store/journal/bundles.ts";
import { journalKey, journalTrailer, listJournal } from "../../workers/store/journal/objects.ts";
import { exchangeMessage, makeExchange, type TestExchange, NOON } from "../support/exchanges.ts";
import { queryRows } from "../support/worker-database.ts";
import {
  countedExchanges,
  deliver,
  resetStorage,
  journal,
  journalContents,
  storedOutcomes,
  storedRow,
} from "../support/worker-ingest.ts";
import { sweep } from "../support/worker-sweep.ts";

beforeEach(resetStorage);

const DEAD = { queue: "nexus-exchanges-dead" };
const noDatabase = { NEON_BRIDGE: "127.0.0.1:1" } as Partial<Env>;
const HOUR = 3_600_000;
const three = () => [0, 1, 2].map((n) => makeExchange({ startedAt: NOON + n }));
/** Its status does not fit the column. */
const poison = (startedAt: number) => makeExchange({ startedAt, responseFacts: { status: 70_000 } });
const idsOf = (exchanges: readonly TestExchange[]) => exchanges.map(({ id }) => id);

/** Puts them into the journal as one bundle; its bell. */
async function bundle(exchanges: readonly TestExchange[], more: Partial<ExchangeMessage> = {}) {
  const id = newExchangeId(NOON + 1_000, crypto.getRandomValues(new Uint8Array(10)));
  const halves = exchanges.flatMap(({ id: of, request, response }) => [
    { id: of, part: "request" as const, chunks: [request.body, journalTrailer(request.metadata)] },
    { id: of, part: "response" as const, chunks: [response.body, journalTrailer(response.metadata)] },
  ]);
  const journalBytes = await writeJournalBundle(env.JOURNAL, id, exchanges.length, halves);
  const bell: ExchangeMessage = {
    v: 1,
    kind: "exchange",
    id,
    domain: "",
    journalBytes,
    rungBy: "recorder",
    request: null,
    response: null,
    exchanges: exchanges.length,
    ...more,
  };
  return { id, bell, key: journalKey(id, bundlePartName(exchanges.length)) };
}

/** The bells that ingest rings itself. */
function listening() {
  const rung: ExchangeMessage[] = [];
  const EXCHANGES = {
    sendBatch: async (messages: { body: ExchangeMessage }[]) =>
      void rung.push(...messages.map(({ body }) => body)),
  } as unknown as Queue;
  return { rung, bindings: { EXCHANGES } };
}

const failed = () => queryRows<{ exchange_id: string }>("SELECT exchange_id FROM ingest_failures");

it("is stored whole, counted once, and cleared", async () => {
  const exchanges = three();
  const { bell } = await bundle(exchanges);
  expect(await deliver([{ body: bell }])).toEqual({ acks: [0], retries: {} });
  expect((await storedOutcomes()).map(({ id }) => id)).toEqual(idsOf(exchanges));
  expect(await countedExchanges()).toBe(3);
  expect(await journalContents()).toEqual([]);
  const row = await storedRow(exchanges[1]!.id);
  expect(row).toMatchObject({ outcome: "complete", status: 200 });
});

it("stores of several domains, beside exchanges that come alone", async () => {
  const other = makeExchange({ startedAt: NOON + 5, requestFacts: { domain: "other.example" } });
  const alone = makeExchange({ startedAt: NOON + 6 });
  const { bell } = await bundle([...three(), other]);
  await journal(env.JOURNAL, alone);
  expect((await deliver([{ body: exchangeMessage(alone) }, { body: bell }])).acks).toEqual([0, 1]);
  expect(await storedOutcomes()).toHaveLength(5);
  expect(
    await queryRows(
      "SELECT d.name AS domain, sum(requests)::int AS n FROM rollups JOIN domains d ON d.id = domain_id GROUP BY d.name ORDER BY 1",
    ),
  ).toEqual([
    { domain: "other.example", n: 1 },
    { domain: "team.example", n: 4 },
  ]);
  expect(await journalContents()).toEqual([]);
});

it("rung for again, in one batch or later, changes nothing", async () => {
  const { bell } = await bundle(three());
  expect((await deliver([{ body: bell }, { body: bell }])).acks).toEqual([0, 1]);
  expect((await deliver([{ body: bell }])).acks).toEqual([0]);
  expect(await countedExchanges()).toBe(3);
});

it("holds what was stored before: that is not counted again, and the rest is stored", async () => {
  const exchanges = three();
  await journal(env.JOURNAL, exchanges[0]!);
  await deliver([{ body: exchangeMessage(exchanges[0]!) }]);
  const { bell } = await bundle(exchanges);
  await deliver([{ body: bell }]);
  expect(await countedExchanges()).toBe(3);
});

it("and a copy of one of its exchanges that lies in the journal alone are one row, and both are cleared", async () => {
  const exchanges = three();
  const { bell } = await bundle(exchanges);
  await journal(env.JOURNAL, exchanges[2]!);
  expect((await deliver([{ body: bell }, { body: exchangeMessage(exchanges[2]!) }])).acks).toEqual([0, 1]);
  expect(await countedExchanges()).toBe(3);
  expect(await journalContents()).toEqual([]);
});

it("that R2 took although it seemed not to, completes what its bells had stored as unrecorded", async () => {
  const [one] = three();
  const none = { recorded: "none" as const, bytes: 3, sha256: null };
  const facts = {
    request: { ...one!.request.metadata, body: none },
    response: { ...one!.response.metadata, outcome: "unrecorded" as const, body: none },
  };
  await deliver([{ body: exchangeMessage(one!, facts) }]);
  expect((await storedRow(one!.id)).outcome).toBe("unrecorded");
  const { bell } = await bundle([one!], { rungBy: "sweep" });
  await deliver([{ body: bell }]);
  expect((await storedRow(one!.id)).outcome).toBe("complete");
  expect(await countedExchanges()).toBe(1);
});

describe.each(["the bundle first", "the bell first"])(
  "with a bell that has only facts in the same batch, %s",
  (order) => {
    it.each(["exchanges-", "/re"])("and what is at %s… read last, the bundle is believed", async (slow) => {
      const [one] = three();
      const none = { recorded: "none" as const, bytes: 3, sha256: null };
      const facts = {
        request: { ...one!.request.metadata, body: none },
        response: { ...one!.response.metadata, outcome: "unrecorded" as const, body: none },
      };
      const { bell } = await bundle([one!], { rungBy: "sweep" });
      const messages = [
        { body: bell },
        { body: exchangeMessage(one!, { ...facts, journalBytes: 0 }), attempts: 3 },
      ];
      const JOURNAL = new Proxy(env.JOURNAL, {
        get(bucket, name: keyof R2Bucket) {
          if (name !== "get") return (bucket[name] as (...args: unknown[]) => unknown).bind(bucket);
          return async (key: string) => {
            if (key.includes(slow)) await scheduler.wait(50);
            return bucket.get(key);
          };
        },
      });
      await deliver(order === "the bundle first" ? messages : messages.reverse(), { bindings: { JOURNAL } });
      expect(await storedRow(one!.id)).toMatchObject({ outcome: "complete" });
      expect(await countedExchanges()).toBe(1);
    });
  },
);

it("a batch of more exchanges than a statement has room for is stored in slices", async () => {
  const crowds = Array.from({ length: 12 }, (_, crowd) =>
    Array.from({ length: 100 }, (__, n) =>
      makeExchange({
        startedAt: NOON + crowd * 100 + n,
        requestFacts: { path: "/v1/messages/count_tokens" },
        requestBody: { model: "claude-opus-5-5", messages: [{ role: "user", content: `${crowd} ${n}` }] },
        responseBody: '{"input_tokens":12}',
        responseFacts: { headers: { "content-type": "application/json" } },
      }),
    ),
  );
  const bells = [];
  for (const crowd of crowds) bells.push({ body: (await bundle(crowd)).bell });
  expect((await deliver(bells)).acks).toHaveLength(12);
  expect(await countedExchanges()).toBe(1_200);
  expect(await journalContents()).toEqual([]);
});

describe("one exchange of it that cannot be stored", () => {
  it("goes back into the journal by itself and is rung for; the others are stored and the bundle goes", async () => {
    const exchanges = [makeExchange(), poison(NOON + 1), makeExchange({ startedAt: NOON + 2 })];
    const { bell } = await bundle(exchanges);
    const { rung, bindings } = listening();
    expect(await deliver([{ body: bell }], { bindings })).toEqual({ acks: [0], retries: {} });
    expect((await storedOutcomes()).map(({ id }) => id)).toEqual([exchanges[0]!.id, exchanges[2]!.id]);
    expect(await journalContents()).toEqual([`${exchanges[1]!.id} both`]);
    expect(rung).toEqual([expect.objectContaining({ id: exchanges[1]!.id, rungBy: "recorder" })]);
    expect(rung[0]).not.toHaveProperty("exchanges");
    // What it was is what ends up where failures end up.
    await deliver([{ body: rung[0] }], DEAD);
    expect(await failed()).toEqual([{ exchange_id: exchanges[1]!.id }]);
  });

  it("because its facts cannot be read does the same", async () => {
    const exchanges = three();
    Object.assign(exchanges[0]!.request.metadata, { startedAt: "noon" });
    const { bell } = await bundle(exchanges);
    const { rung, bindings } = listening();
    await deliver([{ body: bell }], { bindings });
    expect(await storedOutcomes()).toHaveLength(2);
    expect(rung.map(({ id }) => id)).toEqual([exchanges[0]!.id]);
  });

  it("for what the others fail as well waits with them, and goes on by itself in the end", async () => {
    const exchanges = [poison(NOON), poison(NOON + 1)];
    const { bell } = await bundle(exchanges);
    const { rung, bindings } = listening();
    expect((await deliver([{ body: bell }], { bindings })).retries).toEqual({ 0: 2 });
    expect((await deliver([{ body: bell, attempts: 9 }], { bindings })).acks).toEqual([0]);
    expect(rung.map(({ id }) => id).sort()).toEqual(idsOf(exchanges).sort());
  });

  it("stays in the bundle while the queue takes no bell", async () => {
    const { bell } = await bundle([makeExchange(), poison(NOON + 1)]);
    const EXCHANGES = { sendBatch: () => Promise.reject(new Error("down")) } as unknown as Queue;
    expect(await deliver([{ body: bell }], { bindings: { EXCHANGES } })).toEqual({
      acks: [],
      retries: { 0: 2 },
    });
    expect(await journalContents()).toContain(`${bell.id} both`);
    const { rung, bindings } = listening();
    expect((await deliver([{ body: bell, attempts: 2 }], { bindings })).acks).toEqual([0]);
    expect(rung).toHaveLength(1);
    expect(await countedExchanges()).toBe(1);
  });
});

describe("the bundle as a whole", () => {
  it("waits while the database is away", async () => {
    const { bell } = await bundle(three());
    expect(await deliver([{ body: bell }], { bindings: noDatabase })).toEqual({
      acks: [],
      retries: { 0: 2 },
    });
    expect((await deliver([{ body: bell, attempts: 2 }])).acks).toEqual([0]);
    expect(await countedExchanges()).toBe(3);
  });

  it("waits while R2 is away", async () => {
    const { bell } = await bundle(three());
    const JOURNAL = { get: () => Promise.reject(new Error("down")) } as unknown as R2Bucket;
    expect((await deliver([{ body: bell }], { bindings: { JOURNAL } })).retries).toEqual({ 0: 2 });
    expect((await deliver([{ body: bell, attempts: 2 }])).acks).toEqual([0]);
  });

  it.each(["without its end", "whose halves are shorter than it says"])(
    "%s is written down in the end, and stays in the journal",
    async (how) => {
      const { bell, key, id } = await bundle(three());
      const object = new Uint8Array(await (await env.JOURNAL.get(key))!.arrayBuffer());
      await env.JOURNAL.put(key, how === "without its end" ? object.subarray(0, -3) : object.subarray(3));
      expect((await deliver([{ body: bell }])).retries).toEqual({ 0: 2 });
      expect((await deliver([{ body: bell }], DEAD)).acks).toEqual([0]);
      expect(await failed()).toEqual([{ exchange_id: id }]);
      expect(await journalContents()).toEqual([`${id} both`]);
      // Mended, it is no failure any more.
      await env.JOURNAL.put(key, object);
      await deliver([{ body: { ...bell, rungBy: "sweep" } }]);
      expect(await failed()).toEqual([]);
      expect(await countedExchanges()).toBe(3);
    },
  );
});

describe("left behind", () => {
  it("is found by the sweep, which rings once for all of it", async () => {
    const { bell, id } = await bundle(three());
    const rung = await sweep(HOUR);
    expect(rung).toEqual([
      expect.objectContaining({ id, exchanges: 3, rungBy: "sweep", journalBytes: bell.journalBytes }),
    ]);
    expect(await sweep(HOUR + 1)).toEqual([]);
    await deliver([{ body: rung[0] }]);
    expect(await countedExchanges()).toBe(3);
    expect(await queryRows("SELECT exchange_id FROM swept_entries")).toEqual([]);
  });

  it("counts as many exchanges as are in it", async () => {
    await bundle(three());
    await journal(env.JOURNAL, makeExchange({ startedAt: NOON + 9 }));
    expect(await readJournalStatus(env, new Date())).toMatchObject({ entries: 4, ended: 4 });
    expect((await listJournal(env.JOURNAL, { limit: 10 })).entries.map((entry) => entry.exchanges)).toEqual([
      undefined,
      3,
    ]);
  });
});
