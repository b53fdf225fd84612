/** The live feed delivers the events of proxy and ingest to every reader once, also after a reconnect. */
import { createExecutionContext, evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { api, dashboardApi } from "../../workers/api/index.ts";
import { signIn, signOut } from "../../workers/api/auth/sign-in.ts";
import { LIVE_FEED_NAME, LIVE_READER_HEADER } from "../../workers/runtime/constants.ts";
import type { RequestRow } from "../../workers/schemas/api/requests.ts";
import type { Overview } from "../../workers/schemas/api/overview.ts";
import type { Status } from "../../workers/schemas/api/status.ts";
import type { LiveEvent } from "../../workers/schemas/api/live.ts";
import { countWrittenRows } from "../support/worker-written-rows.ts";
import { readEvents } from "../support/event-stream.ts";
import { waitFor, waitUntil } from "../support/wait.ts";
import { makeExchange } from "../support/exchanges.ts";
import { deliver, resetStorage, journal, messageOf } from "../support/worker-ingest.ts";
import {
  ADMINISTRATOR_KEY,
  apiJson,
  call,
  apiError,
  store,
  testEnv,
  VIEWER_KEY,
} from "../support/worker-api.ts";

const NOW = Date.UTC(2026, 10, 22, 12);
let feeds = 0;
const newFeed = () => env.LIVE_FEED.getByName(`test-${++feeds}`);

beforeEach(resetStorage);

function started(n: number, at = NOW): LiveEvent {
  const startedAt = new Date(at).toISOString();
  return {
    event: "exchange.started",
    data: { requestId: `r${n}`, domain: "a", accountId: null, model: null, startedAt },
  };
}
const ended = (n: number): LiveEvent => ({ event: "exchange.ended", requestId: `r${n}` });
const stored = (n: number) =>
  ({ event: "exchange.stored", data: { requestId: `r${n}` } }) as unknown as LiveEvent;
const windowOf = (n: number): LiveEvent => ({ event: "window.updated", data: { n } });

async function listen(feed: DurableObjectStub, last?: string, query = "") {
  const headers = new Headers(last === undefined ? [] : [["last-event-id", last]]);
  const response = await feed.fetch(`http://live-feed/${query}`, { headers });
  expect(response.headers.get("content-type")).toMatch(/^text\/event-stream/);
  return readEvents(response.body as ReadableStream<Uint8Array>);
}

/** The last id that a feed assigned. Its short heartbeat soon notices that the reader has gone: an eviction waits for that. */
async function newestId(feed: DurableObjectStub): Promise<number> {
  const reader = await listen(feed, "0", "?heartbeatMs=20");
  const reset = await reader.next();
  await reader.cancel();
  return Number(reset?.id);
}

/** The next event but for reports of the account's window, which may come in between. */
async function nextOfExchanges(reader: ReturnType<typeof readEvents>) {
  let event = await reader.next();
  while (event?.event === "window.updated") event = await reader.next();
  return event;
}

describe("a reader", () => {
  it("that has signed out meanwhile gets no stream", async () => {
    const feed = newFeed();
    const streamOf = async (reader: string) => {
      const headers = { [LIVE_READER_HEADER]: reader };
      const { body } = await feed.fetch("http://live-feed/", { headers });
      return readEvents(body as ReadableStream<Uint8Array>);
    };
    await feed.endReader("session:a");
    const late = await streamOf("session:a");
    expect(await late.next()).toMatchObject({ event: "session.ended" });
    expect(await late.next(2_000)).toBeUndefined();
    const other = await streamOf("session:b");
    await feed.publish([windowOf(0)]);
    expect(await other.next()).toMatchObject({ event: "window.updated" });
    await other.cancel();
  });

  it("receives the events after its connection, in order", async () => {
    const feed = newFeed();
    await feed.publish([windowOf(0)]);
    const before = await newestId(feed);
    const reader = await listen(feed);
    await feed.publish([started(1), windowOf(1)], NOW);
    await feed.publish([windowOf(2)]);
    const received = [await reader.next(), await reader.next(), await reader.next()];
    expect(received.map((one) => [Number(one?.id) - before, one?.event])).toEqual([
      [1, "exchange.started"],
      [2, "window.updated"],
      [3, "window.updated"],
    ]);
    expect(received[0]?.data).toMatchObject({ requestId: "r1", domain: "a" });
    await reader.cancel();
  });

  it("that reconnects receives what it missed", async () => {
    const feed = newFeed();
    const before = await newestId(feed);
    await feed.publish(Array.from({ length: 250 }, (_, n) => windowOf(n + 1)));
    const reader = await listen(feed, String(before + 3));
    for (let n = 4; n <= 250; n++)
      expect(await reader.next()).toMatchObject({ id: String(before + n), data: { n } });
    await reader.cancel();
  });

  it("that reconnects to an object that was evicted is reset, whatever it saw, and continues", async () => {
    const feed = newFeed();
    await feed.publish([windowOf(1), windowOf(2)]);
    const before = await newestId(feed);
    await evictDurableObject(feed);
    const reader = await listen(feed, String(before));
    const reset = await reader.next();
    expect(reset).toMatchObject({ event: "reset" });
    expect(Number(reset?.id)).toBeGreaterThan(before);
    await feed.publish([windowOf(3)]);
    expect(await reader.next()).toMatchObject({ id: String(Number(reset?.id) + 1), data: { n: 3 } });
    await reader.cancel();
  });

  it("is reset when missed events are no longer kept, and continues from there", async () => {
    const feed = newFeed();
    const before = await newestId(feed);
    const id = (n: number) => String(before + n);
    for (let n = 0; n < 9; n++)
      await feed.publish(Array.from({ length: 300 }, (_, i) => windowOf(n * 300 + i + 1)));
    const late = await listen(feed, id(1_699));
    expect(await late.next()).toEqual({ id: id(2_700), event: "reset", data: {} });
    await feed.publish([windowOf(2_701)]);
    expect(await late.next()).toMatchObject({ id: id(2_701), event: "window.updated" });
    const inTime = await listen(feed, id(1_701));
    expect(await inTime.next()).toMatchObject({ id: id(1_702), data: { n: 1_702 } });
    await late.cancel();
    await inTime.cancel();
  });

  it("that does not read does not delay the others, and is reset when it reads again", async () => {
    const feed = newFeed();
    const before = await newestId(feed);
    const [slow, quick] = [await listen(feed), await listen(feed)];
    for (let n = 0; n < 12; n++) {
      await feed.publish(Array.from({ length: 100 }, (_, i) => windowOf(n * 100 + i + 1)));
      for (let i = 0; i < 100; i++) await quick.next();
    }
    let event = await slow.next();
    while (event && event.event !== "reset") event = await slow.next();
    expect(event).toMatchObject({ id: String(before + 1_200), event: "reset" });
    await slow.cancel();
    await quick.cancel();
  });

  it("receives heartbeats while nothing happens, and the end of its stream after the limit", async () => {
    const reader = await listen(newFeed(), undefined, "?heartbeatMs=20&maxMs=200");
    expect(await reader.next()).toBeUndefined();
    expect(reader.comments()).toBeGreaterThanOrEqual(3);
  });
});

it("exchanges in flight are those started and not ended, in any order of notices", async () => {
  const feed = newFeed();
  await feed.publish([ended(3)], NOW);
  await feed.publish([started(1, NOW - 5), started(2, NOW - 3), started(4, NOW), started(3), ended(1)], NOW);
  const { count, newest } = await feed.inFlight(NOW);
  expect([count, newest.map(({ requestId }) => requestId)]).toEqual([2, ["r4", "r2"]]);
  expect((await feed.inFlight(NOW + 2 * 3_600_000)).count).toBe(0);
});

it("after an eviction, exchanges of the last ten minutes that are not stored are in flight, until the runtime starts", async () => {
  const feed = newFeed();
  const now = Date.now();
  await feed.publish([started(1, now - 2), started(2, now - 1), started(3, now - 660_000)], now);
  await feed.publish([ended(1), stored(2)], now);
  await evictDurableObject(feed);
  expect(await feed.inFlight(now)).toMatchObject({ count: 1, newest: [{ requestId: "r1" }] });
  expect(await feed.unstored("r9", now)).toEqual(["r3"]);
  await feed.started(now);
  await evictDurableObject(feed);
  expect((await feed.inFlight(now)).count).toBe(0);
  expect(await feed.unstored("r9", now)).toEqual(["r1", "r3"]);
});

it("the tables of an earlier version are adopted", async () => {
  const feed = newFeed();
  const begun = started(1, Date.now());
  await runInDurableObject(feed, (_, { storage }) => {
    storage.sql.exec(
      `DROP TABLE begun;
       CREATE TABLE events (id INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL, data TEXT NOT NULL);
       CREATE TABLE running (id TEXT PRIMARY KEY, data TEXT NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID;
       CREATE TABLE unstored (id TEXT PRIMARY KEY) WITHOUT ROWID;
       INSERT INTO unstored VALUES ('r0'), ('r1')`,
    );
    const data = begun.event === "exchange.started" ? JSON.stringify(begun.data) : "";
    storage.sql.exec(`INSERT INTO running VALUES ('r1', ?, 0)`, data);
  });
  await evictDurableObject(feed);
  expect(await feed.unstored("r9")).toEqual(["r0"]);
  expect(await feed.inFlight()).toMatchObject({ count: 1, newest: [{ requestId: "r1" }] });
});

it("exchanges in flight are shown by status and overview, and null when the feed fails", async () => {
  const feed = env.LIVE_FEED.getByName(LIVE_FEED_NAME);
  const { count } = await feed.inFlight();
  await feed.publish([started(count + 1_000, Date.now())]);
  // Null where the feed takes long, as on a busy machine.
  await waitFor(async () => expect((await apiJson<Status>("/api/status")).inFlight).toBe(count + 1));
  const { inFlight } = await waitUntil(async () => {
    const overview = await apiJson<Overview>("/api/overview");
    return overview.inFlight && overview;
  });
  expect(inFlight).toMatchObject({ count: count + 1 });
  expect(inFlight?.newest[0]).toMatchObject({ requestId: `r${count + 1_000}`, domain: "a" });
  await feed.publish([ended(count + 1_000)]);
  const broken = { LIVE_FEED: { getByName: () => ({ inFlight: () => new Promise(() => undefined) }) } };
  expect((await apiJson<Status>("/api/status", { bindings: broken })).inFlight).toBeNull();
});

describe("GET /api/live", () => {
  const open = (headers: Record<string, string>) =>
    api.fetch(
      new Request("https://nexus.example/api/live", { headers }),
      testEnv(),
      createExecutionContext(),
    );

  it("sends stored exchanges as the row that lists show", async () => {
    const response = await open({ "x-dashboard-key": VIEWER_KEY });
    expect(response.status).toBe(200);
    expect(response.headers.get("cache-control")).toBe("no-store");
    const reader = readEvents(response.body as ReadableStream<Uint8Array>);
    const [made] = await store({});
    const event = await nextOfExchanges(reader);
    expect(event).toMatchObject({ event: "exchange.stored" });
    const { requests } = await apiJson<{ requests: RequestRow[] }>("/api/requests");
    expect(event?.data).toEqual(requests[0]);
    expect(requests[0]?.requestId).toBe(made!.id);
    await reader.cancel();

    await store({});
    const again = await open({ "x-dashboard-key": ADMINISTRATOR_KEY, "last-event-id": event!.id });
    const second = readEvents(again.body as ReadableStream<Uint8Array>);
    expect(await second.next()).toMatchObject({ id: String(Number(event!.id) + 1) });
    await second.cancel();
  });

  it("requires a key, and responds 503 when the feed is unavailable", async () => {
    expect((await apiError("/api/live", { key: null })).status).toBe(401);
    expect((await apiError("/api/live", { key: "wrong" })).status).toBe(403);
    const broken = { LIVE_FEED: { getByName: () => ({ fetch: () => Promise.reject(new Error("down")) }) } };
    expect((await call("/api/live", { bindings: broken })).status).toBe(503);
  });

  it("ends when its session signs out, and no other stream does", async () => {
    const address = "192.0.2.1";
    const streamOf = async (key: string) => {
      const result = await signIn(testEnv(), { key, address }, Date.now());
      if (result.result !== "signed_in") throw new Error(result.result);
      const headers = { "x-nexus-session": result.token };
      const request = new Request("https://api.internal/api/live", { headers });
      const { body } = await dashboardApi.fetch(request, testEnv(), createExecutionContext());
      return { token: result.token, reader: readEvents(body as ReadableStream<Uint8Array>) };
    };
    const [leaving, staying] = [await streamOf(ADMINISTRATOR_KEY), await streamOf(ADMINISTRATOR_KEY)];
    await signOut(testEnv(), leaving.token, Date.now());
    expect(await nextOfExchanges(leaving.reader)).toMatchObject({ event: "session.ended" });
    expect(await leaving.reader.next(2_000)).toBeUndefined();
    await store({});
    expect(await nextOfExchanges(staying.reader)).toMatchObject({ event: "exchange.stored" });
    await staying.reader.cancel();
  });

  it("sends no event twice when an exchange is delivered again", async () => {
    const [made] = await store({});
    const response = await open({ "x-dashboard-key": VIEWER_KEY });
    const reader = readEvents(response.body as ReadableStream<Uint8Array>);
    await store(made!);
    const [other] = await store({});
    expect(await nextOfExchanges(reader)).toMatchObject({ data: { requestId: other!.id } });
    await reader.cancel();
  });
});

it("ingest stores exchanges while the feed is down", async () => {
  const made = await journal(makeExchange());
  const broken = { LIVE_FEED: { getByName: () => ({ publish: () => Promise.reject(new Error("down")) }) } };
  const { acks } = await deliver([messageOf(made)], {
    bindings: broken as unknown as Partial<Env>,
  });
  expect(acks).toEqual([0]);
});

it("an exchange costs two written rows of the feed: its start, and that it is stored", async () => {
  const feed = newFeed();
  await feed.inFlight();
  const written = await countWrittenRows(feed);
  await feed.publish([started(1), started(2), ended(1)], NOW);
  await feed.publish([ended(2), stored(1), windowOf(1)], NOW);
  await feed.publish([stored(2)], NOW);
  expect(written()).toBe(4);
});
