/** Domains and client keys: what is stored, what the proxy reads from KV, and which secrets are never returned. */
import { createHash } from "node:crypto";
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { loadConfig } from "../../workers/runtime/config.ts";
import type { DomainDetail, DomainList } from "../../workers/schemas/api/domains.ts";
import type { DomainRecord } from "../../workers/schemas/tenant.ts";
import { open, SEALED_FIELDS } from "../../workers/runtime/seal.ts";
import { queryRows, resetDatabase } from "../support/worker-database.ts";
import { apiJson, call, apiError, store } from "../support/worker-api.ts";

const SECRET = "sk-ant-api03-very-secret-0123456789";
const WEBHOOK = "https://hooks.slack.com/services/T0/B0/very-secret-webhook";

beforeEach(async () => {
  await resetDatabase();
  for (const { name } of (await env.TENANTS.list()).keys) await env.TENANTS.delete(name);
});

const put = (domain: string, body: object, bindings = {}) =>
  call(`/api/domains/${domain}`, { method: "PUT", body, bindings });
const withKey = (accountId = "acc_1", api_key = SECRET) => ({
  accountId,
  credential: { type: "api_key", api_key },
});
const projected = (domain: string) => env.TENANTS.get<DomainRecord>(`domain:${domain}`, "json");

async function projectedKey(domain: string): Promise<string | null> {
  const record = await projected(domain);
  if (!record?.credential || !record.accountId) return null;
  return open(loadConfig(env), record.credential, SEALED_FIELDS["TENANTS.domain"](domain, record.accountId));
}

/** The error of a PUT that is refused. */
const refusedPut = (body: unknown, more = {}) =>
  apiError("/api/domains/a.example", { method: "PUT", body, ...more });
const webhookAt = (webhook_url: string) => ({ ...withKey(), slack: { webhook_url } });

/** KV whose writes fail and whose reads succeed. */
const kvDown = () => ({
  TENANTS: {
    get: env.TENANTS.get.bind(env.TENANTS),
    put: () => Promise.reject(new Error("KV PUT failed: 429")),
    delete: () => Promise.reject(new Error("KV DELETE failed: 429")),
  },
});

async function everythingStored(): Promise<string> {
  const tables = ["domains", "accounts", "client_keys", "audit_log"];
  const rows = await Promise.all(
    tables.map((table) => queryRows<{ row: string }>(`SELECT to_jsonb(t)::text AS row FROM ${table} t`)),
  );
  const kv = await Promise.all(
    (await env.TENANTS.list()).keys.map(async ({ name }) => name + (await env.TENANTS.get(name))),
  );
  return JSON.stringify([rows, kv]);
}

