/** What is recorded, what never is, and that recording neither delays nor fails a stream. Over real sockets. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Reply } from "../../scripts/local/fake-claude/server.ts";
import { proxyHarnessOfFile } from "../support/proxy-harness-of-file.ts";
import {
  startProxyHarness,
  UPSTREAM_KEY,
  type ProxyHarness,
  type SendOptions,
  type Tenant,
} from "../support/proxy-harness.ts";

let harness: ProxyHarness;
let tenant: Tenant;
proxyHarnessOfFile((started) => ({ harness, tenant } = started));

const EVENT = "event: ping\ndata: {}\n\n";
const streamed: Reply = {
  kind: "raw",
  status: 200,
  headers: { "content-type": "text/event-stream" },
  chunks: Array.from({ length: 4 }, (_, index) => ({ delayMs: index * 20, bytes: Buffer.from(EVENT) })),
};
const send = (options: SendOptions = {}) =>
  tenant.send({ path: "/v1/things", body: '{"hello":1}', ...options });

it("records both parts and the metadata without a credential, and sends one message", async () => {
  harness.respondWith(streamed);
  const before = Date.now();
  const sent = await send({
    path: "/v1/things?beta=true",
    headers: { cookie: "c=1", "x-custom": "not listed" },
  });
  const notification = await harness.notification(sent.id);
  const { request, response } = await harness.journal(sent.id);
  expect(request?.body.toString()).toBe('{"hello":1}');
  expect(response?.body.toString()).toBe(EVENT.repeat(4));
  expect(request?.metadata).toMatchObject({
    v: 1,
    id: sent.id,
    domain: tenant.domain,
    accountId: "account-of-the-test",
    credentialType: "api_key",
    clientKeyId: tenant.clientKeyId,
    method: "POST",
    path: "/v1/things",
    query: "?beta=true",
  });
  expect(request!.metadata.startedAt).toBeGreaterThanOrEqual(before - 5);
  expect(Number.parseInt(sent.id.replace("-", "").slice(0, 12), 16)).toBe(request!.metadata.startedAt);
  expect(response?.metadata).toMatchObject({ v: 1, id: sent.id, outcome: "complete", status: 200 });
  expect(response!.metadata.timeToFirstByteMs).toBeGreaterThanOrEqual(0);
  expect(response!.metadata.durationMs).toBeGreaterThanOrEqual(response!.metadata.timeToFirstByteMs!);
  expect(notification).toMatchObject({
    domain: tenant.domain,
    rungBy: "recorder",
    request: null,
    response: null,
  });
  expect(notification.journalBytes).toBeGreaterThan(EVENT.length * 4 + 11);
  const written = JSON.stringify([request?.metadata, response?.metadata, notification]);
  for (const secret of [tenant.key, UPSTREAM_KEY, "c=1", "not listed"]) expect(written).not.toContain(secret);
});

it("has the request in the journal while the response is still streaming", async () => {
  harness.respondWith({ kind: "hang" });
  const known = new Set(await harness.journalIds());
  const gone = new AbortController();
  const leaving = new Promise((resolve) => gone.signal.addEventListener("abort", resolve));
  const sending = send({ resetWhen: leaving }).catch(() => undefined);
  const id = await harness.newJournalId(known);
  const { request, response } = await harness.journal(id);
  expect([request?.body.toString(), response]).toEqual(['{"hello":1}', null]);
  gone.abort();
  await sending;
});

it("never records the bodies of login traffic", async () => {
  const secret = "sk-ant-oat01-secret";
  const login = await harness.tenant({ endpoints: ["/v1/oauth/*"] });
  harness.respondWith({
    ...streamed,
    chunks: [{ delayMs: 0, bytes: Buffer.from(`{"access_token":"${secret}"}`) }],
  });
  for (const given of [{ body: `{"refresh_token":"${secret}"}` }, { body: secret.repeat(80_000) }]) {
    const sent = await login.send({ ...given, path: "/v1/%6Fauth/token" });
    expect(sent.body.toString()).toContain(secret);
    await harness.notification(sent.id);
    const { request, response } = await harness.journal(sent.id);
    expect([request?.body.length, response?.body.length]).toEqual([0, 0]);
    expect(request?.metadata.body).toEqual({ recorded: "none", bytes: given.body.length, sha256: null });
    expect(response?.metadata.body).toEqual({ recorded: "none", bytes: sent.body.length, sha256: null });
    expect(JSON.stringify([request, response])).not.toContain(secret);
  }
});

describe("with R2 down", () => {
  it("the stream is not affected, and the metadata travels in the message", async () => {
    harness.respondWith(streamed);
    await harness.break({ JOURNAL: { how: "fail" } });
    const sent = await send();
    expect([sent.status, sent.body.toString(), sent.isComplete]).toEqual([200, EVENT.repeat(4), true]);
    expect(sent.chunks.at(-1)!.at).toBeLessThan(1_000);
    const notification = await harness.notification(sent.id);
    expect(notification.request).toMatchObject({
      id: sent.id,
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
    harness.respondWith(streamed);
    await harness.break({ JOURNAL: { how: "fail", failures: 2 } });
    const sent = await send();
    expect(await harness.notification(sent.id)).toMatchObject({ request: null, response: null });
    const { request, response } = await harness.journal(sent.id);
    expect([request?.body.length, response?.body.length]).toEqual([11, EVENT.length * 4]);
  });

  it("and hanging, the stream does not wait for it", async () => {
    harness.respondWith(streamed);
    await harness.break({ JOURNAL: { how: "hang", failures: 2 } });
    const sent = await send();
    expect(sent.isComplete).toBe(true);
    expect(sent.chunks.at(-1)!.at).toBeLessThan(1_000);
    expect(await harness.notification(sent.id)).toMatchObject({ request: null, response: null });
  });
});

it("with the queue down for a moment, the message is sent later", async () => {
  harness.respondWith(streamed);
  await harness.break({ EXCHANGES: { how: "fail", failures: 2 } });
  const sent = await send();
  expect(sent.isComplete).toBe(true);
  await harness.notification(sent.id);
});

it("with the queue down for long, the journal keeps the exchange for the sweep", async () => {
  harness.respondWith(streamed);
  await harness.break({ EXCHANGES: { how: "fail" } });
  const sent = await send();
  await harness.recorded(sent.id);
  expect(sent.isComplete).toBe(true);
});

it("with KV down cached domains and keys work, and unknown ones are not reported as missing", async () => {
  harness.respondWith(streamed);
  expect((await send()).status).toBe(200);
  await harness.break({ TENANTS: { how: "fail" } });
  expect((await send()).status).toBe(200);
  const unknown = await send({ host: "unknown.example", headers: { "x-api-key": "cnp_live_unknown" } });
  expect(unknown.status).toBe(500);
  expect(unknown.body.toString()).toContain("api_error");
});

describe("the local stack", () => {
  let local: ProxyHarness;
  beforeAll(async () => {
    local = await startProxyHarness({
      LOCAL_WORLD: "true",
      DASHBOARD_API_KEY: "key-of-an-administrator-1",
      DASHBOARD_VIEWER_KEY: "key-of-a-viewer-of-the-dashboard",
    });
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
      const { request } = await local.recorded(sent.id);
      expect(request.metadata).toMatchObject({ domain, credentialType: "passthrough", clientKeyId: null });
    }
    expect(JSON.stringify(local.claude.requests[0]?.headers)).toContain("sk-ant-mine");
  });

  it("sends no key of ours upstream, and says what to send instead", async () => {
    local.claude.reset();
    const key = "cnp_live_of-another-domain";
    const get = (headers: Record<string, string>) =>
      local.send({ host: "localhost", method: "GET", path: "/v1/models", headers });
    const alone: Record<string, string>[] = [{ authorization: `Bearer ${key}` }, { "x-api-key": key }];
    for (const headers of alone) {
      const refused = await get({ ...headers, "x-dashboard-key": "of-an-administrator" });
      expect([refused.status, refused.headers["x-should-retry"]]).toEqual([401, "false"]);
      expect(refused.body.toString()).toContain("forwards your own Claude credential");
    }
    expect(local.claude.requests).toHaveLength(0);
    const both = {
      ...own,
      authorization: `Bearer ${key}`,
      "x-custom": key,
      "x-dashboard-key": "of-an-administrator",
    };
    expect((await get(both)).status).toBe(200);
    const sent = JSON.stringify(local.claude.requests[0]?.headers);
    expect(sent).toContain("sk-ant-mine");
    expect(sent).not.toMatch(/cnp_live_|of-an-administrator|x-dashboard-key/i);
  });

  it.each<[string, string, Record<string, string>, string]>([
    ["an administrator's key", "", { "x-api-key": "key-of-an-administrator-1" }, "a dashboard key"],
    [
      "a viewer's key",
      "",
      { ...own, authorization: "Bearer key-of-a-viewer-of-the-dashboard" },
      "a dashboard key",
    ],
    ["a key in any header", "", { ...own, "api-key": "key-of-an-administrator-1" }, "a dashboard key"],
    [
      "a key in a list of a header",
      "",
      { ...own, "x-tool": "a=1;key=key-of-an-administrator-1;b" },
      "a dashboard key",
    ],
    ["a client key in the query", "?key=cnp_live_a", own, "the address contains a client key"],
    ["an encoded client key", "?key=cnp%5Flive%255Fa", own, "the address contains a client key"],
    ["a client key in the path", "/cnp_live_a", own, "the address contains a client key"],
  ])("sends %s not upstream, and says so", async (_, rest, headers, message) => {
    local.claude.reset();
    const sent = await local.send({ host: "localhost", method: "GET", path: `/v1/models${rest}`, headers });
    expect([sent.status, sent.headers["x-should-retry"]]).toEqual([401, "false"]);
    expect(sent.body.toString()).toContain(message);
    expect(local.claude.requests).toHaveLength(0);
  });

  it("sends no dashboard key upstream beside a credential of the account, unless that replaces it", async () => {
    local.claude.reset();
    const { domain, key } = await local.tenant();
    const get = (headers: Record<string, string>) =>
      local.send({ host: domain, method: "GET", path: "/v1/models", headers });
    const refused = await get({ "x-api-key": key, "x-custom": "key-of-a-viewer-of-the-dashboard" });
    expect(refused.status).toBe(401);
    expect(refused.body.toString()).toContain("a dashboard key");
    expect(local.claude.requests).toHaveLength(0);
    expect((await get({ "x-api-key": key, authorization: "Bearer key-of-an-administrator-1" })).status).toBe(
      200,
    );
    expect(JSON.stringify(local.claude.requests[0]?.headers)).not.toContain("key-of-an-administrator-1");
  });

  it("does not say whether one of many texts is a dashboard key", async () => {
    const guess = async (count: number) => {
      const texts = Array.from({ length: count }, (_, n) => `wrong-key-of-nobody-${n + 10_000}`);
      const headers = { ...own, "x-custom": texts.join(" ") };
      return (await local.send({ host: "localhost", method: "GET", path: "/v1/models", headers })).status;
    };
    expect([await guess(15), await guess(40), await guess(41)]).toEqual([200, 200, 401]);
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
  const open = await startProxyHarness({ ENABLE_CLIENT_AUTH: "false" });
  try {
    const { domain } = await open.tenant();
    const get = (headers: Record<string, string>) =>
      open.send({ host: domain, method: "GET", path: "/v1/models", headers });
    expect((await get({})).status).toBe(200);
    expect((await get({ origin: `https://${domain}` })).status).toBe(200);
    expect((await get({ origin: "https://evil.example" })).status).toBe(403);
    expect((await open.send({ host: "unknown.example" })).status).toBe(401);
  } finally {
    await open.stop();
  }
});
