/**
 * Exchanges of which R2 did not take a part. Metadata in a message exists nowhere else, so the message must not be lost; a response
 * without its request waits for the request for a limited time.
 */
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { loadConfig } from "../../workers/runtime/config.ts";
import type { ExchangeMessage } from "../../workers/schemas/exchange.ts";
import { readJournal } from "../../workers/store/journal/objects.ts";
import { findRequest, responseBody } from "../../workers/store/requests/read.ts";
import {
  type ExchangeOptions,
  notRecorded,
  exchangeMessage,
  makeExchange,
  type TestExchange,
} from "../support/exchanges.ts";
import {
  DEAD,
  deliver,
  failR2,
  noDatabase,
  rejectedExchange,
  resetStorage,
  journal,
  journalContents,
  storedOutcomes,
  storedRow,
  sweptMessage,
  ACKNOWLEDGED,
  storage,
  storedBodies,
  bodiesOf,
  ingestFailures,
} from "../support/worker-ingest.ts";
import { queryRows } from "../support/worker-database.ts";
import { sweep } from "../support/worker-sweep.ts";

beforeEach(resetStorage);

const MINUTE = 60_000;
const noJournal: Partial<Env> = { JOURNAL: new Proxy(env.JOURNAL, { get: () => failR2 }) };

/** The message of an exchange of which R2 did not take these parts. */
function notificationWith(exchange: TestExchange, parts: string): ExchangeMessage {
  const request = { ...exchange.request.metadata, body: notRecorded() };
  const response = { ...exchange.response.metadata, body: notRecorded(), asked: undefined };
  return exchangeMessage(exchange, {
    request: parts.includes("request") ? request : null,
    response: parts.includes("response") ? { ...response, outcome: "unrecorded" } : null,
  });
}
const journalledState = async (id: string) => {
  const { request, response } = await readJournal(env.JOURNAL, id);
  return [request?.metadata.body.recorded, response?.metadata.outcome];
};

describe("metadata of both parts", () => {
  it("is stored while R2 is still down, and completed by the parts that R2 has later", async () => {
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
    const swept = sweptMessage(exchange, { isAbandoned: true });
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

it("metadata that cannot be stored from the dead-letter queue is recorded and kept for the sweep, unless R2 is down", async () => {
  const exchange = rejectedExchange();
  const body = notificationWith(exchange, "request, response");
  const refused = { ...DEAD, bindings: noJournal };
  expect(await deliver([{ body }], refused)).toEqual({ acks: [], retries: { 0: 2 } });
  expect(await deliver([{ body }], DEAD)).toEqual(ACKNOWLEDGED);
  expect(await journalledState(exchange.id)).toEqual(["none", "unrecorded"]);
  expect(await ingestFailures()).toMatchObject([{ exchange_id: exchange.id }]);
});

/** Sweeps twice, the second time after the request was given up, and delivers the messages. */
async function sweptTwice(): Promise<void> {
  for (const later of [3 * MINUTE, 14 * MINUTE]) {
    const notifications = await sweep(later);
    expect(await deliver(notifications.map((body) => ({ body })))).toMatchObject({
      acks: notifications.map((_, n) => n),
    });
  }
}

const alone = (options: ExchangeOptions = {}) => journal(makeExchange(options), ["response"]);

describe("a response without its request", () => {
  it("waits for it at first without being a failure: R2 may be slow with the request", async () => {
    const { id } = await alone();
    const [notification] = await sweep(3 * MINUTE);
    expect(await deliver([{ body: notification }])).toMatchObject({ acks: [0] });
    expect(await storage()).toMatchObject({ rows: [], failures: [], journal: [`${id} response`] });
  });

  it("is stored once after that from its summary, with its tokens and bytes", async () => {
    const exchange = await alone();
    await sweptTwice();
    const row = await storedRow(exchange.id);
    expect(row).toMatchObject({
      outcome: "unrecorded",
      accountId: "acc_1",
      credentialType: "api_key",
      method: "POST",
      path: "/v1/messages",
      endpoint: "messages",
      status: 200,
      modelServed: "claude-opus-5-5",
      inputTokens: 12,
      durationMs: 1_500,
      bodyKind: "none",
    });
    expect(await queryRows("SELECT name FROM domains")).toEqual([{ name: "team.example" }]);
    const config = loadConfig(env);
    expect(await responseBody(config, (await findRequest(config, exchange.id))!)).toEqual({
      state: "whole",
      bytes: exchange.response.body,
    });
    expect(await storage()).toMatchObject({ failures: [], journal: [], counted: 1 });
    expect(await sweep(60 * MINUTE)).toEqual([]);
  });

  it("has all metadata of it where R2 had rejected the request before the response ended", async () => {
    const { request } = makeExchange();
    const { v: _, id: __, startedAt: ___, ...metadata } = request.metadata;
    const asked = {
      ...metadata,
      headers: { ...metadata.headers, "x-claude-code-session-id": "session-1" },
      body: notRecorded(4_000),
    };
    const { id } = await alone({ responseMetadata: { asked } });
    await sweptTwice();
    expect(await storedRow(id)).toMatchObject({
      outcome: "unrecorded",
      query: "?beta=true",
      client: "claude-cli/2.1.330",
      sessionId: "session-1",
      bodyBytes: 4_000,
    });
  });

  it("is stored at once at startup, when nothing is in flight", async () => {
    const { id } = await alone();
    const [notification] = await sweep(0, { startup: true });
    await deliver([{ body: notification }]);
    expect(await storedOutcomes()).toEqual([{ id, outcome: "unrecorded" }]);
  });

  it("gets its request's body when that arrives later still, and is not counted twice", async () => {
    const exchange = await alone();
    await sweptTwice();
    await journal(exchange, ["request"]);
    for (const notification of [exchangeMessage(exchange), ...(await sweep(90 * MINUTE))])
      expect((await deliver([{ body: notification }])).acks).toEqual([0]);
    const row = await storedRow(exchange.id);
    expect(row).toMatchObject({ outcome: "unrecorded", model: "claude-opus-5-5", messageCount: 1 });
    expect(await storedBodies(row)).toEqual(bodiesOf(exchange));
    expect(await storage()).toMatchObject({ counted: 1, journal: [] });
  });

  it("whose request is stored already completes that row", async () => {
    const exchange = await journal(makeExchange(), ["request"]);
    await deliver([sweptMessage(exchange)]);
    expect(await storedOutcomes()).toEqual([{ id: exchange.id, outcome: "interrupted" }]);
    await journal(exchange, ["response"]);
    await deliver([sweptMessage(exchange, { isAbandoned: true })]);
    expect(await storedOutcomes()).toEqual([{ id: exchange.id, outcome: "complete" }]);
    expect(await storedRow(exchange.id)).toMatchObject({ bodyKind: "json", query: "?beta=true" });
    expect(await storage()).toMatchObject({ counted: 1 });
  });

  it("written by a version without a summary stays in the journal and is recorded as a failure", async () => {
    const exchange = await alone({ responseMetadata: { asked: undefined } });
    await sweptTwice();
    expect(await ingestFailures()).toMatchObject([{ exchange_id: exchange.id }]);
    expect(await journalContents()).toEqual([`${exchange.id} response`]);
  });
});
