/** Small exchanges that end together share one write and one message, and each is found. Over real sockets. */
import { expect, it } from "vitest";
import type { Reply } from "../../scripts/local/fake-claude/server.ts";
import { proxyHarnessOfFile } from "../support/proxy-harness-of-file.ts";
import type { ProxyHarness, Sent, Tenant } from "../support/proxy-harness.ts";
import { waitFor } from "../support/wait.ts";

let harness: ProxyHarness;
let tenant: Tenant;
proxyHarnessOfFile((started) => ({ harness, tenant } = started));

const CROWD = 20;
const replyOf = (
  body: string,
  more: { status?: number; chunks?: { delayMs: number; bytes: Buffer }[] } = {},
): Reply => ({
  kind: "raw",
  status: 200,
  headers: { "content-type": "application/json", "content-length": String(Buffer.byteLength(body)) },
  chunks: [{ delayMs: 0, bytes: Buffer.from(body) }],
  ...more,
});
const send = (body: string) => tenant.send({ path: "/v1/things", body });
const crowd = () => Promise.all(Array.from({ length: CROWD }, (_, n) => send(`{"n":${n}}`)));
const notificationsOf = (sent: readonly Sent[]) =>
  waitFor(async () => {
    const byId = new Map(
      (await harness.notifications()).map((notification) => [notification.id, notification]),
    );
    const enqueued = sent.flatMap((one) => byId.get(one.id) ?? []);
    expect(enqueued).toHaveLength(sent.length);
    return enqueued;
  }, 200);

it("many of them take a few writes and messages, and each is complete", async () => {
  harness.respondWith(replyOf('{"ok":true}'));
  // Alone they take two writes and a message each. Those that a busy machine delays are written alone: try again.
  const sent = await waitFor(async () => {
    const [puts, notifications] = [await harness.calls("JOURNAL"), await harness.calls("EXCHANGES")];
    const answered = await crowd();
    await notificationsOf(answered);
    expect((await harness.calls("JOURNAL")) - puts).toBeLessThanOrEqual(CROWD / 2);
    expect((await harness.calls("EXCHANGES")) - notifications).toBeLessThanOrEqual(CROWD / 2);
    return answered;
  });
  for (const [n, one] of sent.entries()) {
    const { request, response } = await harness.journal(one.id);
    expect(request?.body.toString()).toBe(`{"n":${n}}`);
    expect(request?.metadata).toMatchObject({ id: one.id, domain: tenant.domain, path: "/v1/things" });
    expect(response?.body.toString()).toBe('{"ok":true}');
    expect(response?.metadata).toMatchObject({ id: one.id, outcome: "complete", status: 200 });
    expect(response!.metadata.durationMs).toBeGreaterThanOrEqual(response!.metadata.timeToFirstByteMs!);
  }
});

it("upstream's errors are among them, with status and message", async () => {
  const refusal = '{"type":"error","error":{"type":"rate_limit_error","message":"slow down"}}';
  harness.respondWith(replyOf(refusal, { status: 429 }));
  const sent = await send("{}");
  expect([sent.status, sent.body.toString(), sent.headers["content-length"]]).toEqual([
    429,
    refusal,
    String(refusal.length),
  ]);
  await notificationsOf([sent]);
  const { response } = await harness.journal(sent.id);
  expect([response?.metadata.status, response?.body.toString()]).toEqual([429, refusal]);
});

it("a response in many chunks arrives chunk by chunk and complete", async () => {
  const piece = Buffer.from("0123456789".repeat(50));
  const chunks = Array.from({ length: 6 }, () => ({ delayMs: 30, bytes: piece }));
  harness.respondWith(replyOf(piece.toString().repeat(6), { chunks }));
  const sent = await send("{}");
  expect(sent.body.toString()).toBe(piece.toString().repeat(6));
  expect(sent.chunks.at(-1)!.at - sent.chunks[0]!.at).toBeGreaterThan(90);
  await notificationsOf([sent]);
  expect((await harness.journal(sent.id)).response?.body.toString()).toBe(piece.toString().repeat(6));
});

it("with R2 down each of them travels in its own message, and is counted", async () => {
  harness.respondWith(replyOf('{"ok":true}'));
  await harness.break({ JOURNAL: { how: "fail" } });
  const before = await harness.counted("unrecorded");
  const sent = await crowd();
  const notifications = await notificationsOf(sent);
  for (const [n, notification] of notifications.entries()) {
    expect(notification.request).toMatchObject({ id: sent[n]!.id, body: { recorded: "none" } });
    expect(notification.response).toMatchObject({ outcome: "unrecorded", status: 200, body: { bytes: 11 } });
  }
  await waitFor(async () => expect((await harness.counted("unrecorded")) - before).toBe(CROWD));
});

it("with R2 down for a moment they are written at the second attempt", async () => {
  harness.respondWith(replyOf('{"ok":true}'));
  await harness.break({ JOURNAL: { how: "fail", failures: 1 } });
  const sent = await crowd();
  for (const notification of await notificationsOf(sent))
    expect(notification).toMatchObject({ request: null, response: null });
  expect((await harness.journal(sent[7]!.id)).request?.body.toString()).toBe('{"n":7}');
});

it("with the queue down they stay in the journal for the sweep", async () => {
  harness.respondWith(replyOf('{"ok":true}'));
  await harness.break({ EXCHANGES: { how: "fail" } });
  const sent = await send("{}");
  await waitFor(async () =>
    expect((await harness.journal(sent.id)).response?.body.toString()).toBe('{"ok":true}'),
  );
});

it("a large request or response is written alone", async () => {
  harness.respondWith(replyOf("x".repeat(100_000)));
  const small = await send("{}");
  harness.respondWith(replyOf('{"ok":true}'));
  const large = await send("y".repeat(100_000));
  await notificationsOf([small, large]);
  expect((await harness.journal(small.id)).response?.body.length).toBe(100_000);
  expect((await harness.journal(large.id)).request?.body.length).toBe(100_000);
});
