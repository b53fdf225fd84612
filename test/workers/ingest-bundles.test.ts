/** Bundles of small exchanges are stored as if each exchange had been written alone, also when one or the bundle fails. */
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { newExchangeId } from "../../workers/domain/exchange-id.ts";
import type { ExchangeMessage } from "../../workers/schemas/exchange.ts";
import { readJournalStatus } from "../../workers/store/admin/status.ts";
import { bundlePartName, journalBundle, writeJournalBundle } from "../../workers/store/journal/bundles.ts";
import { journalKey, journalTrailer, listJournal } from "../../workers/store/journal/objects.ts";
import {
  exchangeMessage,
  makeExchange,
  type TestExchange,
  NOON,
  notRecorded,
  jsonResponse,
} from "../support/exchanges.ts";
import { queryRows } from "../support/worker-database.ts";
import {
  countedExchanges,
  DEAD,
  deliver,
  noDatabase,
  rejectedExchange,
  resetStorage,
  journal,
  journalContents,
  storedOutcomes,
  storedRow,
  messageOf,
  ACKNOWLEDGED,
  storage,
  journalWith,
  recordingQueue,
  ingestFailures,
} from "../support/worker-ingest.ts";
import { sweep } from "../support/worker-sweep.ts";

beforeEach(resetStorage);

const HOUR = 3_600_000;
const RETRIED = { acks: [], retries: { 0: 2 } };
const three = () => [0, 1, 2].map((n) => makeExchange({ startedAt: NOON + n }));
const idsOf = (exchanges: readonly TestExchange[]) => exchanges.map(({ id }) => id);

/** Writes them to the journal as one bundle; returns its message. */
async function bundle(exchanges: readonly TestExchange[], more: Partial<ExchangeMessage> = {}) {
  const id = newExchangeId(NOON + 1_000, crypto.getRandomValues(new Uint8Array(10)));
  const parts = exchanges.flatMap(({ id: of, request, response }) => [
    { id: of, part: "request" as const, chunks: [request.body, journalTrailer(request.metadata)] },
    { id: of, part: "response" as const, chunks: [response.body, journalTrailer(response.metadata)] },
  ]);
  const journalBytes = await writeJournalBundle(env.JOURNAL, id, exchanges.length, journalBundle(id, parts));
  const fields = { id, domain: "", journalBytes, exchanges: exchanges.length, ...more };
  const notification = exchangeMessage(exchanges[0]!, fields);
  return { id, notification, key: journalKey(id, bundlePartName(exchanges.length)) };
}

/** The metadata of both parts of an exchange that R2 did not take. */
const unrecorded = ({ request, response }: TestExchange) => ({
  request: { ...request.metadata, body: notRecorded(3) },
  response: { ...response.metadata, outcome: "unrecorded" as const, body: notRecorded(3) },
});

it("is stored whole, counted once, and cleared", async () => {
  const exchanges = three();
  const { notification } = await bundle(exchanges);
  expect(await deliver([{ body: notification }])).toEqual(ACKNOWLEDGED);
  expect((await storedOutcomes()).map(({ id }) => id)).toEqual(idsOf(exchanges));
  expect(await storage()).toMatchObject({ counted: 3, journal: [] });
  const row = await storedRow(exchanges[1]!.id);
  expect(row).toMatchObject({ outcome: "complete", status: 200 });
});

