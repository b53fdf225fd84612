/** A response in the journal whose request R2 never took: it waits for the request for a limited time. */
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { loadConfig } from "../../workers/runtime/config.ts";
import { findRequest, responseBody } from "../../workers/store/requests/read.ts";
import { exchangeMessage, makeExchange, type ExchangeOptions, notRecorded } from "../support/exchanges.ts";
import {
  countedExchanges,
  deliver,
  resetStorage,
  journal,
  journalContents,
  storedOutcomes,
  storedRow,
  messageOf,
  sweptMessage,
  storage,
  storedBodies,
  bodiesOf,
  ingestFailures,
} from "../support/worker-ingest.ts";
import { queryRows } from "../support/worker-database.ts";
import { sweep } from "../support/worker-sweep.ts";

beforeEach(resetStorage);

const MINUTE = 60_000;

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
    await deliver([messageOf(exchange, { rungBy: "sweep", domain: "", isAbandoned: true })]);
    expect(await storedOutcomes()).toEqual([{ id: exchange.id, outcome: "complete" }]);
    expect(await storedRow(exchange.id)).toMatchObject({ bodyKind: "json", query: "?beta=true" });
    expect(await countedExchanges()).toBe(1);
  });

  it("written by a version without a summary stays in the journal and is recorded as a failure", async () => {
    const exchange = await alone({ responseMetadata: { asked: undefined } });
    await sweptTwice();
    expect(await ingestFailures()).toMatchObject([{ exchange_id: exchange.id }]);
    expect(await journalContents()).toEqual([`${exchange.id} response`]);
  });
});
