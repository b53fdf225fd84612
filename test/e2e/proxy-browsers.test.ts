/** Browser clients: preflights, and responses that a page of another origin may read. Over real sockets. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import { startBrowser } from "../../scripts/lib/browser.ts";
import { headerOf } from "../../scripts/local/fake-claude/server.ts";
import { proxyHarnessOfFile } from "../support/proxy-harness-of-file.ts";
import type { ProxyHarness, SendOptions, Sent, Tenant } from "../support/proxy-harness.ts";

let harness: ProxyHarness;
let tenant: Tenant;
proxyHarnessOfFile(
  (started) => ({ harness, tenant } = started),
  () => ({ LOCAL_WORLD: "true", ALLOWED_ORIGINS: "https://tool.example" }),
);

const ORIGIN = "https://pivot.claude.ai";
const WANTED =
  "authorization,x-api-key,x-nexus-key,anthropic-version,anthropic-dangerous-direct-browser-access,content-type";
const preflight = (path: string, more: SendOptions = {}): SendOptions => ({
  method: "OPTIONS",
  path,
  ...more,
  headers: {
    origin: ORIGIN,
    "access-control-request-method": "POST",
    "access-control-request-headers": WANTED,
    ...more.headers,
  },
});
const list = (value: unknown) =>
  String(value)
    .toLowerCase()
    .split(/\s*,\s*/);
const corsOf = ({ headers }: Sent) =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith("access-control-")));

/** Expects that a page of another origin may read the response and its request id. */
function expectReadable(sent: Sent, what?: string) {
  expect(sent.headers["access-control-allow-origin"], what).toBe("*");
  expect(list(sent.headers["access-control-expose-headers"]), what).toContain("request-id");
  expect(sent.headers["access-control-allow-credentials"], what).toBeUndefined();
}

describe("a preflight", () => {
  it.each([
    "/v1/messages",
    "/v1/messages?beta=true",
    "/v1/messages/count_tokens",
    "/v1/messages/batches/b/cancel",
    "/v1/files",
    "/v1/unheard/of",
    "/v1/organizations/users",
    "/v1/oauth/token",
    "/v1//messages",
    "/",
    "/api/hello",
    "/api/event_logging/batch",
    "/health",
    "/managed/settings",
    "/.well-known/oauth-authorization-server",
    "/nowhere",
  ])("is allowed without a key, and nothing is sent upstream: %s", async (path) => {
    const sent = await harness.send(preflight(path, { host: tenant.domain }));
    expect([sent.status, sent.body.length]).toEqual([204, 0]);
    expectReadable(sent);
    expect(list(sent.headers["access-control-allow-headers"])).toEqual(expect.arrayContaining(list(WANTED)));
    expect(list(sent.headers["access-control-allow-methods"])).toEqual(
      expect.arrayContaining(["get", "post", "put", "patch", "delete"]),
    );
    expect(harness.claude.requests).toHaveLength(0);
    expect(sent.headers["x-nexus-request-id"]).toBeUndefined();
  });

  it("has the same response for a domain that exists, one that does not, and loopback names", async () => {
    const passthrough = await harness.tenant({ credentialType: "passthrough" });
    const hosts = [
      tenant.domain,
      passthrough.domain,
      "unknown.example",
      "-odd-.example",
      "localhost",
      "[::1]",
    ];
    const responses = [];
    for (const host of hosts) {
      const { status, headers } = await harness.send(preflight("/v1/messages", { host }));
      const { date: _date, ...rest } = headers;
      responses.push({ status, rest });
    }
    for (const response of responses) expect(response).toEqual(responses[0]);
  });

  it("opens neither the dashboard's API nor another network", async () => {
    for (const path of [
      "/api/requests",
      "/api/domains/a.example",
      "/api/hello/x",
      "/token-stats",
      "/api/live",
    ]) {
      const sent = await harness.send(preflight(path));
      expect(corsOf(sent), path).toEqual({});
      expect(sent.status, path).toBeGreaterThanOrEqual(400);
    }
    const headers = { "access-control-request-private-network": "true" };
    const sent = await harness.send(preflight("/v1/messages", { headers }));
    expect(sent.headers["access-control-allow-private-network"]).toBeUndefined();
  });

  it("is distinguished from an OPTIONS request, which needs a key and passes to upstream", async () => {
    expect((await harness.send({ host: tenant.domain, method: "OPTIONS", path: "/v1/things" })).status).toBe(
      401,
    );
    await tenant.send({ method: "OPTIONS", path: "/v1/things", headers: { origin: ORIGIN } });
    expect(harness.claude.requests.map(({ method }) => method)).toEqual(["OPTIONS"]);
  });
});

describe("an address that needs no client key", () => {
  it.each<[number, Record<string, string>]>([
    [403, { origin: "https://evil.example", "sec-fetch-site": "cross-site" }],
    [403, { origin: "null" }],
    [403, { "sec-fetch-site": "cross-site" }],
    [200, { origin: "http://localhost:3000" }],
    [200, { origin: "https://tool.example", "sec-fetch-site": "cross-site" }],
    [200, {}],
  ])("returns %i for a simple POST with %j", async (status, headers) => {
    harness.respondWith({ kind: "raw", status: 200, headers: {}, chunks: [] });
    const post = { path: "/v1/things", body: "{}", headers: { "content-type": "text/plain", ...headers } };
    const own = { ...post.headers, authorization: "Bearer sk-ant-mine" };
    const sent = await harness.send({ ...post, host: "localhost", headers: own });
    expect(sent.status).toBe(status);
    expect(harness.claude.requests).toHaveLength(status === 200 ? 1 : 0);
    if (status === 403) {
      const { error } = JSON.parse(sent.body.toString()) as { error: { type: string; message: string } };
      expect(error.type).toBe("permission_error");
      expect(error.message).toContain("ALLOWED_ORIGINS");
    }
    expect((await tenant.send(post)).status, "with a client key").toBe(200);
  });
});

