/** Authorization over real sockets: Host, keys, paths, endpoints. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { headerOf } from "../../scripts/local/fake-claude/server.ts";
import { startProxyHarness, UPSTREAM_KEY, type ProxyHarness, type Sent } from "../support/proxy-harness.ts";
import { waitFor } from "../support/wait.ts";

let harness: ProxyHarness;
beforeAll(async () => {
  harness = await startProxyHarness();
});
afterAll(() => harness.stop());
afterEach(() => harness.claude.reset());

const bearer = (key: string) => ({ authorization: `Bearer ${key}` });
/** A response without what differs each time. */
function comparable({ status, headers, body }: Sent): unknown {
  const { date: _date, "request-id": id, "x-nexus-request-id": _same, ...rest } = headers;
  return { status, rest, body: body.toString().replaceAll(String(id), "ID") };
}

describe("the client key", () => {
  it("authenticates as Bearer or as x-api-key, and Claude gets the account's key instead", async () => {
    const { domain, key } = await harness.tenant();
    for (const headers of [bearer(key), { "x-api-key": key }, { authorization: `bearer   ${key}` }]) {
      const sent = await harness.send({ host: domain, headers, method: "GET", path: "/v1/models" });
      expect(sent.status).toBe(200);
    }
    for (const received of harness.claude.requests) {
      expect(headerOf(received, "x-api-key")).toBe(UPSTREAM_KEY);
      expect(headerOf(received, "authorization")).toBeUndefined();
      expect(JSON.stringify(received.headers)).not.toContain(key);
    }
    expect(harness.claude.requests).toHaveLength(3);
  });

  it("suffices in either of two headers", async () => {
    const { domain, key } = await harness.tenant();
    const get = (headers: Record<string, string>) =>
      harness.send({ host: domain, headers, method: "GET", path: "/v1/models" });
    expect((await get({ ...bearer(key), "x-api-key": "wrong" })).status).toBe(200);
    expect((await get({ ...bearer("wrong"), "x-api-key": key })).status).toBe(200);
    expect((await get({ ...bearer("wrong"), "x-api-key": "also wrong" })).status).toBe(401);
  });

  it("is rejected alike when missing, wrong, revoked, of another domain, or for an unknown domain", async () => {
    const { domain, key, revoke } = await harness.tenant();
    const other = await harness.tenant();
    const get = (host: string, headers: Record<string, string>) =>
      harness.send({ host, headers, method: "GET", path: "/v1/models" });
    expect((await get(domain, bearer(key))).status).toBe(200);
    await revoke();
    const responses = [
      await get(domain, {}),
      await get(domain, bearer("cnp_live_wrong")),
      await get(domain, bearer(key)),
      await get(domain, bearer(other.key)),
      await get(domain, { authorization: `Basic ${key}` }),
      await get(domain, bearer("x".repeat(5_000))),
      await get("unknown.example", bearer(other.key)),
      await get("unknown.example", {}),
      await get("-odd-.example", {}),
    ];
    for (const response of responses) expect(comparable(response)).toEqual(comparable(responses[0]!));
    expect(responses[0]!.status).toBe(401);
    expect(responses[0]!.headers["www-authenticate"]).toBe("Bearer");
    // Claude Code would retry for minutes in silence.
    expect(responses[0]!.headers["x-should-retry"]).toBe("false");
    const { type, error, request_id } = JSON.parse(responses[0]!.body.toString()) as Record<string, unknown>;
    expect({ type, error }).toMatchObject({ type: "error", error: { type: "authentication_error" } });
    expect(request_id).toBe(responses[0]!.headers["x-nexus-request-id"]);
    expect(responses[0]!.headers["request-id"]).toBe(request_id);
    expect(harness.claude.requests).toHaveLength(1);
  });

  it.each(["api_key", "passthrough"] as const)(
    "costs an unknown domain as many reads as one with the credential %s, when rejected",
    async (credentialType) => {
      const known = await harness.tenant({ credentialType });
      const other = await harness.tenant();
      const used: Record<string, string> = { "x-nexus-key": known.key };
      await known.send({ method: "GET", path: "/v1/models", headers: used }); // the isolate has it in its cache
      const reads = async (host: string, headers: Record<string, string>) => {
        const before = await harness.calls("TENANTS");
        expect((await harness.send({ host, headers })).status).toBe(401);
        return (await harness.calls("TENANTS")) - before;
      };
      const presented: Record<string, string>[] = [
        {},
        bearer("wrong"),
        { "x-api-key": "wrong" },
        { "x-nexus-key": "wrong" },
        bearer(other.key),
      ];
      for (const headers of presented)
        expect(await reads(known.domain, headers), JSON.stringify(Object.keys(headers))).toBe(
          await reads("unknown.example", headers),
        );
    },
  );

  it("is counted, not stored, when rejected", async () => {
    const refused = await harness.send({ host: "unknown.example" });
    const id = String(refused.headers["x-nexus-request-id"]);
    await waitFor(async () => expect(await harness.counted("refused_unauthenticated")).toBeGreaterThan(0));
    expect(await harness.journal(id)).toEqual({ request: null, response: null });
    expect((await harness.notifications()).map((one) => one.id)).not.toContain(id);
  });
});

