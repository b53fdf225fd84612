/** Bodies that decode to much more than their size, and entries whose reading has ended the isolate before. */
import { gzipSync } from "node:zlib";
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { ExchangeMessage } from "../../workers/schemas/exchange.ts";
import { journalBundle, writeJournalBundle } from "../../workers/store/journal/bundles.ts";
import { journalTrailer } from "../../workers/store/journal/objects.ts";
import { newExchangeId } from "../../workers/domain/exchange-id.ts";
import {
  exchangeMessage,
  makeExchange,
  messageRequest,
  NOON,
  type TestExchange,
} from "../support/exchanges.ts";
import { queryRows } from "../support/worker-database.ts";
import {
  ACKNOWLEDGED,
  bodiesOf,
  deliver,
  ingest,
  journal,
  journalContents,
  journalWith,
  messageOf,
  noDatabase,
  recordingQueue,
  resetStorage,
  storage,
  storedBodies,
  storedOutcomes,
  storedRow,
} from "../support/worker-ingest.ts";

beforeEach(resetStorage);

const LONG_AGO = new Date(NOON);
const attempts = () =>
  queryRows<{ entry_id: string; attempts: number }>("SELECT entry_id, attempts FROM ingest_attempts");
const leaveAttempts = (entryId: string, count: number) =>
  queryRows("INSERT INTO ingest_attempts (entry_id, attempts, at) VALUES ($1, $2, $3)", [
    entryId,
    count,
    LONG_AGO,
  ]);

/** A request of 31 KB that unpacks to 31 MB. */
const bomb = new Uint8Array(gzipSync(JSON.stringify(messageRequest(" ".repeat(31 * 1_048_576)))));
const withBomb = (n: number): TestExchange =>
  makeExchange({
    startedAt: NOON + n,
    requestBody: bomb,
    requestMetadata: { headers: { "content-type": "application/json", "content-encoding": "gzip" } },
  });

async function bundleOf(exchanges: readonly TestExchange[]): Promise<ExchangeMessage> {
  const id = newExchangeId(NOON + 1_000, crypto.getRandomValues(new Uint8Array(10)));
  const parts = exchanges.flatMap(({ id: of, request, response }) => [
    { id: of, part: "request" as const, chunks: [request.body, journalTrailer(request.metadata)] },
    { id: of, part: "response" as const, chunks: [response.body, journalTrailer(response.metadata)] },
  ]);
  const journalBytes = await writeJournalBundle(env.JOURNAL, id, exchanges.length, journalBundle(id, parts));
  return exchangeMessage(exchanges[0]!, { id, domain: "", journalBytes, exchanges: exchanges.length });
}

describe("bodies of 31 KB that unpack to 31 MB", () => {
  it("are stored as received, thirty in a batch, with the tokens of their responses", async () => {
    const exchanges = Array.from({ length: 30 }, (_, n) => withBomb(n));
    expect((await ingest(...exchanges)).acks).toHaveLength(30);
    expect(await storage()).toMatchObject({ counted: 30, journal: [], failures: [] });
    const row = await storedRow(exchanges[7]!.id);
    expect(row).toMatchObject({
      unread: "too_large",
      outcome: "complete",
      inputTokens: 12,
      bodyKind: "bytes",
    });
    expect(await storedBodies(row)).toEqual(bodiesOf(exchanges[7]!));
    expect(await attempts()).toEqual([]);
  });

  it("are stored as received, thirty in a bundle", async () => {
    const message = await bundleOf(Array.from({ length: 30 }, (_, n) => withBomb(n)));
    expect(await deliver([{ body: message }])).toEqual(ACKNOWLEDGED);
    expect(await storage()).toMatchObject({ counted: 30, journal: [] });
  });
});

it("bodies that decode to more than a part holds are stored in several parts, each message acknowledged once", async () => {
  const text = (n: number) => Array.from({ length: 400_000 }, (_, word) => `${word * n}`).join(" ");
  const exchanges = Array.from({ length: 8 }, (_, n) =>
    makeExchange({
      startedAt: NOON + n,
      requestBody: gzipSync(JSON.stringify(messageRequest(text(n + 1)))),
      requestMetadata: { headers: { "content-type": "application/json", "content-encoding": "gzip" } },
    }),
  );
  const message = await bundleOf(exchanges);
  expect(await deliver([{ body: message }])).toEqual(ACKNOWLEDGED);
  expect(await storage()).toMatchObject({ counted: 8, journal: [] });
  expect((await storedRow(exchanges[7]!.id)).unread).toBeNull();
});

