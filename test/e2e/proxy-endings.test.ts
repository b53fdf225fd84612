/** How exchanges end when a connection breaks or a client disconnects. Over real sockets. */
import { beforeAll, describe, expect, it } from "vitest";
import type { Reply } from "../../scripts/local/fake-claude/server.ts";
import { claimPort } from "../../scripts/local/network/ports.ts";
import { proxyHarnessOfFile } from "../support/proxy-harness-of-file.ts";
import {
  startProxyHarness,
  type ProxyHarness,
  type SendOptions,
  type Tenant,
  type CompleteEntry,
} from "../support/proxy-harness.ts";
import { quickestOf, waitFor, waitUntil } from "../support/wait.ts";

const TIMEOUT_MS = 600;
const STREAM_MAX_MS = 1_500;
/** Guaranteed, because tokens cost money: upstream sees a disconnect this soon. */
const HANG_UP_MS = 200;

let harness: ProxyHarness;
let tenant: Tenant;
proxyHarnessOfFile(
  (started) => ({ harness, tenant } = started),
  () => ({ CLAUDE_API_TIMEOUT: String(TIMEOUT_MS), STREAM_MAX_MS: String(STREAM_MAX_MS) }),
);

const send = (options: SendOptions = {}) => tenant.send({ path: "/v1/things", body: "{}", ...options });
beforeAll(async () => {
  await send(); // the first request of a Worker is slow
  harness.claude.reset();
});
const event = (delayMs: number) => ({ delayMs, bytes: Buffer.from("event: ping\ndata: {}\n\n") });
const stream = (given: Partial<Extract<Reply, { kind: "raw" }>>): Reply => ({
  kind: "raw",
  status: 200,
  headers: { "content-type": "text/event-stream" },
  chunks: [event(0), event(50), event(50)],
  ...given,
});
const endless = stream({ chunks: Array.from({ length: 200 }, () => event(40)) });

/**
 * The record of the exchange whose request carries this marker (a client that disconnected has no id), once both parts
 * are in the journal and the message was sent.
 */
async function recordedAs(marker: string): Promise<CompleteEntry> {
  const id = await waitFor(async () => {
    for (const id of (await harness.journalIds()).reverse())
      if ((await harness.journal(id)).request?.metadata.headers["x-stainless-helper"] === marker) return id;
    throw new Error("not there yet");
  });
  await harness.notification(id);
  return harness.recorded(id);
}
const marked = (marker: string) => ({ "x-stainless-helper": marker });
/** Whether upstream sees a disconnect in time. `leave` resolves with the time (epoch milliseconds) when the client has left. */
async function expectHangUp(reply: Reply, leave: () => Promise<number>): Promise<void> {
  const quickest = await quickestOf(HANG_UP_MS, async () => {
    harness.claude.reset();
    harness.respondWith(reply);
    const left = await leave();
    return (await abortedAt()) - left;
  });
  expect(quickest).toBeLessThanOrEqual(HANG_UP_MS);
}
/** When upstream saw the disconnect, in epoch milliseconds. */
const abortedAt = () =>
  waitFor(() => {
    const at = harness.claude.requests[0]?.abortedAt;
    if (!at) throw new Error("still connected");
    return at;
  }, 10);

const arrived = () =>
  waitFor(() => {
    if (!harness.claude.requests[0]) throw new Error("nothing came");
  });

/** Small responses of known length are copied in another way than streams. */
const SMALL = { "content-type": "application/json", "content-length": "10000" };

