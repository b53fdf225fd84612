/** `/mcp` by raw requests: what usual and odd ones get, in both generations of the protocol. */
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { VERSION } from "../../workers/runtime/constants.ts";
import { removeDomain } from "../../workers/store/tenants/kv-read.ts";
import {
  grantKey,
  LEGACY,
  mcp,
  type McpCall,
  MODERN_META,
  modernHeaders,
  rpc,
} from "../support/worker-mcp.ts";

const DOMAIN = "mcp-requests.example";
let key: string;
beforeAll(async () => {
  await removeDomain(env, "localhost"); // another file may have configured it
  key = await grantKey(DOMAIN, "10000000-0000-4000-8000-000000000001");
});

const initialize = (protocolVersion: string) =>
  rpc("initialize", { protocolVersion, capabilities: {}, clientInfo: { name: "test", version: "1" } });
const message = (method: string, params: object = {}) => ({ jsonrpc: "2.0", id: 1, method, params });
const error = (code: number, text: string | RegExp = /./) => ({
  error: { code, message: expect.stringMatching(text) as string },
});

describe("the discovery document", () => {
  it("names versions, capabilities and the number of prompts", async () => {
    const { status, json, headers } = await mcp({ method: "GET" });
    expect(status).toBe(200);
    expect(headers.get("cache-control")).toBe("no-store");
    expect(json).toEqual({
      name: "claude-nexus-edge",
      title: "Claude Nexus Edge",
      version: VERSION,
      protocolVersions: ["2026-07-28", LEGACY, "2025-06-18", "2025-03-26", "2024-11-05", "2024-10-07"],
      transport: "streamable-http",
      capabilities: { prompts: {}, completions: {} },
      prompts: expect.any(Number) as number,
    });
    const linked = await mcp({ method: "GET", bindings: { DASHBOARD_URL: "https://dash.example/" } });
    expect(linked.json).toMatchObject({ documentation: "https://dash.example/prompts" });
  });
});

