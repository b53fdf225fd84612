/** How often a request is sent upstream, and that the record says so. Over real sockets. */
import { setTimeout as wait } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { Reply } from "../../scripts/local/fake-claude/server.ts";
import { proxyHarnessOfFile } from "../support/proxy-harness-of-file.ts";
import type { ProxyHarness, SendOptions, Sent, Tenant } from "../support/proxy-harness.ts";

let harness: ProxyHarness;
let tenant: Tenant;
proxyHarnessOfFile((started) => ({ harness, tenant } = started));

const OK: Reply = { kind: "json", status: 200, body: {} };
const refuse: Reply = { kind: "refuse" };
const json = { "content-type": "application/json" };
const message = JSON.stringify({
  model: "claude-sonnet-5",
  max_tokens: 100,
  messages: [{ role: "user", content: "Hello" }],
});
const batch = `{"requests":[{"custom_id":"a","params":${message}}]}`;

/** Expects `count` requests upstream, and the same number in the record. */
async function expectAttempts(sent: Sent, count: number) {
  expect(harness.claude.requests).toHaveLength(count);
  const { response } = await harness.recorded(sent.id);
  expect(response.metadata.upstreamAttempts).toBe(count);
  return response;
}

const UNSAFE: [string, SendOptions][] = [
  ["a message", { path: "/v1/messages", headers: json, body: message }],
  ["a batch", { path: "/v1/messages/batches", headers: json, body: batch }],
  ["a file", { path: "/v1/files", headers: { "content-type": "multipart/form-data; boundary=x" }, body: "--x--" }],
  ["an empty POST", { path: "/v1/messages/batches/b/cancel" }],
  ["a PUT", { method: "PUT", path: "/v1/things/1", body: "{}" }],
  ["a PATCH", { method: "PATCH", path: "/v1/things/1", body: "{}" }],
  ["a DELETE", { method: "DELETE", path: "/v1/files/1" }],
  ["a chunked body", { path: "/v1/things", body: "some bytes", chunked: true }],
  ["a body that is streamed", { path: "/v1/things", body: Buffer.alloc(1_500_000, "x") }],
  ["a client that asks for retries", { path: "/v1/things", body: "{}", headers: { "x-should-retry": "true" } }],
]; // prettier-ignore

describe("a request that may have reached upstream", () => {
  it.each(UNSAFE)(
    "is sent once: %s, upstream closes the connection without a response",
    async (_, options) => {
      harness.respondWith(refuse);
      const sent = await tenant.send(options);
      expect(sent.status).toBe(502);
      expect(JSON.parse(sent.body.toString())).toMatchObject({ type: "error", error: { type: "api_error" } });
      const response = await expectAttempts(sent, 1);
      expect(response.metadata).toMatchObject({
        outcome: "upstream_failed",
        status: 502,
        errorType: "api_error",
        timeToFirstByteMs: null,
      });
      expect(response.body.equals(sent.body)).toBe(true);
    },
  );

  it("is sent once when upstream works for a while and then closes the connection", async () => {
    harness.claude.script(() => true, () => wait(1_000).then(() => refuse)); // prettier-ignore
    const sent = await tenant.send({ headers: json, body: message });
    expect(sent.status).toBe(502);
    await expectAttempts(sent, 1);
  });

  it("is sent once on a connection that upstream has used before", async () => {
    harness.respondWith(OK);
    for (let n = 0; n < 3; n++) await tenant.send({ body: "{}" });
    harness.claude.reset();
    harness.respondWith(refuse);
    await expectAttempts(await tenant.send({ body: "{}" }), 1);
  });

  it.each([301, 302, 303, 307, 308])("is sent once when upstream redirects it with %i", async (status) => {
    harness.respondWith({ kind: "raw", status, headers: { location: `${harness.claude.url}/v1/messages` }, chunks: [] });
    const sent = await tenant.send({ headers: json, body: message });
    expect(sent.status).toBe(status);
    await expectAttempts(sent, 1);
  }); // prettier-ignore
});

it.each(["GET", "HEAD", "OPTIONS"])(
  "a request of a safe method is sent again when its connection fails: %s",
  async (method) => {
    harness.respondWith(OK);
    harness.claude.script(() => true, refuse, { times: 1 });
    const sent = await tenant.send({ method, path: "/v1/models" });
    expect(sent.status).toBe(200);
    await expectAttempts(sent, 2);
  },
);

it("a request of a safe method is sent three times at most", async () => {
  harness.respondWith(refuse);
  const sent = await tenant.send({ method: "GET", path: "/v1/models" });
  expect(sent.status).toBe(502);
  await expectAttempts(sent, 3);
});

describe("a request whose access token Claude rejects", () => {
  const rejected = async () => {
    const login = await harness.tenant({ credentialType: "oauth" });
    const pair = { ...harness.claude.oauth.issue(), expiresAt: Date.now() + 3_600_000 };
    await harness.login(login.accountId ?? "", pair);
    harness.claude.oauth.end(pair.accessToken);
    return login;
  };
  const messages = () => harness.claude.requests.filter(({ path }) => path === "/v1/messages");

  it("is sent a second time with a new one, and the record says so", async () => {
    const login = await rejected();
    const sent = await login.send({ headers: json, body: message });
    expect([sent.status, messages().length]).toEqual([200, 2]);
    expect((await harness.recorded(sent.id)).response.metadata.upstreamAttempts).toBe(2);
  });

  it("is not sent a third time when the connection of the second fails", async () => {
    const login = await rejected();
    harness.claude.script(({ path, requestId }) => path === "/v1/messages" && requestId !== "", refuse);
    const sent = await login.send({ headers: json, body: message });
    expect([sent.status, messages().length]).toEqual([502, 2]);
    expect((await harness.recorded(sent.id)).response.metadata.upstreamAttempts).toBe(2);
  });

  it("is sent once where its body is streamed", async () => {
    const login = await rejected();
    const sent = await login.send({ headers: json, body: message, chunked: true });
    expect([sent.status, messages().length]).toEqual([401, 1]);
    expect((await harness.recorded(sent.id)).response.metadata.upstreamAttempts).toBe(1);
  });
});