describe("a client that disconnects", () => {
  it.each([
    ["a stream", "middle", endless],
    ["a small response of declared length", "small-middle", { ...endless, headers: SMALL }],
  ])(
    "in the middle of %s is reported upstream within 200 ms, and what it received is kept",
    async (_, marker, reply) => {
      await expectHangUp(reply, async () => {
        let left = 0;
        await send({
          headers: marked(marker),
          leave: (received) => received > 100 && (left = Date.now()) > 0,
        });
        return left;
      });
      const { response } = await recordedAs(marker);
      expect(response.metadata).toMatchObject({ outcome: "client_gone", status: 200 });
      expect(response.body.toString()).toMatch(/^(event: ping\ndata: {}\n\n){5,50}$/);
    },
  );

  it.each([
    ["in a stream", "silence", {}],
    ["in a small response", "small-silence", { headers: SMALL }],
  ])("while upstream is silent %s is reported within 200 ms", async (_, marker, more) => {
    await expectHangUp(stream({ ...more, then: "hang" }), async () => {
      let left = 0;
      const resetWhen = waitUntil(() => harness.claude.requests[0]?.bytesSent === 66).then(
        () => (left = Date.now()),
      );
      await send({ headers: marked(marker), resetWhen });
      return left;
    });
    const { response } = await recordedAs(marker);
    expect(response.metadata).toMatchObject({ outcome: "client_gone", status: 200 });
    // The last event may have been in flight.
    expect(response.body.toString()).toMatch(/^(event: ping\ndata: {}\n\n){1,3}$/);
  });

  it("before the headers is reported upstream within 200 ms, and its request is kept", async () => {
    await expectHangUp({ kind: "hang" }, async () => {
      let left = 0;
      const resetWhen = arrived().then(() => (left = Date.now()));
      await expect(send({ headers: marked("before"), resetWhen })).rejects.toThrow();
      return left;
    });
    const { request, response } = await recordedAs("before");
    expect(request.body.toString()).toBe("{}");
    expect(response.metadata).toMatchObject({
      outcome: "client_gone",
      status: null,
      timeToFirstByteMs: null,
    });
    expect(harness.claude.requests).toHaveLength(1);
  });

  it("after the last byte has received a complete response", async () => {
    harness.respondWith(stream({}));
    const sent = await send({ headers: marked("after"), leave: (received) => received >= 66 });
    expect(sent.body).toHaveLength(66);
    expect((await recordedAs("after")).response.metadata.outcome).toBe("complete");
  });

  it("in the middle of its own upload is recorded with what had arrived", async () => {
    const body = Buffer.alloc(4_000_000, "x");
    const resetWhen = arrived();
    await expect(
      send({ headers: marked("upload"), body, stopAfter: 2_000_000, resetWhen }),
    ).rejects.toThrow();
    const { request, response } = await recordedAs("upload");
    expect(request.metadata.body.recorded).toBe("head");
    expect(request.metadata.body.bytes).toBeLessThanOrEqual(2_000_000);
    expect(response.metadata).toMatchObject({ outcome: "client_gone", status: null });
  });
});

describe("an upstream", () => {
  it.each([
    ["of unknown length", {}],
    ["of declared length", { "content-length": "1000" }],
  ])("that resets a stream %s breaks the client's too, and what came is kept", async (_, length) => {
    const headers = { "content-type": "text/event-stream", ...length };
    harness.respondWith(stream({ headers, then: "reset" }));
    const sent = await send({ headers: marked(`reset${Object.keys(length).length}`) });
    expect(sent.status).toBe(200);
    expect(sent.isComplete).toBe(false);
    expect(sent.body).toHaveLength(66);
    const { response } = await recordedAs(`reset${Object.keys(length).length}`);
    expect(response.metadata).toMatchObject({ outcome: "upstream_failed", status: 200 });
    expect(response.body.equals(sent.body)).toBe(true);
  });

  it.each([429, 500, 529])("that responds %i is not retried", async (status) => {
    const headers = { "retry-after": "1", "x-should-retry": "true" };
    harness.respondWith(stream({ status, headers }));
    const sent = await send();
    expect([sent.status, sent.headers["retry-after"]]).toEqual([status, "1"]);
    expect(harness.claude.requests).toHaveLength(1);
  });

  it("that never responds gives a 504 after CLAUDE_API_TIMEOUT, and is aborted", async () => {
    harness.respondWith({ kind: "hang" });
    const started = Date.now();
    const sent = await send({ headers: marked("hang") });
    expect(sent.status).toBe(504);
    expect(sent.body.toString()).toContain("timeout_error");
    expect(Date.now() - started).toBeGreaterThanOrEqual(TIMEOUT_MS - 5);
    await abortedAt();
    const { response } = await recordedAs("hang");
    expect(response.metadata).toMatchObject({
      outcome: "upstream_failed",
      status: 504,
      errorType: "timeout_error",
    });
  });

  it("that never ends is cut at STREAM_MAX_MS", async () => {
    harness.respondWith(endless);
    const sent = await send({ headers: marked("endless") });
    expect(sent.isComplete).toBe(false);
    await abortedAt();
    const { response } = await recordedAs("endless");
    expect(response.metadata.outcome).toBe("upstream_failed");
    expect(response.metadata.durationMs).toBeGreaterThanOrEqual(STREAM_MAX_MS - 5);
  });
});

it("below a path is reached, and an unreachable one gives an error", async () => {
  const below = await startProxyHarness({ CLAUDE_API_BASE_URL: `${harness.claude.url}/some/gateway/` });
  const nowhere = await startProxyHarness({
    CLAUDE_API_BASE_URL: `http://127.0.0.1:${await claimPort(0, "PORT")}`,
  });
  try {
    harness.respondWith(stream({}));
    const a = await below.tenant();
    await below.send({ host: a.domain, headers: { "x-api-key": a.key }, path: "/v1/things?x=1" });
    expect(harness.claude.requests[0]?.url).toBe("/some/gateway/v1/things?x=1");
    const b = await nowhere.tenant();
    const sent = await nowhere.send({ host: b.domain, headers: { "x-api-key": b.key }, body: "{}" });
    expect(sent.status).toBe(502);
  } finally {
    await below.stop();
    await nowhere.stop();
  }
});
