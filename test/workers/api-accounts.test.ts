/** Logins at Claude through the API, and which credential may replace which. The login server is the fake Claude's, over HTTP. */
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import type { AccountList, AccountLogin, LoginStarted } from "../../workers/schemas/api/accounts.ts";
import type { DomainDetail } from "../../workers/schemas/api/domains.ts";
import type { DomainRecord } from "../../workers/schemas/tenant.ts";
import { queryRows, resetDatabase } from "../support/worker-database.ts";
import { apiJson, call, apiError, VIEWER_KEY } from "../support/worker-api.ts";

let accounts = 0;
let account: string;
beforeEach(async () => {
  await resetDatabase();
  account = `acc_test_${++accounts}`;
});

const post = (path: string, body?: object, options = {}) =>
  call(`/api/accounts/${account}/oauth/${path}`, { method: "POST", body: body ?? {}, ...options });
const pair = (name: string, expiresAt = Date.now() + 3_600_000) => ({
  type: "oauth",
  accessToken: `sk-ant-oat01-${name}`,
  refreshToken: `sk-ant-ort01-${name}`,
  expiresAt,
  scopes: ["user:inference"],
});
const put = (domain: string, credential?: object, query = "") =>
  call(`/api/domains/${domain}${query}`, { method: "PUT", body: { accountId: account, credential } });

/** Agrees to the login; returns the code that the page shows. */
async function agree(url: string): Promise<string> {
  const page = await (await fetch(url)).text();
  return /<code>(.*)<\/code>/.exec(page)?.[1] ?? "";
}
const begin = async () => (await post("login")).json as LoginStarted;
const complete = (code: string | undefined) => post("login/code", { code });
async function logIn(): Promise<AccountLogin> {
  return (await complete(await agree((await begin()).url))).json as AccountLogin;
}
const loginStub = () => env.OAUTH_ACCOUNT.getByName(account);
const readDomain = () => apiJson<DomainDetail>("/api/domains/a.example");
const recordOf = (domain: string) => env.TENANTS.get<DomainRecord>(`domain:${domain}`, "json");

describe("a login", () => {
  it("begins with an address and the terms, and is completed with the code of the page", async () => {
    const begun = await post("login");
    expect(begun.status).toBe(201);
    const { url, terms, expiresAt } = begun.json as LoginStarted;
    expect(terms).toMatch(/only for your own login/);
    expect(Date.parse(expiresAt)).toBeGreaterThan(Date.now());
    expect(new URL(url).searchParams.get("code_challenge_method")).toBe("S256");
    expect(await apiJson(`/api/accounts`)).toEqual({ accounts: [] });
    const done = await complete(await agree(url));
    const login = { accountId: account, state: "ready", rotations: 0, loginPendingUntil: null };
    expect(done).toMatchObject({ status: 200, json: login });
    expect(await apiJson<AccountLogin>(`/api/accounts/${account}/oauth`)).toEqual(done.json);
    const audit = await queryRows<{ action: string; target: string }>("SELECT action, target FROM audit_log");
    expect(audit).toEqual([
      { action: "account.login_start", target: account },
      { action: "account.login", target: account },
    ]);
  });

  it("replaces an API key on all domains of the account", async () => {
    await put("a.example", { type: "api_key", api_key: "sk-ant-api03-old" });
    await put("b.example");
    await logIn();
    for (const domain of ["a.example", "b.example"]) {
      const record = { credentialType: "oauth", credential: null, accountId: account };
      expect(await recordOf(domain)).toMatchObject(record);
      const { credential } = await apiJson<DomainDetail>(`/api/domains/${domain}`);
      expect(credential).toEqual({ type: "oauth", state: "ready" });
    }
    const list = await apiJson<AccountList>("/api/accounts");
    expect(list.accounts).toMatchObject([
      { accountId: account, credentialType: "oauth", state: "ready", domains: ["a.example", "b.example"] },
    ]);
  });

  it("is completed by its own code only", async () => {
    expect((await complete("a#b")).status).toBe(409);
    const code = await agree((await begin()).url);
    for (const wrong of ["a#b", code.split("#")[0], `${code}x`, `wrong${code}`])
      expect([wrong, (await complete(wrong)).status]).toEqual([wrong, 400]);
    const later = await begin();
    expect((await complete(code)).status).toBe(400);
    expect((await complete(await agree(later.url))).status).toBe(200);
    expect((await complete(code)).status).toBe(409);
  });

  it("survives an eviction of its object between begin and completion", async () => {
    const { url } = await begin();
    await evictDurableObject(loginStub());
    expect((await complete(await agree(url))).status).toBe(200);
  });

  it("is renewed on demand, and a failed renewal has its reason", async () => {
    await logIn();
    expect((await post("refresh")).json).toMatchObject({ state: "ready", rotations: 1 });
    await put("a.example", pair("unknown"), "?force=true");
    expect((await post("refresh")).json).toMatchObject({
      state: "needs_login",
      needsLogin: { reason: "the login server returned 400 invalid_grant" },
    });
    expect((await readDomain()).credential.state).toBe("needs_login");
    expect(await logIn()).toMatchObject({ state: "ready", needsLogin: null });
  });

  it("is begun, completed and renewed by administrators, and read by viewers", async () => {
    await logIn();
    for (const path of ["login", "login/code", "refresh"])
      expect((await post(path, { code: "x" }, { key: VIEWER_KEY })).status).toBe(403);
    expect((await call(`/api/accounts/${account}/oauth`, { key: VIEWER_KEY })).status).toBe(200);
    expect((await apiError("/api/accounts/unknown/oauth")).message).toContain("no account unknown");
    await put("a.example", { type: "passthrough" });
    expect((await apiError(`/api/accounts/${account}/oauth`)).message).toContain("passthrough");
    expect((await apiError("/api/accounts/no%20name/oauth")).status).toBe(400);
  });
});