it("an attempt is recorded before the journal is read, and deleted when its batch is stored", async () => {
  const exchange = await journal(makeExchange());
  const seen: unknown[] = [];
  const bindings = journalWith({
    get: async (key: string) => {
      seen.push(await attempts());
      return env.JOURNAL.get(key);
    },
  });
  await deliver([messageOf(exchange)], { bindings });
  expect(seen).toEqual([[{ entry_id: exchange.id, attempts: 1 }], [{ entry_id: exchange.id, attempts: 1 }]]);
  expect(await attempts()).toEqual([]);
});

it("nothing is read while the database is unavailable", async () => {
  const exchange = await journal(makeExchange());
  const get = () => Promise.reject(new Error("it was read"));
  const { retries } = await deliver([messageOf(exchange)], {
    bindings: { ...noDatabase, ...journalWith({ get }) },
  });
  expect(retries).toEqual({ 0: 2 });
  expect(await deliver([messageOf(exchange)])).toEqual(ACKNOWLEDGED);
});

describe("an entry whose reading has begun before and never ended", () => {
  it("is read after all others of its batch, alone, and stored", async () => {
    const [first, second, third] = [0, 1, 2].map((n) => makeExchange({ startedAt: NOON + n }));
    for (const exchange of [first!, second!, third!]) await journal(exchange);
    await leaveAttempts(first!.id, 1);
    const seen: string[] = [];
    const bindings = journalWith({
      get: async (key: string) => {
        const rows = await storedOutcomes();
        if (key.endsWith("request")) seen.push(`${key.split("/")[1]} after ${rows.length}`);
        return env.JOURNAL.get(key);
      },
    });
    const { acks } = await deliver(
      [first!, second!, third!].map((one) => messageOf(one)),
      { bindings },
    );
    expect(acks).toEqual([0, 1, 2]);
    expect(seen.toSorted()).toEqual(
      [`${first!.id} after 2`, `${second!.id} after 0`, `${third!.id} after 0`].toSorted(),
    );
    expect((await storedRow(first!.id)).unread).toBeNull();
    expect(await attempts()).toEqual([]);
  });

  it("is stored unread with its bytes after three attempts, and an alert is raised", async () => {
    const raised: unknown[] = [];
    const outbox = { raise: (_: unknown, events: unknown[]) => void raised.push(...events) };
    const bindings = { ALERT_OUTBOX: { getByName: () => outbox } } as unknown as Partial<Env>;
    const exchange = await journal(makeExchange({ startedAt: Date.now() }));
    await leaveAttempts(exchange.id, 3);
    expect(await deliver([messageOf(exchange)], { bindings })).toEqual(ACKNOWLEDGED);
    const row = await storedRow(exchange.id);
    expect(row).toMatchObject({
      unread: "failed",
      status: 200,
      outcome: "complete",
      model: null,
      inputTokens: null,
    });
    expect(await storedBodies(row)).toEqual(bodiesOf(exchange));
    expect(raised).toEqual([
      { kind: "unread", domain: "team.example", requestId: exchange.id, at: row.startedAt.getTime() },
    ]);
    expect(await storage()).toMatchObject({ counted: 1, journal: [] });
  });

  it("as a bundle is split into its exchanges without being read", async () => {
    const exchanges = [0, 1, 2].map((n) => makeExchange({ startedAt: NOON + n }));
    const message = await bundleOf(exchanges);
    await leaveAttempts(message.id, 1);
    const { enqueued, bindings } = recordingQueue();
    expect(await deliver([{ body: message }], { bindings })).toEqual(ACKNOWLEDGED);
    expect(await storedOutcomes()).toEqual([]);
    expect(enqueued.map(({ id }) => id)).toEqual(exchanges.map(({ id }) => id));
    expect(await journalContents()).toEqual(exchanges.map(({ id }) => `${id} both`));
    await deliver(enqueued.map((body) => ({ body })));
    expect(await storage()).toMatchObject({ counted: 3, journal: [] });
  });

  it("counts as begun once where its messages are delivered at once", async () => {
    const exchange = await journal(makeExchange());
    await leaveAttempts(exchange.id, 2);
    const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    await Promise.all(Array.from({ length: 4 }, () => deliver([messageOf(exchange)])));
    const logged = warn.mock.calls.map(([line]) => JSON.parse(String(line)) as { attempt?: number });
    warn.mockRestore();
    expect(Math.max(...logged.map(({ attempt = 0 }) => attempt))).toBe(3);
    expect(await storage()).toMatchObject({ counted: 1, journal: [] });
    expect((await storedRow(exchange.id)).unread).toBeNull();
  });
});