describe("PUT", () => {
  it("creates a domain with 201, changes it with 200, and stores it with its credential for the proxy", async () => {
    const made = await put("Team.Example", withKey());
    expect([made.status, made.json]).toEqual([
      201,
      {
        domain: "team.example",
        accountId: "acc_1",
        credential: { type: "api_key", state: "ready" },
        clientKeys: [],
        slack: null,
        endpoints: null,
        analysisEnabled: false,
        analysisAutomatic: null,
      },
    ]);
    expect(await projectedKey("team.example")).toBe(SECRET);
    const changed = await put("team.example", { accountId: "acc_1", endpoints: ["/v1/messages"] });
    expect([changed.status, (changed.json as DomainDetail).endpoints]).toEqual([200, ["/v1/messages"]]);
    expect(await projected("team.example")).toMatchObject({
      endpoints: ["/v1/messages"],
      accountId: "acc_1",
    });
    expect(await projectedKey("team.example")).toBe(SECRET);
  });

  it("uses the account's own credential, and requires one where there is none", async () => {
    const { status, code, details } = await refusedPut({ accountId: "acc_1" });
    expect([status, code, details[0]?.parameter]).toEqual([400, "invalid_request", "credential"]);
    expect(await queryRows("SELECT 1 FROM domains")).toEqual([]);
    await put("a.example", withKey());
    expect((await put("b.example", { accountId: "acc_1" })).status).toBe(201);
    expect(await projectedKey("b.example")).toBe(SECRET);
  });

  it("updates KV for every domain of an account whose credential changes", async () => {
    await put("a.example", withKey());
    await put("b.example", { accountId: "acc_1" });
    await put("c.example", withKey("acc_2", "other-key"));
    await put("a.example", withKey("acc_1", "new-key"));
    expect(await Promise.all(["a.example", "b.example", "c.example"].map(projectedKey))).toEqual([
      "new-key",
      "new-key",
      "other-key",
    ]);
    await put("b.example", { accountId: "acc_1", credential: { type: "passthrough" } });
    expect(await projected("a.example")).toMatchObject({ credentialType: "passthrough", credential: null });
  });

  it("keeps fields that are left out, and removes those that are null", async () => {
    const slack = { webhook_url: WEBHOOK, channel: "#nexus", enabled: true };
    await put("a.example", { ...withKey(), slack, endpoints: ["/v1/messages", "/v1/messages/*"] });
    const kept = (await put("a.example", { accountId: "acc_1" })).json as DomainDetail;
    expect(kept.slack).toEqual({
      webhook_set: true,
      channel: "#nexus",
      username: null,
      icon_emoji: null,
      enabled: true,
      messages: true,
    });
    expect(kept.endpoints).toEqual(["/v1/messages", "/v1/messages/*"]);
    const other = (await put("a.example", { accountId: "acc_1", slack: { channel: "#other" } })).json;
    expect(other).toMatchObject({ slack: { webhook_set: true, channel: "#other" } });
    const none = (await put("a.example", { accountId: "acc_1", slack: null, endpoints: null })).json;
    expect(none).toMatchObject({ slack: null, endpoints: null });
  });

  it("of localhost is allowed", async () => {
    for (const domain of ["localhost", "127.0.0.1", "[::1]"])
      expect((await put(encodeURIComponent(domain), withKey())).json).toMatchObject({ domain });
  });

  it("concurrent changes end as one of them, the same in Postgres and in KV", async () => {
    await Promise.all(
      Array.from({ length: 6 }, (_, n) => put("a.example", withKey(`acc_${n % 2}`, `key-${n}`))),
    );
    const [row] = await queryRows<{ account_id: string }>("SELECT account_id FROM domains");
    expect((await projected("a.example"))?.accountId).toBe(row!.account_id);
    expect(await projectedKey("a.example")).toMatch(/^key-\d$/);
  });

  it("reports a failure of KV, and is completed by the same call again", async () => {
    const body = withKey();
    const failed = await refusedPut(body, { bindings: kvDown() });
    expect([failed.status, failed.code]).toEqual([503, "unavailable"]);
    expect(failed.message).toMatch(/stored.*Repeat the call/);
    expect(await projected("a.example")).toBeNull();
    expect((await put("a.example", body)).status).toBe(200);
    expect(await projectedKey("a.example")).toBe(SECRET);
  });

  it("requires the credential again when the sealing key was removed", async () => {
    await put("a.example", withKey());
    const bindings = { CREDENTIAL_KEYS: `new:${"A".repeat(43)}=` };
    const { status, message } = await refusedPut({ accountId: "acc_1" }, { bindings });
    expect([status, message]).toEqual([400, expect.stringContaining("CREDENTIAL_KEYS")]);
    expect(await apiJson("/api/domains/a.example", { bindings })).toMatchObject({
      credential: { state: "unreadable" },
    });
    expect((await put("a.example", withKey(), bindings)).status).toBe(200);
  });
});

