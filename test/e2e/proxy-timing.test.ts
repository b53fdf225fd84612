/** Chunk timing of sampled streams, and that it affects no other stream. Over real sockets. */
import { randomBytes } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Reply } from "../../scripts/local/fake-claude/server.ts";
import { isTimingSampled } from "../../workers/domain/messages/chunk-timing.ts";
import {
  startProxyHarness,
  type ProxyHarness,
  type Journalled,
  type SendOptions,
  type Sent,
} from "../support/proxy-harness.ts";

let all: ProxyHarness;
let half: ProxyHarness;
let none: ProxyHarness;
beforeAll(async () => {
  [all, half, none] = await Promise.all([
    startProxyHarness({ STREAM_TIMING_SAMPLE: "1" }),
    startProxyHarness({ STREAM_TIMING_SAMPLE: "0.5" }),
    startProxyHarness(),
  ]);
});
afterAll(() => Promise.all([all, half, none].map((harness) => harness.stop())));
afterEach(async () => {
  for (const harness of [all, half, none]) harness.claude.reset();
  await all.break({});
});

const event = (text: string) => Buffer.from(`event: ping\ndata: {"text":"${text}"}\n\n`);
/** Two events, a pause, two more. */
/** Long against what a busy machine delays the other events by. */
const PAUSE_MS = 2_000;
const chunks = [
  { delayMs: 0, bytes: event("one") },
  { delayMs: 40, bytes: event("zwei, ä") },
  { delayMs: PAUSE_MS, bytes: event("three") },
  { delayMs: 40, bytes: event("four") },
];
const whole = Buffer.concat(chunks.map(({ bytes }) => bytes));
const stream = (given: Partial<Extract<Reply, { kind: "raw" }>> = {}): Reply => ({
  kind: "raw",
  status: 200,
  headers: { "content-type": "text/event-stream; charset=utf-8" },
  chunks,
  ...given,
});

async function send(harness: ProxyHarness, reply: Reply, options: SendOptions = {}): Promise<Sent> {
  const tenant = await harness.tenant();
  harness.respondWith(reply);
  const headers = { "x-api-key": tenant.key, ...options.headers };
  return harness.send({ host: tenant.domain, path: "/v1/things", body: "{}", ...options, headers });
}
async function recorded(harness: ProxyHarness, sent: Sent): Promise<NonNullable<Journalled["response"]>> {
  await harness.notification(sent.id);
  return (await harness.journal(sent.id)).response!;
}
const sum = (amounts: readonly number[]) => amounts.reduce((total, amount) => total + amount, 0);

