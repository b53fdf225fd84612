/** Exchanges whose metadata is in a message because R2 was down: it exists nowhere else, so the message must not be lost. */
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import type { ExchangeMessage } from "../../workers/schemas/exchange.ts";
import { readJournal } from "../../workers/store/journal/objects.ts";
import { notRecorded, exchangeMessage, makeExchange, type TestExchange } from "../support/exchanges.ts";
import {
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
  storedBodies,
  bodiesOf,
} from "../support/worker-ingest.ts";
import { queryRows } from "../support/worker-database.ts";
import { sweep } from "../support/worker-sweep.ts";

beforeEach(resetStorage);

const MINUTE = 60_000;
const noJournal = {
  JOURNAL: new Proxy(env.JOURNAL, {
    get: () => () => Promise.reject(new Error("internal error (10001)")),
  }),
} as Partial<Env>;

/** The message of an exchange of which R2 did not take these parts. */
function notificationWith({ request, response, ...rest }: TestExchange, parts: string): ExchangeMessage {
  return exchangeMessage(
    { request, response, ...rest },
    {
      request: parts.includes("request") ? { ...request.metadata, body: notRecorded() } : null,
      response: parts.includes("response")
        ? { ...response.metadata, outcome: "unrecorded", body: notRecorded(), asked: undefined }
        : null,
    },
  );
}
const journalledState = async (id: string) => {
  const { request, response } = await readJournal(env.JOURNAL, id);
  return [request?.metadata.body.recorded, response?.metadata.outcome];
};

describe("metadata of both parts", () => {
  it("is stored while R2 is still down, and completed by what R2 turns out to have", async () => {
    const exchange = makeExchange();
    const notification = notificationWith(exchange, "request, response");
    expect(await deliver([{ body: notification }], { bindings: noJournal })).toEqual(ACKNOWLEDGED);
    expect(await storedOutcomes()).toEqual([{ id: exchange.id, outcome: "unrecorded" }]);
    await journal(exchange);
    for (const body of await sweep(3 * MINUTE)) await deliver([{ body }]);
    expect(await storedOutcomes()).toEqual([{ id: exchange.id, outcome: "complete" }]);
    expect(await storage()).toMatchObject({ counted: 1, journal: [] });
  });

  it("of one exchange, with late parts, sweep and messages concurrently, becomes one complete row", async () => {
    const exchange = makeExchange();
    const notification = { body: notificationWith(exchange, "request, response") };
    await deliver([notification]);
    await journal(exchange);
    const swept = messageOf(exchange, { rungBy: "sweep", domain: "", isAbandoned: true });
    const batches = [
      [notification],
      [swept],
      [notification, swept],
      [swept, notification],
      [notification, notification],
    ];
    for (const { retries } of await Promise.all(batches.map((batch) => deliver(batch))))
      expect(retries).toEqual({});
    const row = await storedRow(exchange.id);
    expect(row.outcome).toBe("complete");
    expect(await storedBodies(row)).toEqual(bodiesOf(exchange));
    expect(await queryRows("SELECT outcome, requests::int, input_tokens::int FROM rollups")).toEqual([
      { outcome: "complete", requests: 1, input_tokens: 12 },
    ]);
    expect(await queryRows("SELECT count(*)::int AS n FROM response_bodies")).toEqual([{ n: 1 }]);
    expect(await journalContents()).toEqual([]);
  });
});

describe("without a database", () => {
  it.each(["request, response", "request", "response"])(
    "metadata of %s moves into the journal before the queue drops it, and is stored from there",
    async (parts) => {
      const exchange = makeExchange();
      const has = (["request", "response"] as const).filter((part) => !parts.includes(part));
      await journal(exchange, has);
      const body = notificationWith(exchange, parts);
      const early = await deliver([{ body, attempts: 9 }], { bindings: noDatabase });
      expect(early).toEqual({ acks: [], retries: { 0: 512 } });
      const late = await deliver([{ body, attempts: 10 }], { bindings: noDatabase });
      expect(late).toEqual(ACKNOWLEDGED);
      expect(await journalContents()).toEqual([`${exchange.id} both`]);
      for (const notification of await sweep(3 * MINUTE)) await deliver([{ body: notification }]);
      expect(await storedRow(exchange.id)).toMatchObject({
        outcome: "unrecorded",
        status: 200,
        path: "/v1/messages",
        inputTokens: parts.includes("response") ? null : 12,
        model: parts.includes("request") ? null : "claude-opus-5-5",
      });
      expect(await journalContents()).toEqual([]);
    },
  );

  it("and without R2 it stays in its message", async () => {
    const body = notificationWith(makeExchange(), "request, response");
    const bindings = { ...noDatabase, ...noJournal };
    expect(await deliver([{ body, attempts: 15 }], { bindings })).toEqual({ acks: [], retries: { 0: 600 } });
    expect(await deliver([{ body }], { ...DEAD, bindings })).toEqual({ acks: [], retries: { 0: 2 } });
  });

  it("what is in the journal already is not overwritten", async () => {
    const exchange = await journal(makeExchange());
    const body = notificationWith(exchange, "request, response");
    await deliver([{ body }], { ...DEAD, bindings: noDatabase });
    expect(await journalledState(exchange.id)).toEqual(["whole", "complete"]);
  });
});

describe("metadata that cannot be stored", () => {
  it("from the dead-letter queue is recorded and kept for the sweep, unless R2 is down", async () => {
    const exchange = rejectedExchange();
    const body = notificationWith(exchange, "request, response");
    const refused = { ...DEAD, bindings: noJournal };
    expect(await deliver([{ body }], refused)).toEqual({ acks: [], retries: { 0: 2 } });
    expect(await deliver([{ body }], DEAD)).toEqual(ACKNOWLEDGED);
    expect(await journalledState(exchange.id)).toEqual(["none", "unrecorded"]);
    expect(await queryRows("SELECT exchange_id FROM ingest_failures")).toEqual([
      { exchange_id: exchange.id },
    ]);
  });
});