describe("a PUT is refused with the name of the parameter:", () => {
  const cases: [string, unknown, string][] = [
    ["no account", { credential: { type: "passthrough" } }, "accountId"],
    ["an account with a space", withKey("a b"), "accountId"],
    ["an account of markup", withKey("<script>"), "accountId"],
    ["an account too long", withKey("a".repeat(129)), "accountId"],
    ["an unknown credential", { accountId: "a", credential: { type: "magic" } }, "credential.type"],
    ["a key with white space", withKey("a", "two words"), "credential.api_key"],
    ["a key with a line break", withKey("a", "key\n"), "credential.api_key"],
    ["a key too long", withKey("a", "k".repeat(501)), "credential.api_key"],
    ["an empty key", withKey("a", ""), "credential.api_key"],
    ["an unknown field", { ...withKey(), extra: 1 }, "extra"],
    ["an endpoint outside /v1/", { ...withKey(), endpoints: ["/v2/x"] }, "endpoints.0"],
    ["an endpoint with dots", { ...withKey(), endpoints: ["/v1/../x"] }, "endpoints.0"],
    ["a star inside", { ...withKey(), endpoints: ["/v1/*/x"] }, "endpoints.0"],
    ["no endpoint", { ...withKey(), endpoints: [] }, "endpoints"],
    ["a webhook elsewhere", webhookAt("https://evil.example/x"), "slack.webhook_url"],
    ["a webhook without TLS", webhookAt("http://hooks.slack.com/x"), "slack.webhook_url"],
    ["a webhook with a user", webhookAt("https://hooks.slack.com@evil.example/"), "slack.webhook_url"],
    ["a webhook on loopback", webhookAt("http://127.0.0.1:9/x"), "slack.webhook_url"],
    ["OAuth without tokens", { accountId: "a", credential: { type: "oauth" } }, "credential.accessToken"],
    ["a list", [], ""],
    ["no JSON", "{", ""],
  ];
  it.each(cases)("%s", async (_, body, parameter) => {
    const { status, code, details } = await refusedPut(body);
    expect([status, code]).toEqual([400, "invalid_request"]);
    expect(details[0]).toMatchObject({ in: "body", parameter });
    expect(details[0]?.allowed).toBeTruthy();
    expect(await queryRows("SELECT 1 FROM domains")).toEqual([]);
  });

  it.each([
    "a_b..example",
    "-",
    "a%20b",
    "a.example:8080",
    "x".repeat(64),
    "m%C3%BCller.example",
    "a%2Fb",
    "%00",
    "[::1",
    "a,b",
  ])("the domain %s", async (domain) => {
    const { status, details } = await apiError(`/api/domains/${domain}`, { method: "PUT", body: withKey() });
    expect([status, details[0]?.in]).toEqual([400, "path"]);
  });

  it("another content type", async () => {
    const { status, details } = await refusedPut("{}", { headers: { "content-type": "text/plain" } });
    expect([status, details[0]?.in]).toEqual([400, "header"]);
  });

  it("a webhook on loopback is a fake Slack in the local stack", async () => {
    const body = webhookAt("http://127.0.0.1:9/x");
    expect((await put("a.example", body, { LOCAL_WORLD: "true" })).status).toBe(201);
  });
});