describe("tokens that an administrator enters", () => {
  it("make an OAuth account, are stored sealed, and are never returned", async () => {
    const made = await put("a.example", pair("marked"));
    expect(made).toMatchObject({ status: 201, json: { credential: { type: "oauth", state: "ready" } } });
    const kept = await runInDurableObject(loginStub(), (_, { storage }) =>
      JSON.stringify([...storage.kv.list()]),
    );
    const rows = await queryRows<{ row: string }>("SELECT to_jsonb(t)::text AS row FROM accounts t");
    const kv = await env.TENANTS.get("domain:a.example");
    const read = await call(`/api/accounts/${account}/oauth`);
    expect(kept).toContain("keyId");
    for (const text of [kept, JSON.stringify(rows), kv, made.text, read.text])
      expect(text).not.toContain("marked");
  });

  it("never replace tokens renewed here, except with force", async () => {
    await logIn();
    await post("refresh");
    const body = { accountId: account, credential: pair("older") };
    const other = await apiError("/api/domains/a.example", { method: "PUT", body });
    expect([other.status, other.code]).toEqual([409, "conflict"]);
    expect(other.message).toContain("?force=true");
    expect((await apiError("/api/domains/a.example")).status).toBe(404);
    expect((await put("a.example")).status).toBe(201);
    expect((await put("a.example", pair("older"), "?force=true")).status).toBe(200);
    expect(await apiJson(`/api/accounts/${account}/oauth`)).toMatchObject({ rotations: 0 });
  });

  it("are deleted when the account gets another kind of credential", async () => {
    await put("a.example", pair("marked"));
    await put("a.example", { type: "api_key", api_key: "sk-ant-api03-new" });
    const left = await runInDurableObject(loginStub(), async (_, { storage }) => [
      [...storage.kv.list()].length,
      await storage.getAlarm(),
    ]);
    expect(left).toEqual([0, null]);
  });

  it("are not stored while their object fails: the API responds 503", async () => {
    const OAUTH_ACCOUNT = { getByName: () => ({ put: () => Promise.reject(new Error("down")) }) };
    const body = { accountId: account, credential: pair("x") };
    const options = { method: "PUT", body, bindings: { OAUTH_ACCOUNT } };
    const { status, code } = await apiError("/api/domains/a.example", options);
    expect([status, code]).toEqual([503, "unavailable"]);
    expect(await queryRows("SELECT 1 FROM accounts")).toEqual([]);
  });
});

it("other fields of a credential file are stored sealed, returned to administrators, and deleted by null", async () => {
  const otherFields = { note: "marked-note", oauth: { isMax: true }, list: [1, null] };
  const body = { accountId: account, credential: { type: "passthrough" }, otherFields };
  await apiJson("/api/domains/a.example", { method: "PUT", body });
  const read = () => apiJson("/api/domains/a.example/other-fields");
  expect(await read()).toEqual({ otherFields });
  expect((await call("/api/domains/a.example/other-fields", { key: VIEWER_KEY })).status).toBe(403);
  const rows = await queryRows<{ row: string }>("SELECT to_jsonb(t)::text AS row FROM domains t");
  expect(JSON.stringify(rows)).not.toContain("marked-note");
  await put("a.example");
  expect(await read()).toEqual({ otherFields });
  await apiJson("/api/domains/a.example", { method: "PUT", body: { accountId: account, otherFields: null } });
  expect(await read()).toEqual({ otherFields: null });
});