describe("a response of the proxy's own", () => {
  const headers = { origin: ORIGIN, "anthropic-dangerous-direct-browser-access": "true" };
  const errors: [number, string, (options: SendOptions) => Promise<Sent>][] = [
    [400, "a path that is not plain", (o) => tenant.send({ ...o, path: "/v1//messages" })],
    [400, "a GET with a body", (o) => tenant.send({ ...o, method: "GET", body: "{}" })],
    [401, "no key", (o) => harness.send({ ...o, host: tenant.domain })],
    [401, "an unknown domain", (o) => harness.send({ ...o, host: "unknown.example" })],
    [403, "an endpoint that is not allowed", (o) => tenant.send({ ...o, path: "/v1/organizations/x" })],
    [404, "a path outside the API", (o) => harness.send({ ...o, path: "/nowhere" })],
    [404, "a gateway's path", (o) => harness.send({ ...o, method: "GET", path: "/managed/settings" })],
    [404, "an unknown health check", (o) => harness.send({ ...o, path: "/health/nothing" })],
    [502, "an upstream that closes the connection", (o) => tenant.send({ ...o, path: "/v1/refused" })],
  ]; // prettier-ignore

  it.each(errors)("with %i may be read by a page: %s", async (status, _, request) => {
    harness.claude.script(({ path }) => path === "/v1/refused", { kind: "refuse" });
    const sent = await request({ headers });
    expect(sent.status).toBe(status);
    expectReadable(sent);
    const { request_id } = JSON.parse(sent.body.toString()) as { request_id: string };
    expect(sent.headers["request-id"]).toBe(request_id);
  });

  it("to a path without a key may be read by a page", async () => {
    const paths: [string, string][] = [["HEAD", "/"], ["HEAD", "/api/hello"], ["GET", "/"], ["GET", "/health"],
      ["GET", "/health/ready"], ["HEAD", "/health/live"], ["POST", "/api/event_logging/batch"]]; // prettier-ignore
    for (const [method, path] of paths) {
      const sent = await harness.send({ method, path, headers });
      expect(sent.status, path).toBe(200);
      expectReadable(sent, path);
    }
  });

  it("of the dashboard's API may not", async () => {
    for (const path of ["/api/requests", "/api/nothing", "/api/status", "/token-stats"]) {
      const sent = await harness.send({ method: "GET", path, headers });
      expect(sent.status, path).toBeGreaterThanOrEqual(400);
      expect(corsOf(sent), path).toEqual({});
    }
  });
});

it("a response of upstream keeps its CORS headers and gets none of ours, and upstream gets the client's", async () => {
  const cors = { "access-control-allow-origin": ORIGIN, "access-control-expose-headers": "request-id" };
  harness.respondWith({ kind: "raw", status: 429, headers: cors, chunks: [] });
  const headers = { origin: ORIGIN, "anthropic-dangerous-direct-browser-access": "true" };
  expect(corsOf(await tenant.send({ path: "/v1/things", body: "{}", headers }))).toEqual(cors);
  const received = harness.claude.requests[0]!;
  expect(headerOf(received, "origin")).toBe(ORIGIN);
  expect(headerOf(received, "anthropic-dangerous-direct-browser-access")).toBe("true");
  harness.respondWith({ kind: "raw", status: 401, headers: {}, chunks: [] });
  expect(corsOf(await tenant.send({ path: "/v1/things", headers: { origin: ORIGIN } }))).toEqual({});
});

it("a page in a browser reads upstream's responses and our errors, and a frame of another site is refused", async () => {
  // The frame has an origin of its own, "null".
  const html = "<title>site</title><iframe sandbox='allow-scripts' srcdoc='other site'></iframe>";
  const site = createServer((_, response) =>
    response.setHeader("content-type", "text/html").end(html),
  ).listen(0, "127.0.0.1");
  await once(site, "listening");
  const browser = await startBrowser();
  try {
    const cors = { "access-control-allow-origin": "*", "access-control-expose-headers": "*" };
    const headers = { ...cors, "request-id": "req_1", "content-type": "application/json" };
    harness.respondWith({
      kind: "raw",
      status: 200,
      headers,
      chunks: [{ delayMs: 0, bytes: Buffer.from("{}") }],
    });
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${(site.address() as AddressInfo).port}/`);
    const read = (path: string) =>
      page.evaluate(
        async ([url]) => {
          const response = await fetch(url!, {
            method: "POST",
            headers: {
              "x-api-key": "sk-ant-mine",
              "anthropic-version": "2023-06-01",
              "anthropic-dangerous-direct-browser-access": "true",
            },
            body: "{}",
          });
          return {
            status: response.status,
            id: response.headers.get("request-id"),
            text: await response.text(),
          };
        },
        [`http://127.0.0.1:${harness.port}${path}`],
      );
    expect(await read("/v1/things")).toEqual({ status: 200, id: "req_1", text: "{}" });
    const refused = await read("/v1/organizations/users");
    expect(refused).toMatchObject({
      status: 403,
      text: expect.stringContaining("permission_error") as string,
    });
    expect(refused.text).toContain(refused.id);
    const status = await page
      .frames()[1]!
      .evaluate(
        async (url) => (await fetch(url, { method: "POST", body: "{}" })).status,
        `http://127.0.0.1:${harness.port}/v1/things`,
      );
    expect(status).toBe(403);
    expect(harness.claude.requests.map(({ method }) => method)).toEqual(["POST"]);
  } finally {
    await browser.close();
    site.close();
  }
});