describe("client keys", () => {
  beforeEach(() => put("a.example", withKey()));
  const PATH = "/api/domains/a.example/client-keys";
  const post = (body: unknown, more = {}) => ({ method: "POST", body, ...more });
  /** Creates a key; `entry` is its name in KV. */
  async function create(name = "laptop") {
    const made = await apiJson<{ id: string; name: string; key: string }>(PATH, post({ name }));
    return { ...made, entry: `key:${createHash("sha256").update(made.key).digest("hex")}` };
  }

  it("are shown once, work in the proxy at once, and stop when revoked", async () => {
    const { id, key, name, entry } = await create("Ann's laptop <b>");
    expect(name).toBe("Ann's laptop <b>");
    expect(key).toMatch(/^cnp_live_[\w-]{43}$/);
    expect(await env.TENANTS.get(entry, "json")).toEqual({ v: 1, id, domain: "a.example" });
    const detail = await apiJson<DomainDetail>("/api/domains/a.example");
    expect(detail.clientKeys).toMatchObject([{ id, name, revokedAt: null }]);
    expect(JSON.stringify(detail)).not.toContain(key);
    for (let n = 0; n < 2; n++) expect((await call(`${PATH}/${id}`, { method: "DELETE" })).status).toBe(204);
    expect(await env.TENANTS.get(entry)).toBeNull();
    const [revoked] = (await apiJson<DomainDetail>("/api/domains/a.example")).clientKeys;
    expect(revoked?.revokedAt).toMatch(/^\d{4}-.*Z$/);
  });

  it("belong to their domain alone", async () => {
    await put("b.example", withKey());
    const { id, entry } = await create();
    const wrong = await apiError(`/api/domains/b.example/client-keys/${id}`, { method: "DELETE" });
    expect([wrong.status, wrong.code]).toEqual([404, "not_found"]);
    expect(await env.TENANTS.get(entry)).not.toBeNull();
  });

  it("are refused for a domain that is not configured, and with a bad name or id", async () => {
    expect((await apiError("/api/domains/b.example/client-keys", post({ name: "x" }))).status).toBe(404);
    for (const name of [undefined, "", "a\nb", "x".repeat(101), 1])
      expect((await apiError(PATH, post({ name }))).status, String(name)).toBe(400);
    expect((await apiError(PATH, post({ name: "a", key: "mine" }))).status).toBe(400);
    expect((await apiError(`${PATH}/nonsense`, { method: "DELETE" })).details[0]?.parameter).toBe("id");
  });

  it("that KV did not take are revoked", async () => {
    const failed = await apiError(PATH, post({ name: "x" }, { bindings: kvDown() }));
    expect([failed.status, failed.message]).toEqual([503, expect.stringContaining("not created")]);
    expect(await queryRows("SELECT 1 FROM client_keys WHERE revoked_at IS NULL")).toEqual([]);
  });

  it("that KV did not delete are revoked by the same call again", async () => {
    const { id, entry } = await create();
    expect((await apiError(`${PATH}/${id}`, { method: "DELETE", bindings: kvDown() })).status).toBe(503);
    expect((await call(`${PATH}/${id}`, { method: "DELETE" })).status).toBe(204);
    expect(await env.TENANTS.get(entry)).toBeNull();
  });

  it("end with their domain, and stay revoked when it is created again", async () => {
    const { entry } = await create();
    expect((await call("/api/domains/a.example", { method: "DELETE" })).status).toBe(204);
    expect([await projected("a.example"), await env.TENANTS.get(entry)]).toEqual([null, null]);
    expect((await apiError("/api/domains/a.example")).status).toBe(404);
    await put("a.example", withKey());
    const { clientKeys } = await apiJson<DomainDetail>("/api/domains/a.example");
    expect(clientKeys.map(({ revokedAt }) => revokedAt !== null)).toEqual([true]);
  });
});

describe("DELETE", () => {
  it("of an unknown domain is not found", async () => {
    expect((await apiError("/api/domains/a.example", { method: "DELETE" })).status).toBe(404);
  });

  it("keeps history, and the domain in the list", async () => {
    await put("team.example", withKey());
    await store({ startedAt: Date.now() - 60_000 });
    await call("/api/domains/team.example", { method: "DELETE" });
    const { domains } = await apiJson<DomainList>("/api/domains");
    expect(domains).toMatchObject([{ domain: "team.example", configured: false, requestCount: 1 }]);
    const { requests } = await apiJson<{ requests: unknown[] }>("/api/requests?domain=team.example");
    expect(requests).toHaveLength(1);
  });

  it("is completed by the same call again when KV failed", async () => {
    await put("a.example", withKey());
    const path = "/api/domains/a.example";
    expect((await apiError(path, { method: "DELETE", bindings: kvDown() })).status).toBe(503);
    expect(await projected("a.example")).not.toBeNull();
    expect((await call(path, { method: "DELETE" })).status).toBe(204);
    expect(await projected("a.example")).toBeNull();
  });
});

