/** Exchanges that were begun and never stored are counted once; those that are stored, recorded or in flight are not. */
import { env } from "cloudflare:workers";
import { beforeEach, expect, it } from "vitest";
import { newExchangeId } from "../../workers/domain/exchange-id.ts";
import { LIVE_FEED_NAME } from "../../workers/runtime/constants.ts";
import { loadConfig } from "../../workers/runtime/config.ts";
import { countLostExchanges } from "../../workers/scheduled/lost-exchanges.ts";
import type { LiveEvent } from "../../workers/schemas/api/live.ts";
import { journalBundle, writeJournalBundle } from "../../workers/store/journal/bundles.ts";
import { journalTrailer } from "../../workers/store/journal/objects.ts";
import { makeExchange, type TestExchange } from "../support/exchanges.ts";
import { queryRows } from "../support/worker-database.ts";
import {
  deliver,
  ingest,
  journal,
  noDatabase,
  resetStorage,
  sweptMessage,
} from "../support/worker-ingest.ts";

/** Longer ago than an exchange may take to be stored. */
const BEGUN = Date.now() - 20 * 60_000;
const LOST_AFTER_MS = 5 * loadConfig(env).SWEEP_AFTER_MS;
const feed = () => env.LIVE_FEED.getByName(LIVE_FEED_NAME);

const raised: unknown[] = [];
const bindings = {
  ALERT_OUTBOX: {
    getByName: () => ({ raise: (_: unknown, events: unknown[]) => void raised.push(...events) }),
  },
} as unknown as Partial<Env>;
const count = (now = Date.now(), more: Partial<Env> = {}) =>
  countLostExchanges({ ...env, ...bindings, ...more }, now);
const counted = () => queryRows<{ value: string }>("SELECT value FROM counters WHERE name = 'lost'");

beforeEach(async () => {
  await resetStorage();
  raised.length = 0;
  await feed().forget(await feed().unstored(newExchangeId(Date.now() + 60_000, new Uint8Array(10))));
});

const started = ({ id, request }: TestExchange): LiveEvent => ({
  event: "exchange.started",
  data: {
    requestId: id,
    domain: "team.example",
    accountId: null,
    model: null,
    startedAt: new Date(request.metadata.startedAt).toISOString(),
  },
});
const ended = ({ id }: TestExchange): LiveEvent => ({ event: "exchange.ended", requestId: id });

async function begun(startedAt = BEGUN): Promise<TestExchange> {
  const exchange = makeExchange({ startedAt });
  await feed().publish([started(exchange)]);
  return exchange;
}

async function begunAndEnded(startedAt = BEGUN): Promise<TestExchange> {
  const exchange = await begun(startedAt);
  await feed().publish([ended(exchange)]);
  return exchange;
}

it("those of which nothing is recorded are counted, and an alert is raised", async () => {
  await begunAndEnded();
  await begunAndEnded(BEGUN + 5);
  expect(await count()).toBe(2);
  expect(await counted()).toEqual([{ value: "2" }]);
  expect(raised).toEqual([{ kind: "exchanges_lost", exchanges: 2, at: expect.any(Number) as number }]);
  expect(await count()).toBe(0);
  expect(await counted()).toEqual([{ value: "2" }]);
});

it("those that are stored are not, whether or not the live feed has them", async () => {
  await ingest(await begunAndEnded(), await begunAndEnded(BEGUN + 5));
  const unheard = await begunAndEnded(BEGUN + 10);
  await journal(unheard);
  await deliver([sweptMessage(unheard)], { bindings: { LIVE_FEED: undefined } as unknown as Partial<Env> });
  expect(await count()).toBe(0);
  expect(await counted()).toEqual([]);
});

it("those that are in the journal are not, alone or in a bundle", async () => {
  await journal(await begunAndEnded());
  const bundled = await begunAndEnded(BEGUN + 120_000);
  const { id, request, response } = bundled;
  const bundleId = newExchangeId(BEGUN + 121_000, new Uint8Array(10));
  const object = journalBundle(bundleId, [
    { id, part: "request", chunks: [request.body, journalTrailer(request.metadata)] },
    { id, part: "response", chunks: [response.body, journalTrailer(response.metadata)] },
  ]);
  await writeJournalBundle(env.JOURNAL, bundleId, 1, object);
  expect(await count()).toBe(0);
});

it("those in flight are not, until the runtime starts again", async () => {
  const at = Date.now() - LOST_AFTER_MS - 1_000;
  await begun(at);
  expect(await count()).toBe(0);
  await feed().started();
  expect(await feed().inFlight()).toMatchObject({ count: 0 });
  expect(await count()).toBe(1);
});

it("those that ended lately are not yet, and none while the database is unavailable", async () => {
  const at = Date.now() - LOST_AFTER_MS / 2;
  await begunAndEnded(at);
  expect(await count()).toBe(0);
  expect(await count(at + LOST_AFTER_MS + 1_000, noDatabase)).toBe(0);
  expect(await count(at + LOST_AFTER_MS + 1_000)).toBe(1);
});