describe("a stream that is timed", () => {
  it("reaches the client and the archive byte for byte, and its times show the pause", async () => {
    const sent = await send(all, stream());
    expect(sent.body.equals(whole)).toBe(true);
    const { metadata, body } = await recorded(all, sent);
    expect(body.equals(whole)).toBe(true);
    expect(metadata).toMatchObject({ outcome: "complete", body: { recorded: "whole", bytes: whole.length } });
    const { resolutionMs, gapsMs, bytes } = metadata.timing!;
    expect(resolutionMs).toBe(1);
    expect(sum(bytes)).toBe(whole.length);
    expect(gapsMs).toHaveLength(bytes.length);
    // Each point is at the end of an event, as each came in one chunk.
    const ends = chunks.map((_, n) => sum(chunks.slice(0, n + 1).map(({ bytes }) => bytes.length)));
    for (let n = 1; n <= bytes.length; n++) expect(ends).toContain(sum(bytes.slice(0, n)));
    expect(gapsMs[0]).toBeGreaterThanOrEqual(Math.floor(metadata.timeToFirstByteMs!));
    expect(sum(gapsMs)).toBeLessThanOrEqual(metadata.durationMs + 1);
    const longest = gapsMs.indexOf(Math.max(...gapsMs.slice(1)), 1);
    expect(gapsMs[longest]).toBeGreaterThan(PAUSE_MS / 2);
    expect(gapsMs[longest]).toBeLessThan(PAUSE_MS * 2);
    expect(sum(bytes.slice(0, longest))).toBe(ends[1]);
  });

  it("reaches the client event by event, like one that is not timed", async () => {
    for (const harness of [all, none]) {
      const sent = await send(harness, stream());
      const after = (text: string) => sent.chunks.find(({ bytes }) => bytes.includes(text))!.at;
      expect(after("three") - after("zwei")).toBeGreaterThan(PAUSE_MS / 2);
    }
  });

  it("whose client disconnects is timed as far as it came", async () => {
    const endless = stream({
      chunks: Array.from({ length: 200 }, () => ({ delayMs: 20, bytes: event("on") })),
    });
    const known = new Set(await all.journalIds());
    await send(all, endless, { leave: (received) => received > 100 });
    const id = await all.newJournalId(known);
    await all.notification(id);
    const { metadata, body } = (await all.journal(id)).response!;
    expect(metadata.outcome).toBe("client_gone");
    expect(all.claude.requests.at(-1)?.abortedAt).toBeGreaterThan(0);
    expect(sum(metadata.timing!.bytes)).toBe(body.length);
    expect(body.length).toBeGreaterThan(100);
  });

  it("that fails is timed as far as it came, and fails at the client", async () => {
    const sent = await send(all, stream({ then: "reset" }));
    expect(sent.isComplete).toBe(false);
    expect(sent.body.equals(whole)).toBe(true);
    const { metadata, body } = await recorded(all, sent);
    expect(metadata.outcome).toBe("upstream_failed");
    expect(body.equals(whole)).toBe(true);
    expect(sum(metadata.timing!.bytes)).toBe(whole.length);
  });

  it("with R2 down reaches the client, and its times are not in the message", async () => {
    await all.break({ JOURNAL: { how: "fail" } });
    const sent = await send(all, stream());
    expect([sent.isComplete, sent.body.equals(whole)]).toEqual([true, true]);
    const notification = await all.notification(sent.id);
    expect(notification.response).toMatchObject({ outcome: "unrecorded", status: 200 });
    expect(notification.response).not.toHaveProperty("timing");
  });

  it("that is very long is recorded whole, and timed up to the limit", async () => {
    const piece = Buffer.concat([event(randomBytes(32_000).toString("hex"))]);
    const long = stream({ chunks: Array.from({ length: 160 }, () => ({ delayMs: 0, bytes: piece })) });
    const sent = await send(all, long);
    expect(sent.body).toHaveLength(160 * piece.length);
    const { metadata, body } = await recorded(all, sent);
    expect(body.equals(sent.body)).toBe(true);
    expect(metadata.body.recorded).toBe("whole");
    const timed = sum(metadata.timing!.bytes);
    expect(timed).toBeGreaterThanOrEqual(8_388_608);
    expect(timed).toBeLessThan(9_000_000);
  });
});

describe("not timed", () => {
  it("is every stream by default", async () => {
    const sent = await send(none, stream());
    expect((await recorded(none, sent)).metadata).not.toHaveProperty("timing");
  });

  it("is decided by the exchange's id, where only a share is timed", async () => {
    const sent = [];
    for (let n = 0; n < 12; n++) sent.push(await send(half, stream({ chunks: chunks.slice(0, 2) })));
    for (const each of sent) {
      const { metadata, body } = await recorded(half, each);
      expect(body.equals(each.body)).toBe(true);
      expect(metadata.timing !== undefined).toBe(isTimingSampled(each.id, 0.5));
    }
  });

  it.each([
    ["a response in one piece", { "content-type": "application/json", "content-length": "2" }],
    ["a response of unknown length that is not an event stream", { "content-type": "application/json" }],
  ])("is %s", async (_, headers) => {
    const sent = await send(all, stream({ headers, chunks: [{ delayMs: 0, bytes: Buffer.from("{}") }] }));
    expect(sent.body.toString()).toBe("{}");
    expect((await recorded(all, sent)).metadata).not.toHaveProperty("timing");
  });

  it("is a stream whose body is never recorded", async () => {
    const login = await all.tenant({ endpoints: ["/v1/oauth/*"] });
    all.respondWith(stream());
    const headers = { "x-api-key": login.key };
    const sent = await all.send({ host: login.domain, path: "/v1/oauth/token", body: "{}", headers });
    const { metadata, body } = await recorded(all, sent);
    expect(body).toHaveLength(0);
    expect(metadata).not.toHaveProperty("timing");
  });

  it("is no stream at all where the share is invalid", async () => {
    const { Config } = await import("../../workers/runtime/config.ts");
    const share = (value: string) => Config.shape.STREAM_TIMING_SAMPLE.safeParse(value).data;
    expect(["0", "1", "0.25", undefined].map((value) => share(value as string))).toEqual([0, 1, 0.25, 0]);
    expect(["-0.1", "1.1", "50%", "NaN", "all"].map(share)).toEqual(Array(5).fill(undefined));
  });
});