describe("the settings of analysis", () => {
  const AUTOMATIC = { idleMinutes: 30, moreThanTurns: 2 };
  const path = "/api/domains/localhost/analysis";
  const putAnalysis = (body: object, bindings = {}) => call(path, { method: "PUT", body, bindings });

  it("are set for a domain that is served without being configured", async () => {
    const local = { LOCAL_WORLD: "true", AI_DAILY_BUDGET_USD: "1" };
    expect((await putAnalysis({ analysisEnabled: true })).status).toBe(404);
    const off = { domain: "localhost", analysisEnabled: false, analysisAutomatic: null };
    expect(await apiJson(path, { bindings: local })).toEqual(off);
    const on = { domain: "localhost", analysisEnabled: true, analysisAutomatic: AUTOMATIC };
    await putAnalysis({ analysisEnabled: true }, local);
    expect((await putAnalysis({ analysisAutomatic: AUTOMATIC }, local)).json).toEqual(on);
    expect((await putAnalysis({})).json).toEqual(on);
    expect((await apiJson<DomainList>("/api/domains")).domains).toMatchObject([
      { domain: "localhost", configured: false, analysisEnabled: true },
    ]);
    expect(await projected("localhost")).toBeNull();
    const { entries } = await apiJson<{ entries: object[] }>("/api/audit?limit=3");
    expect(entries[1]).toMatchObject({
      action: "domain.analysis",
      target: "localhost",
      details: { analysisAutomatic: AUTOMATIC },
    });
  });

  it("are part of a configured domain, until it is deleted", async () => {
    const bindings = { AI_DAILY_BUDGET_USD: "1" };
    const made = await put("localhost", { ...withKey(), analysisAutomatic: AUTOMATIC }, bindings);
    expect(made.json).toMatchObject({ analysisEnabled: false, analysisAutomatic: AUTOMATIC });
    await call("/api/domains/localhost", { method: "DELETE" });
    expect(await apiJson(path)).toMatchObject({ analysisAutomatic: null });
  });

  it("have an automatic mode only with a daily budget", async () => {
    await put("localhost", withKey());
    for (const url of ["/api/domains/localhost", path]) {
      const body = { ...(url === path ? {} : { accountId: "acc_1" }), analysisAutomatic: AUTOMATIC };
      expect(await apiError(url, { method: "PUT", body })).toMatchObject({
        status: 409,
        message: expect.stringContaining("AI_DAILY_BUDGET_USD") as string,
      });
    }
  });
});

it("GET /api/domains lists configured and unconfigured domains with their requests of seven days", async () => {
  const now = Date.now();
  await put("a.example", withKey());
  await store(
    { domain: "a.example", startedAt: now - 60_000 },
    { domain: "a.example", startedAt: now - 6 * 86_400_000 },
    { domain: "a.example", startedAt: now - 8 * 86_400_000 },
    { domain: "seen.example", startedAt: now - 60_000 },
  );
  expect((await apiJson<DomainList>("/api/domains")).domains).toEqual([
    {
      domain: "a.example",
      accountId: "acc_1",
      configured: true,
      credentialType: "api_key",
      requestCount: 2,
      analysisEnabled: false,
    },
    {
      domain: "seen.example",
      accountId: null,
      configured: false,
      credentialType: null,
      requestCount: 1,
      analysisEnabled: false,
    },
  ]);
  expect((await apiError("/api/domains/seen.example")).status).toBe(404);
});

it("secrets are in no response, no row, no KV entry, no audit entry and no log line", async () => {
  const lines: string[] = [];
  for (const level of ["debug", "info", "warn", "error", "log"] as const)
    vi.spyOn(console, level).mockImplementation((...parts: unknown[]) => void lines.push(parts.join(" ")));
  try {
    const body = { ...withKey(), slack: { webhook_url: WEBHOOK } };
    const responses = [
      await put("a.example", body, { DEBUG: "true", DEBUG_SQL: "true" }),
      await put("a.example", body, kvDown()),
      await put("a.example", { ...body, endpoints: ["nonsense"] }),
      await put("a.example", { ...withKey("bad account"), slack: { webhook_url: WEBHOOK } }),
      await put("a.example", JSON.stringify(body).slice(0, -1) as never),
      await call("/api/domains/a.example"),
      await call("/api/domains"),
      await call("/api/audit"),
    ];
    const returned = JSON.stringify(responses.map(({ text }) => text)) + lines.join("\n");
    for (const text of [returned, await everythingStored()]) {
      expect(text).not.toContain(SECRET);
      expect(text).not.toContain("very-secret");
    }
    expect(lines.length).toBeGreaterThan(0);
  } finally {
    vi.restoreAllMocks();
  }
});