it("is stored for several domains, beside exchanges written alone", async () => {
  const other = makeExchange({ startedAt: NOON + 5, requestMetadata: { domain: "other.example" } });
  const alone = makeExchange({ startedAt: NOON + 6 });
  const { notification } = await bundle([...three(), other]);
  await journal(alone);
  expect((await deliver([messageOf(alone), { body: notification }])).acks).toEqual([0, 1]);
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

it("announced again, in one batch or later, changes nothing", async () => {
  const { notification } = await bundle(three());
  expect((await deliver([{ body: notification }, { body: notification }])).acks).toEqual([0, 1]);
  expect((await deliver([{ body: notification }])).acks).toEqual([0]);
  expect(await countedExchanges()).toBe(3);
});

it("with an exchange stored before does not count it again, and stores the rest", async () => {
  const exchanges = three();
  await journal(exchanges[0]!);
  await deliver([messageOf(exchanges[0]!)]);
  const { notification } = await bundle(exchanges);
  await deliver([{ body: notification }]);
  expect(await countedExchanges()).toBe(3);
});

it("and a copy of one of its exchanges alone in the journal give one row, and both are cleared", async () => {
  const exchanges = three();
  const { notification } = await bundle(exchanges);
  await journal(exchanges[2]!);
  expect((await deliver([{ body: notification }, messageOf(exchanges[2]!)])).acks).toEqual([0, 1]);
  expect(await storage()).toMatchObject({ counted: 3, journal: [] });
});

it("that R2 stored although the put failed completes an unrecorded row", async () => {
  const [one] = three();
  await deliver([messageOf(one!, unrecorded(one!))]);
  expect((await storedRow(one!.id)).outcome).toBe("unrecorded");
  const { notification } = await bundle([one!], { rungBy: "sweep" });
  await deliver([{ body: notification }]);
  expect((await storedRow(one!.id)).outcome).toBe("complete");
  expect(await countedExchanges()).toBe(1);
});

describe.each(["the bundle first", "the message first"])(
  "with a message that has only metadata in the same batch, %s",
  (order) => {
    it.each(["exchanges-", "/re"])("and with %s… read last, the bundle is stored", async (slow) => {
      const [one] = three();
      const { notification } = await bundle([one!], { rungBy: "sweep" });
      const messages = [
        { body: notification },
        { ...messageOf(one!, { ...unrecorded(one!), journalBytes: 0 }), attempts: 3 },
      ];
      const bindings = journalWith({
        get: async (key: string) => {
          if (key.includes(slow)) await scheduler.wait(50);
          return env.JOURNAL.get(key);
        },
      });
      await deliver(order === "the bundle first" ? messages : messages.reverse(), { bindings });
      expect(await storedRow(one!.id)).toMatchObject({ outcome: "complete" });
      expect(await countedExchanges()).toBe(1);
    });
  },
);

it("more exchanges than fit into one statement are stored in several batches", async () => {
  const crowds = Array.from({ length: 12 }, (_, crowd) =>
    Array.from({ length: 100 }, (__, n) =>
      makeExchange({
        startedAt: NOON + crowd * 100 + n,
        requestMetadata: { path: "/v1/messages/count_tokens" },
        requestBody: { model: "claude-opus-5-5", messages: [{ role: "user", content: `${crowd} ${n}` }] },
        ...jsonResponse({ input_tokens: 12 }),
      }),
    ),
  );
  const notifications = [];
  for (const crowd of crowds) notifications.push({ body: (await bundle(crowd)).notification });
  expect((await deliver(notifications)).acks).toHaveLength(12);
  expect(await storage()).toMatchObject({ counted: 1_200, journal: [] });
});

describe("one exchange of a bundle that cannot be stored", () => {
  it("is written to the journal alone and enqueued; the others are stored and the bundle is cleared", async () => {
    const exchanges = [makeExchange(), rejectedExchange(NOON + 1), makeExchange({ startedAt: NOON + 2 })];
    const { notification } = await bundle(exchanges);
    const { enqueued, bindings } = recordingQueue();
    expect(await deliver([{ body: notification }], { bindings })).toEqual(ACKNOWLEDGED);
    expect((await storedOutcomes()).map(({ id }) => id)).toEqual([exchanges[0]!.id, exchanges[2]!.id]);
    expect(await journalContents()).toEqual([`${exchanges[1]!.id} both`]);
    expect(enqueued).toEqual([expect.objectContaining({ id: exchanges[1]!.id, rungBy: "recorder" })]);
    expect(enqueued[0]).not.toHaveProperty("exchanges");
    // It is recorded as any other failure.
    await deliver([{ body: enqueued[0] }], DEAD);
    expect(await ingestFailures()).toMatchObject([{ exchange_id: exchanges[1]!.id }]);
  });

  it("because its metadata cannot be read is handled alike", async () => {
    const exchanges = three();
    Object.assign(exchanges[0]!.request.metadata, { startedAt: "noon" });
    const { notification } = await bundle(exchanges);
    const { enqueued, bindings } = recordingQueue();
    await deliver([{ body: notification }], { bindings });
    expect(await storedOutcomes()).toHaveLength(2);
    expect(enqueued.map(({ id }) => id)).toEqual([exchanges[0]!.id]);
  });

  it("together with all others is retried with them, and alone in the end", async () => {
    const exchanges = [rejectedExchange(NOON), rejectedExchange(NOON + 1)];
    const { notification } = await bundle(exchanges);
    const { enqueued, bindings } = recordingQueue();
    expect((await deliver([{ body: notification }], { bindings })).retries).toEqual({ 0: 2 });
    expect((await deliver([{ body: notification, attempts: 9 }], { bindings })).acks).toEqual([0]);
    expect(enqueued.map(({ id }) => id).sort()).toEqual(idsOf(exchanges).sort());
  });

  it("stays in the bundle while the queue fails", async () => {
    const { notification } = await bundle([makeExchange(), rejectedExchange(NOON + 1)]);
    const EXCHANGES = { sendBatch: () => Promise.reject(new Error("down")) } as unknown as Queue;
    expect(await deliver([{ body: notification }], { bindings: { EXCHANGES } })).toEqual(RETRIED);
    expect(await journalContents()).toContain(`${notification.id} both`);
    const { enqueued, bindings } = recordingQueue();
    expect((await deliver([{ body: notification, attempts: 2 }], { bindings })).acks).toEqual([0]);
    expect(enqueued).toHaveLength(1);
    expect(await countedExchanges()).toBe(1);
  });
});

describe("a bundle", () => {
  it("is retried while the database is unavailable", async () => {
    const { notification } = await bundle(three());
    expect(await deliver([{ body: notification }], { bindings: noDatabase })).toEqual(RETRIED);
    expect((await deliver([{ body: notification, attempts: 2 }])).acks).toEqual([0]);
    expect(await countedExchanges()).toBe(3);
  });

  it("is retried while R2 is unavailable", async () => {
    const { notification } = await bundle(three());
    const JOURNAL = { get: () => Promise.reject(new Error("down")) } as unknown as R2Bucket;
    expect((await deliver([{ body: notification }], { bindings: { JOURNAL } })).retries).toEqual({ 0: 2 });
    expect((await deliver([{ body: notification, attempts: 2 }])).acks).toEqual([0]);
  });

  it.each(["without its end", "whose parts are shorter than it says"])(
    "%s is recorded as a failure, and stays in the journal",
    async (how) => {
      const { notification, key, id } = await bundle(three());
      const object = new Uint8Array(await (await env.JOURNAL.get(key))!.arrayBuffer());
      await env.JOURNAL.put(key, how === "without its end" ? object.subarray(0, -3) : object.subarray(3));
      expect((await deliver([{ body: notification }])).retries).toEqual({ 0: 2 });
      expect((await deliver([{ body: notification }], DEAD)).acks).toEqual([0]);
      expect(await ingestFailures()).toMatchObject([{ exchange_id: id }]);
      expect(await journalContents()).toEqual([`${id} both`]);
      // Repaired, it is no longer a failure.
      await env.JOURNAL.put(key, object);
      await deliver([{ body: { ...notification, rungBy: "sweep" } }]);
      expect(await ingestFailures()).toEqual([]);
      expect(await countedExchanges()).toBe(3);
    },
  );
});

describe("an unstored bundle", () => {
  it("is found by the sweep, which enqueues one message for all of it", async () => {
    const { notification, id } = await bundle(three());
    const enqueued = await sweep(HOUR);
    expect(enqueued).toEqual([
      expect.objectContaining({ id, exchanges: 3, rungBy: "sweep", journalBytes: notification.journalBytes }),
    ]);
    expect(await sweep(HOUR + 1)).toEqual([]);
    await deliver([{ body: enqueued[0] }]);
    expect(await countedExchanges()).toBe(3);
    expect(await queryRows("SELECT exchange_id FROM swept_entries")).toEqual([]);
  });

  it("counts as its number of exchanges", async () => {
    await bundle(three());
    await journal(makeExchange({ startedAt: NOON + 9 }));
    expect(await readJournalStatus(env, new Date())).toMatchObject({ entries: 4, ended: 4 });
    const { entries } = await listJournal(env.JOURNAL, { limit: 10 });
    expect(entries.map((entry) => entry.exchanges)).toEqual([undefined, 3]);
  });
});