it("a passthrough domain takes its key from x-nexus-key and forwards the client's own credential", async () => {
  const { domain, key } = await harness.tenant({ credentialType: "passthrough" });
  const own = { authorization: "Bearer sk-ant-mine", "x-api-key": "sk-ant-mine" }; // as a key helper sends it
  const sent = await harness.send({
    host: domain,
    method: "GET",
    path: "/v1/models",
    headers: { ...own, "x-nexus-key": key },
  });
  expect(sent.status).toBe(200);
  const received = harness.claude.requests[0]!;
  expect(headerOf(received, "authorization")).toBe(own.authorization);
  expect(headerOf(received, "x-api-key")).toBe(own["x-api-key"]);
  expect(headerOf(received, "x-nexus-key")).toBeUndefined();
});

it("a passthrough domain does not accept the client key in the header of the client's own credential", async () => {
  const { domain, key } = await harness.tenant({ credentialType: "passthrough" });
  const presented: Record<string, string>[] = [bearer(key), { "x-api-key": key }, { "x-nexus-key": "wrong" }];
  for (const headers of presented) expect((await harness.send({ host: domain, headers })).status).toBe(401);
  expect(harness.claude.requests).toHaveLength(0);
});

it("the Host names the domain in any case, with port or trailing dot", async () => {
  const { domain, key } = await harness.tenant();
  for (const host of [`${domain}:8787`, domain.toUpperCase(), `${domain}.`, `${domain}.:443`]) {
    const sent = await harness.send({ host, headers: bearer(key), method: "GET", path: "/v1/models" });
    expect(sent.status, host).toBe(200);
  }
});

it("the Host never opens loopback names outside the local stack", async () => {
  for (const host of ["localhost", "127.0.0.1:8787", "[::1]:8787"])
    expect((await harness.send({ host, headers: bearer("sk-ant-mine") })).status, host).toBe(401);
});

it.each([
  "/v1/../v1/messages",
  "/v1/messages/..",
  "/v1/./messages",
  "//v1/messages",
  "/v1//messages",
  "/x/../v1/messages",
  "/v1/%2e%2e/messages",
  "/v1/messages%2fbatches",
  "/v1/messages%5cbatches",
  "/v1/messages\\batches",
  "/v1/messages%252fbatches",
  "/v1/%252e%252e/messages",
])("a path is refused when it is spelt %s", async (path) => {
  const { domain, key } = await harness.tenant();
  const sent = await harness.send({ host: domain, headers: bearer(key), path });
  expect(sent.status).toBe(400);
  expect(sent.body.toString()).toContain("invalid_request_error");
  expect(harness.claude.requests).toHaveLength(0);
});