describe("HTTP", () => {
  const wrong = "cnp_live_wrong";
  it.each<[what: string, call: McpCall, status: number, headers?: Record<string, string>]>([
    [
      "GET that wants a stream",
      { method: "GET", headers: { accept: "text/event-stream" } },
      405,
      { allow: "POST" },
    ],
    ["DELETE", { method: "DELETE" }, 405, { allow: "GET, POST" }],
    ["PUT", { method: "PUT", body: "{}" }, 405, { allow: "GET, POST" }],
    ["no key", { domain: DOMAIN, body: message("ping") }, 401, { "www-authenticate": "Bearer" }],
    ["no key, GET", { domain: DOMAIN, method: "GET" }, 401, { "www-authenticate": "Bearer" }],
    [
      "a wrong key",
      { domain: DOMAIN, key: wrong, body: message("ping") },
      401,
      { "www-authenticate": "Bearer" },
    ],
    ["a domain that does not exist", { domain: "nowhere.example", key: wrong, body: message("ping") }, 401],
    ["a body of text", { body: "ping", headers: { "content-type": "text/plain" } }, 415],
    [
      "a body of a type that begins like JSON",
      { body: "{}", headers: { "content-type": "application/jsonp" } },
      415,
    ],
    ["a body beyond 256 KB", { body: JSON.stringify("x".repeat(262_143)) }, 413],
    ["a stream beyond 256 KB", { body: new Response("x".repeat(262_145)).body }, 413],
    ["no JSON", { body: "{" }, 400],
    ["nothing", { body: "" }, 400],
    ["an empty batch", { body: [] }, 400],
    ["a batch of 21", { body: Array.from({ length: 21 }, () => message("ping")) }, 400],
    ["another site", { body: message("ping"), headers: { origin: "https://evil.example" } }, 403],
    ["another site, with a key", { domain: DOMAIN, body: message("ping"), headers: { origin: "null" } }, 403],
    ["its own page", { body: message("ping"), headers: { origin: "http://localhost:8788" } }, 200],
    [
      "an allowed page",
      {
        body: message("ping"),
        headers: { origin: "https://tool.example" },
        bindings: { ALLOWED_ORIGINS: "https://tool.example" },
      },
      200,
      { "access-control-allow-origin": "*" },
    ],
    ["a path below", { path: "/mcp/x", body: message("ping") }, 404],
    ["OAuth discovery of a resource", { method: "GET", path: "/.well-known/oauth-protected-resource" }, 404],
    ["the same of this path", { method: "GET", path: "/.well-known/oauth-protected-resource/mcp" }, 404],
    ["OAuth discovery of a server", { method: "GET", path: "/.well-known/oauth-authorization-server" }, 404],
    [
      "JSON with a charset",
      { body: message("ping"), headers: { "content-type": "application/json; charset=utf-8" } },
      200,
    ],
    [
      "a client that accepts JSON only",
      { body: message("ping"), headers: { accept: "application/json" } },
      200,
    ],
  ])("responds to %s", async (_what, call, status, headers = {}) => {
    const response = await mcp(call);
    expect(response.status, response.text).toBe(status);
    for (const [name, value] of Object.entries(headers)) expect(response.headers.get(name)).toBe(value);
    expect(response.headers.get("content-type")).toMatch(/^application\/json/);
    if (status < 400 || status === 404) return;
    expect(response.json).toMatchObject({
      jsonrpc: "2.0",
      id: null,
      ...error(status === 400 ? (expect.any(Number) as never) : -32000),
    });
  });

  it("takes the key as Bearer, as x-api-key and as x-nexus-key, also where clients bring a credential of their own", async () => {
    const passthrough = "mcp-passthrough.example";
    const own = await grantKey(passthrough, "10000000-0000-4000-8000-000000000002", null);
    for (const [domain, given] of [
      [DOMAIN, key],
      [passthrough, own],
    ] as const)
      for (const [name, value] of [
        ["authorization", `bearer ${given}`],
        ["x-api-key", given],
        ["x-nexus-key", given],
      ] as const)
        expect((await mcp({ domain, headers: { [name]: value }, body: message("ping") })).status).toBe(200);
    expect((await mcp({ domain: passthrough, key, body: message("ping") })).status).toBe(401);
  });

  it("limits the requests of a key, each message of a batch counted", async () => {
    const domain = "mcp-rate.example";
    const call = {
      domain,
      key: await grantKey(domain, "10000000-0000-4000-8000-000000000003"),
      bindings: { MCP_RATE_LIMIT_PER_MINUTE: 5 },
    };
    expect((await mcp({ ...call, body: Array.from({ length: 4 }, () => message("ping")) })).status).toBe(200);
    expect((await mcp({ ...call, body: message("ping") })).status).toBe(200);
    const { status, headers, json } = await mcp({ ...call, body: message("ping") });
    expect([status, json]).toMatchObject([429, error(-32000, /too many requests/)]);
    expect(headers.get("retry-after")).toMatch(/^\d+$/);
    expect((await mcp({ domain: DOMAIN, key, bindings: call.bindings, body: message("ping") })).status).toBe(
      200,
    );
  });

  it("limits looks at the discovery document, too", async () => {
    const domain = "mcp-rate-get.example";
    const key = await grantKey(domain, "10000000-0000-4000-8000-000000000004");
    const look = { domain, key, method: "GET", bindings: { MCP_RATE_LIMIT_PER_MINUTE: 1 } };
    expect((await mcp(look)).status).toBe(200);
    expect((await mcp(look)).status).toBe(429);
  });

  it("limits the requests of an address where no key is required, of IPv6 those of its /64", async () => {
    const from = async (address: string) =>
      (
        await mcp({
          body: message("ping"),
          headers: { "cf-connecting-ip": address },
          bindings: { MCP_RATE_LIMIT_PER_MINUTE: 1 },
        })
      ).status;
    expect(await from("2001:db8:1:2::1")).toBe(200);
    expect(await from("2001:db8:1:2:ffff::2")).toBe(429);
    expect(await from("2001:db8:1:3::1")).toBe(200);
    expect(await from("192.0.2.1")).toBe(200);
    expect(await from("192.0.2.2")).toBe(200);
    expect(await from("192.0.2.1")).toBe(429);
  });

  it("reports an unknown environment in JSON-RPC and without details", async () => {
    const { status, text } = await mcp({ body: message("ping"), bindings: { CREDENTIAL_KEYS: "secret" } });
    expect([status, JSON.parse(text)]).toMatchObject([500, error(-32603, /^Internal error\.$/)]);
  });
});

