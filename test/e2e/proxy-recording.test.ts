/** What is recorded, what never is, and that recording neither delays nor fails a stream. Over real sockets. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Reply } from "../../scripts/local/fake-claude/server.ts";
import { edgeOfFile } from "../support/proxy-harness-of-file.ts";
import {
  startEdge,
  UPSTREAM_KEY,
  type Edge,
  type SendOptions,
  type Sent,
  type Tenant,
} from "../support/proxy-harness.ts";
import { waitFor } from "../support/wait.ts";

let edge: Edge;
let tenant: Tenant;
edgeOfFile((started) => ({ edge, tenant } = started));

const ALWAYS = 1_000;
const EVENT = "event: ping\ndata: {}\n\n";
const streamed: Reply = {
  kind: "raw",
  status: 200,
  headers: { "content-type": "text/event-stream" },
  chunks: Array.from({ length: 4 }, (_, index) => ({ delayMs: index * 20, bytes: Buffer.from(EVENT) })),
};
const send = (options: SendOptions = {}) =>
  tenant.send({ path: "/v1/things", body: '{"hello":1}', ...options });
const idOf = (sent: Sent) => String(sent.headers["x-nexus-request-id"]);
const bellOf = (sent: Sent) =>
  waitFor(async () => {
    const notification = await edge.notification(idOf(sent));
    if (!notification) throw new Error("it has not enqueued");
    return notification;
  });

it("records both parts and the metadata without a credential, and sends one message", async () => {
  edge.answer(streamed);
  const before = Date.now();
  const sent = await send({
    path: "/v1/things?beta=true",
    headers: { cookie: "c=1", "x-custom": "not listed" },
  });
  const notification = await bellOf(sent);
  const { request, response } = await edge.journal(idOf(sent));
  expect(request?.body.toString()).toBe('{"hello":1}');
  expect(response?.body.toString()).toBe(EVENT.repeat(4));
  expect(request?.facts).toMatchObject({
    v: 1,
    id: idOf(sent),
    domain: tenant.domain,
    accountId: "account-of-the-test",
    credentialType: "api_key",
    clientKeyId: tenant.clientKeyId,
    method: "POST",
    path: "/v1/things",
    query: "?beta=true",
  });
  expect(request!.facts.startedAt).toBeGreaterThanOrEqual(before - 5);
  expect(Number.parseInt(idOf(sent).replace("-", "").slice(0, 12), 16)).toBe(request!.facts.startedAt);
  expect(response?.facts).toMatchObject({ v: 1, id: idOf(sent), outcome: "complete", status: 200 });
  expect(response!.facts.timeToFirstByteMs).toBeGreaterThanOrEqual(0);
  expect(response!.facts.durationMs).toBeGreaterThanOrEqual(response!.facts.timeToFirstByteMs!);
  expect(notification).toMatchObject({
    domain: tenant.domain,
    rungBy: "recorder",
    request: null,
    response: null,
  });
  expect(notification.journalBytes).toBeGreaterThan(EVENT.length * 4 + 11);
  const written = JSON.stringify([request?.facts, response?.facts, notification]);
  for (const secret of [tenant.key, UPSTREAM_KEY, "c=1", "not listed"]) expect(written).not.toContain(secret);
});

it("has the request in the journal while the response is still streaming", async () => {
  edge.answer({ kind: "hang" });
  const known = new Set(await edge.journalIds());
  const gone = new AbortController();
  const leaving = new Promise((resolve) => gone.signal.addEventListener("abort", resolve));
  const sending = send({ resetWhen: leaving }).catch(() => undefined);
  const id = await waitFor(async () => {
    const fresh = (await edge.journalIds()).find((each) => !known.has(each));
    if (!fresh) throw new Error("not yet");
    return fresh;
  });
  const { request, response } = await edge.journal(id);
  expect([request?.body.toString(), response]).toEqual(['{"hello":1}', null]);
  gone.abort();
  await sending;
});

it("never records the bodies of login traffic", async () => {
  const secret = "sk-ant-oat01-secret";
  const login = await edge.tenant({ endpoints: ["/v1/oauth/*"] });
  edge.answer({ ...streamed, chunks: [{ delayMs: 0, bytes: Buffer.from(`{"access_token":"${secret}"}`) }] });
  for (const given of [{ body: `{"refresh_token":"${secret}"}` }, { body: secret.repeat(80_000) }]) {
    const sent = await login.send({ ...given, path: "/v1/%6Fauth/token" });
    expect(sent.body.toString()).toContain(secret);
    await bellOf(sent);
    const { request, response } = await edge.journal(idOf(sent));
    expect([request?.body.length, response?.body.length]).toEqual([0, 0]);
    expect(request?.facts.body).toEqual({ recorded: "none", bytes: given.body.length, sha256: null });
    expect(response?.facts.body).toEqual({ recorded: "none", bytes: sent.body.length, sha256: null });
    expect(JSON.stringify([request, response])).not.toContain(secret);
  }
});

describe("with R2 down", () => {
  it("the stream is not affected, and the metadata travels in the message", async () => {
    edge.answer(streamed);
    await edge.break({ JOURNAL: { how: "fail", failures: ALWAYS } });
    const sent = await send();
    expect([sent.status, sent.body.toString(), sent.isComplete]).toEqual([200, EVENT.repeat(4), true]);
    expect(sent.chunks.at(-1)!.at).toBeLessThan(1_000);
    const notification = await bellOf(sent);
    expect(notification.request).toMatchObject({
      id: idOf(sent),
      path: "/v1/things",
      body: { recorded: "none", bytes: 11 },
    });
    expect(notification.response).toMatchObject({
      outcome: "unrecorded",
      status: 200,
      body: { recorded: "none", bytes: EVENT.length * 4 },
    });
  });

  it("for a moment, everything is written at the second attempt", async () => {
    edge.answer(streamed);
    await edge.break({ JOURNAL: { how: "fail", failures: 2 } });
    const sent = await send();
    expect(await bellOf(sent)).toMatchObject({ request: null, response: null });
    const { request, response } = await edge.journal(idOf(sent));
    expect([request?.body.length, response?.body.length]).toEqual([11, EVENT.length * 4]);
  });

  it("and hanging, the stream does not wait for it", async () => {
    edge.answer(streamed);
    await edge.break({ JOURNAL: { how: "hang", failures: 2 } });
    const sent = await send();
    expect(sent.isComplete).toBe(true);
    expect(sent.chunks.at(-1)!.at).toBeLessThan(1_000);
    expect(await bellOf(sent)).toMatchObject({ request: null, response: null });
  });
});

describe("with the queue down", () => {
  it("for a moment, the message is sent later", async () => {
    edge.answer(streamed);
    await edge.break({ EXCHANGES: { how: "fail", failures: 2 } });
    const sent = await send();
    expect(sent.isComplete).toBe(true);
    await bellOf(sent);
  });

  it("for long, the journal keeps the exchange for the sweep", async () => {
    edge.answer(streamed);
    await edge.break({ EXCHANGES: { how: "fail", failures: ALWAYS } });
    const sent = await send();
    await waitFor(async () => {
      const { request, response } = await edge.journal(idOf(sent));
      expect([request !== null, response !== null]).toEqual([true, true]);
    });
    expect(sent.isComplete).toBe(true);
  });
});

describe("with KV down", () => {
  it("cached domains and keys work, and unknown ones are not reported as missing", async () => {
    edge.answer(streamed);
    expect((await send()).status).toBe(200);
    await edge.break({ TENANTS: { how: "fail", failures: ALWAYS } });
    expect((await send()).status).toBe(200);
    const unknown = await send({ host: "unknown.example" });
    expect(unknown.status).toBe(500);
    expect(unknown.body.toString()).toContain("api_error");
  });
});

describe("the local stack", () => {
  let local: Edge;
  beforeAll(async () => {
    local = await startEdge({ LOCAL_STACK: "true" });
  });
  afterAll(() => local.stop());
  const own = { "x-api-key": "sk-ant-mine" };

  it("serves loopback names without a key, as passthrough", async () => {
    for (const [host, domain] of [
      ["localhost:1", "localhost"],
      ["127.0.0.1:1", "127.0.0.1"],
      ["[::1]:1", "[::1]"],
    ] as const) {
      const sent = await local.send({ host, headers: own, method: "GET", path: "/v1/models" });
      expect(sent.status, host).toBe(200);
      await waitFor(async () => {
        const { request } = await local.journal(idOf(sent));
        expect(request?.facts).toMatchObject({ domain, credentialType: "passthrough", clientKeyId: null });
      });
    }
    expect(JSON.stringify(local.claude.requests[0]?.headers)).toContain("sk-ant-mine");
  });

  it("does so for no other name, and not for a request through Cloudflare", async () => {
    const refused = [
      await local.send({ host: "team.example", headers: own }),
      await local.send({ host: "localhost", headers: { ...own, "cf-ray": "8f00-FRA" } }),
    ];
    expect(refused.map(({ status }) => status)).toEqual([401, 401]);
  });

  it("prefers a configured domain of that name", async () => {
    await local.configure({ domain: "localhost", credentialType: "passthrough" });
    expect((await local.send({ host: "localhost", headers: own })).status).toBe(401);
  });
});

it("requires no key with ENABLE_CLIENT_AUTH=false, but still a configured domain", async () => {
  const open = await startEdge({ ENABLE_CLIENT_AUTH: "false" });
  try {
    const { domain } = await open.tenant();
    expect((await open.send({ host: domain, method: "GET", path: "/v1/models" })).status).toBe(200);
    expect((await open.send({ host: "unknown.example" })).status).toBe(401);
  } finally {
    await open.stop();
  }
});