it("an existing client key is accepted once, and by one domain only", async () => {
  const key = "cnp_live_a-key-from-before-0123456789";
  await put("a.example", { type: "passthrough" });
  await put("b.example");
  const give = (domain: string) =>
    call(`/api/domains/${domain}/client-keys`, { method: "POST", body: { name: "old", key } });
  const made = await give("a.example");
  expect([made.status, (made.json as { key: string }).key]).toEqual([201, key]);
  expect((await give("a.example")).json).toEqual(made.json);
  expect((await give("b.example")).status).toBe(409);
  const { id } = made.json as { id: string };
  await call(`/api/domains/a.example/client-keys/${id}`, { method: "DELETE" });
  expect((await give("a.example")).status).toBe(409);
  const short = { method: "POST", body: { name: "old", key: "short" } };
  expect((await apiError("/api/domains/a.example/client-keys", short)).status).toBe(400);
});

describe("an account", () => {
  const key = (name: string) => ({ type: "api_key", api_key: `sk-ant-api03-${name}` });
  const path = () => `/api/accounts/${account}`;

  it("gets another key for all its domains", async () => {
    await put("a.example", key("old"));
    await put("b.example");
    const before = await recordOf("b.example");
    const changed = await apiJson(path(), { method: "PUT", body: { credential: key("new") } });
    expect(changed).toMatchObject({
      accountId: account,
      credentialType: "api_key",
      state: "ready",
      domains: ["a.example", "b.example"],
      login: null,
    });
    expect(await apiJson(path())).toEqual(changed);
    const after = await recordOf("b.example");
    expect(after?.credential).not.toEqual(before?.credential);
    expect(JSON.stringify([changed, after])).not.toContain("sk-ant");
    const [entry] = await queryRows("SELECT action, target, details FROM audit_log ORDER BY id DESC LIMIT 1");
    expect(entry).toEqual({ action: "account.put", target: account, details: { credentialType: "api_key" } });
  });

  it("loses its login when it gets a key", async () => {
    await put("a.example", pair("one"));
    expect((await post("login")).status).toBe(201);
    await apiJson(path(), { method: "PUT", body: { credential: { type: "passthrough" } } });
    expect((await call(`${path()}/oauth`)).status).toBe(404);
    expect(await apiJson(`${path()}/oauth/login`)).toMatchObject({ url: null, expiresAt: null });
    expect((await loginStub().status()).state).toBe("missing");
  });

  it("is not created by a credential, and refuses invalid ones", async () => {
    expect((await apiError(path(), { method: "PUT", body: { credential: key("x") } })).code).toBe(
      "not_found",
    );
    await put("a.example", key("old"));
    for (const body of [
      {},
      { credential: "sk-ant-api03-x" },
      { credential: { type: "api_key", api_key: "" } },
      { credential: { type: "api_key", api_key: "with space" } },
      { credential: pair("x") },
      { credential: key("x"), more: 1 },
    ]) {
      const { code, details } = await apiError(path(), { method: "PUT", body });
      expect([code, details[0]?.in], JSON.stringify(body)).toEqual(["invalid_request", "body"]);
    }
  });

  it("is deleted with everything of it, but not while a domain uses it", async () => {
    await put("a.example", pair("one"));
    await apiJson(`/api/windows/${account}`, { method: "PUT", body: { tokenLimit: 5 } });
    const { code, message } = await apiError(path(), { method: "DELETE" });
    expect(code).toBe("conflict");
    expect(message).toContain("a.example");
    await call("/api/domains/a.example", { method: "DELETE" });
    expect((await call(path(), { method: "DELETE" })).status).toBe(204);
    expect((await apiError(path())).code).toBe("not_found");
    expect((await apiError(path(), { method: "DELETE" })).code).toBe("not_found");
    expect((await loginStub().status()).state).toBe("missing");
    expect(await queryRows("SELECT account_id FROM account_windows")).toEqual([]);
  });

  it("is changed by administrators, who alone read a pending login", async () => {
    await put("a.example", key("old"));
    const begun = await begin();
    expect(await apiJson<LoginStarted>(`${path()}/oauth/login`)).toEqual(begun);
    for (const [target, method] of [
      [path(), "PUT"],
      [path(), "DELETE"],
      [`${path()}/oauth/login`, "GET"],
    ] as const) {
      const body = method === "PUT" ? { credential: key("x") } : undefined;
      expect((await apiError(target, { method, body, key: VIEWER_KEY })).code).toBe("forbidden");
    }
    expect((await call(path(), { key: VIEWER_KEY })).status).toBe(200);
  });
});