describe("the versions with initialize", () => {
  it.each(["2024-10-07", "2024-11-05", "2025-03-26", "2025-06-18", LEGACY])(
    "agree on %s",
    async (version) => {
      expect((await initialize(version)).json).toMatchObject({ result: { protocolVersion: version } });
    },
  );

  it("agree on the newest of them where the client's is unknown", async () => {
    const { json } = await initialize("1999-01-01");
    expect(json).toMatchObject({
      result: {
        protocolVersion: LEGACY,
        serverInfo: { name: "claude-nexus-edge", version: VERSION },
        capabilities: { prompts: {}, completions: {} },
      },
    });
  });

  it("return a list for a batch, and 202 for a notification", async () => {
    const batch = await mcp({ body: [message("ping"), { ...message("nope"), id: "b" }] });
    expect(batch.json).toMatchObject([
      { id: 1, result: {} },
      { id: "b", ...error(-32601) },
    ]);
    const notification = { jsonrpc: "2.0", method: "notifications/initialized" };
    expect(await mcp({ body: notification })).toMatchObject({ status: 202, text: "" });
  });

  it("end a batch that cancels one of its own requests", async () => {
    const cancel = { jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 1 } };
    const { json } = await mcp({ body: [message("prompts/list"), cancel, { ...message("ping"), id: 2 }] });
    expect(json).toMatchObject([
      { id: 1, result: { prompts: expect.any(Array) as unknown[] } },
      { id: 2, result: {} },
    ]);
    for (const body of [cancel, [cancel]])
      expect(await mcp({ body })).toMatchObject({ status: 202, text: "" });
  });

  it("refuse an unsupported version in the header", async () => {
    const { status, json } = await rpc(
      "prompts/list",
      {},
      { headers: { "mcp-protocol-version": "1999-01-01" } },
    );
    expect([status, json]).toMatchObject([400, error(-32000)]);
  });
});

describe("the newest version", () => {
  const sent = (method: string, params: object, headers: Record<string, string>) =>
    mcp({ body: message(method, params), headers });

  it("is discovered, without tools, and lists prompts that may be kept for a minute", async () => {
    const { json } = await rpc("server/discover", {}, { modern: true });
    expect(json).toMatchObject({
      result: { supportedVersions: ["2026-07-28"], capabilities: { prompts: {}, completions: {} } },
    });
    expect(await rpc("tools/list", {}, { modern: true })).toMatchObject({ status: 404, json: error(-32601) });
    const list = await rpc("prompts/list", {}, { modern: true });
    expect(list.json).toMatchObject({ result: { ttlMs: 60_000, cacheScope: "private" } });
  });

  it.each<[what: string, call: () => ReturnType<typeof mcp>, status: number, code: number]>([
    [
      "a request without Mcp-Method",
      () => sent("prompts/list", { _meta: MODERN_META }, { "mcp-protocol-version": "2026-07-28" }),
      400,
      -32020,
    ],
    ["a request without _meta", () => sent("prompts/list", {}, modernHeaders("prompts/list")), 400, -32602],
    [
      "another name in the header",
      () => sent("prompts/get", { name: "plan", _meta: MODERN_META }, modernHeaders("prompts/get", "review")),
      400,
      -32020,
    ],
    ["ping", () => rpc("ping", {}, { modern: true }), 404, -32601],
    ["an unknown method", () => rpc("nope", {}, { modern: true }), 404, -32601],
    [
      "a prompt that does not exist",
      () => rpc("prompts/get", { name: "nope" }, { modern: "nope" }),
      200,
      -32602,
    ],
  ])("refuses %s", async (_what, call, status, code) => {
    const response = await call();
    expect([response.status, response.json], response.text).toMatchObject([status, error(code)]);
  });

  it("names the supported versions to an unknown one", async () => {
    const unknown = { ...MODERN_META, "io.modelcontextprotocol/protocolVersion": "2099-01-01" };
    const headers = { ...modernHeaders("prompts/list"), "mcp-protocol-version": "2099-01-01" };
    const { status, json } = await sent("prompts/list", { _meta: unknown }, headers);
    expect([status, json]).toMatchObject([
      400,
      { error: { code: -32022, data: { supported: expect.arrayContaining(["2026-07-28"]) as string[] } } },
    ]);
  });

  it("ends a subscription at once", async () => {
    const { status, text } = await rpc("subscriptions/listen", { notifications: {} }, { modern: true });
    expect([status, text]).toEqual([200, expect.stringContaining("subscriptions/acknowledged")]);
  });
});