it("a path of administration or login is allowed only by the domain's list", async () => {
  const all = await harness.tenant();
  const listed = await harness.tenant({ endpoints: ["/v1/organizations/*", "/v1/models"] });
  const get = ({ domain, key }: { domain: string; key: string }, path: string) =>
    harness.send({ host: domain, headers: bearer(key), method: "GET", path });
  for (const path of [
    "/v1/organizations/users",
    "/v1/organizations%20",
    "/v1/organizations%20/users",
    "/v1/organizations./users",
    "/v1/organizations;x/users",
    "/v1/organizations;/users",
    "/v1/oauth/token",
    "/v1/oauth%20/token",
    "/v1/%6Fauth/token",
  ]) {
    const refused = await get(all, path);
    expect(refused.status, path).toBe(403);
    expect(refused.body.toString()).toContain("permission_error");
  }
  expect(harness.claude.requests).toHaveLength(0);
  expect((await get(listed, "/v1/models")).status).toBe(200);
  expect((await get(listed, "/v1/models/claude-opus-5-5")).status).toBe(403);
  await get(listed, "/v1/organizations/users");
  expect(harness.claude.requests.map(({ path }) => path)).toEqual(["/v1/models", "/v1/organizations/users"]);
});

it("an account without a usable credential gets 401 with the reason", async () => {
  const { domain, key } = await harness.tenant({ credentialType: "oauth" });
  const sent = await harness.send({ host: domain, headers: bearer(key) });
  expect(sent.status).toBe(401);
  expect(sent.headers["x-should-retry"]).toBe("false");
  expect(sent.body.toString()).toContain("no_credential");
});

it.each([
  ["an endpoint that is not allowed", "/v1/organizations/users", {}, 403, "permission_error"],
  ["a login", "/v1/oauth/token", {}, 403, "permission_error"],
  ["no credential", "/v1/messages", { credentialType: "oauth" }, 401, "authentication_error"],
] as const)(
  "a request that the proxy rejects after it has authenticated is recorded unread: %s",
  async (_, path, given, status, type) => {
    const tenant = await harness.tenant(given);
    const sent = await tenant.send({ path, body: "x".repeat(300) });
    expect(sent.status).toBe(status);
    const { request, response } = await harness.recorded(sent.id);
    expect(request.metadata).toMatchObject({
      domain: tenant.domain,
      clientKeyId: tenant.clientKeyId,
      path,
      body: { recorded: "none", bytes: 300 },
    });
    expect(response.metadata).toMatchObject({
      outcome: "complete",
      status,
      errorType: type,
      timeToFirstByteMs: null,
      upstreamAttempts: 0,
    });
    expect(response.body.toString()).toBe(sent.body.toString());
    expect(harness.claude.requests).toHaveLength(0);
  },
);

it("a request that the proxy rejects before it has authenticated is not recorded", async () => {
  const { domain, key } = await harness.tenant();
  const known = await harness.journalIds();
  const refused = [
    await harness.send({ host: domain, headers: bearer("wrong"), path: "/v1/messages" }),
    await harness.send({ host: domain, headers: bearer(key), path: "/v1/../v1/messages" }),
  ];
  expect(refused.map(({ status }) => status)).toEqual([401, 400]);
  // The next exchange is in the journal, so that those before it would be.
  const { id } = await harness.send({
    host: domain,
    headers: bearer(key),
    path: "/v1/models",
    method: "GET",
  });
  await harness.recorded(id);
  expect((await harness.journalIds()).filter((each) => !known.includes(each))).toEqual([id]);
});

it("paths outside the API accept warm-ups and telemetry without a key, and record nothing", async () => {
  for (const path of ["/", "/api/hello"]) {
    const sent = await harness.send({ method: "HEAD", path, host: "anything.example" });
    expect(sent.status, path).toBe(200);
    expect(sent.headers["x-nexus-request-id"]).toBeUndefined();
  }
  const dropped = await harness.send({ path: "/api/event_logging/batch", body: "{}" });
  expect(dropped.status).toBe(200);
  expect(harness.claude.requests).toHaveLength(0);
});

it("paths outside the API give a description, 404 in Claude's shape, and readiness without a database", async () => {
  const root = await harness.send({ method: "GET", path: "/" });
  expect(JSON.parse(root.body.toString())).toHaveProperty("name");
  const missing = await harness.send({ method: "GET", path: "/v2/messages" });
  expect(missing.status).toBe(404);
  expect(missing.body.toString()).toContain("not_found_error");
  for (const path of ["/health", "/health/live", "/health/ready"])
    expect((await harness.send({ method: "GET", path })).status, path).toBe(200);
  const ready = await harness.send({ method: "GET", path: "/health/ready" });
  expect(JSON.parse(ready.body.toString())).toMatchObject({ database: "down" });
});