describe.each([
  ["older versions", undefined],
  ["the newest version", "plan"],
])("prompts in %s", (_which, modern) => {
  it("are listed with their arguments in order", async () => {
    const { json } = await rpc("prompts/list", {}, modern === undefined ? {} : { modern: true });
    const { result } = json as {
      result: { prompts: { name: string; arguments: object[] }[]; nextCursor?: string };
    };
    expect(result.nextCursor).toBeUndefined();
    expect(result.prompts.map(({ name }) => name)).toContain("plan");
    expect(result.prompts.find(({ name }) => name === "plan")).toMatchObject({
      title: expect.any(String) as string,
      description: expect.any(String) as string,
      arguments: expect.arrayContaining([
        { name: "topic", description: expect.any(String) as string, required: false },
      ]) as object[],
    });
  });

  it("come as JSON to a client that accepts nothing else", async () => {
    const headers = { accept: "application/json" };
    const given = modern === undefined ? { headers } : { headers, modern: true as const };
    const response = await rpc("prompts/list", {}, given);
    expect([response.status, response.headers.get("content-type")]).toEqual([200, "application/json"]);
    expect(response.json).toMatchObject({ result: { prompts: expect.any(Array) as unknown[] } });
  });

  it("are rendered as a message of the user", async () => {
    const given = { name: "plan", arguments: { topic: "cut costs" } };
    const { json } = await rpc("prompts/get", given, modern === undefined ? {} : { modern });
    expect(json).toMatchObject({
      result: {
        description: expect.any(String) as string,
        messages: [
          { role: "user", content: { type: "text", text: expect.stringContaining("cut costs") as string } },
        ],
      },
    });
  });

  it("complete the values of an argument", async () => {
    const given = {
      ref: { type: "ref/prompt", name: "review" },
      argument: { name: "focus", value: "S" },
    };
    const { json } = await rpc("completion/complete", given, modern === undefined ? {} : { modern: true });
    expect(json).toMatchObject({
      result: { completion: { values: ["security"], total: 1, hasMore: false } },
    });
  });
});

describe("parameters of prompts/get", () => {
  it.each([
    ["promptId of the existing system", { promptId: "plan" }],
    ["id of the existing system", { id: "plan" }],
    ["numbers and booleans as arguments", { name: "plan", arguments: { topic: 7, scope: true } }],
    ["null as arguments", { name: "plan", arguments: null }],
  ])("may be %s", async (_what, params) => {
    expect((await rpc("prompts/get", params)).json).toMatchObject({
      result: { messages: [{ role: "user" }] },
    });
  });

  it.each([
    ["no name", {}, /needs `name`/],
    ["a number as the name", { name: 7 }, /name: .*string/],
    ["a list as arguments", { name: "plan", arguments: ["x"] }, /arguments: expected an object/],
    [
      "an object as an argument",
      { name: "plan", arguments: { topic: {} } },
      /arguments\.topic: expected text/,
    ],
    ["a prompt that does not exist", { name: "__proto__" }, /There is no prompt "__proto__"/],
  ])("may not be %s", async (_what, params, text) => {
    const { status, json } = await rpc("prompts/get", params);
    expect([status, json]).toMatchObject([200, error(-32602, text)]);
  });
});
