/** Logging in at Claude through the API, and what may replace what. The login server is the fake one, over HTTP. */
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import type { AccountList, AccountLogin, LoginStarted } from "../../workers/schemas/api/accounts.ts";
import type { DomainDetail } from "../../workers/schemas/api/domains.ts";
import type { DomainRecord } from "../../workers/schemas/tenant.ts";
import { queryRows, resetDatabase } from "../support/worker-database.ts";
import { ask, call, refused, VIEWER_KEY } from "../support/worker-api.ts";

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

/** What the person who agrees is shown. */
async function agree(url: string): Promise<string> {
  const page = await (await fetch(url)).text();
  return /<code>(.*)<\/code>/.exec(page)?.[1] ?? "";
}
async function logIn(): Promise<AccountLogin> {
  const begun = (await post("login")).json as LoginStarted;
  return (await post("login/code", { code: await agree(begun.url) })).json as AccountLogin;
}

describe("a login", () => {
  it("is begun with an address and the terms, and ended with the code that was shown", async () => {
    const begun = await post("login");
    expect(begun.status).toBe(201);
    const { url, terms, expiresAt } = begun.json as LoginStarted;
    expect(terms).toMatch(/only for your own login/);
    expect(Date.parse(expiresAt)).toBeGreaterThan(Date.now());
    expect(new URL(url).searchParams.get("code_challenge_method")).toBe("S256");
    expect(await ask(`/api/accounts`)).toEqual({ accounts: [] });
    const done = await post("login/code", { code: await agree(url) });
    expect(done.status).toBe(200);
    expect(done.json).toMatchObject({
      accountId: account,
      state: "ready",
      rotations: 0,
      loginPendingUntil: null,
    });
    expect(await ask<AccountLogin>(`/api/accounts/${account}/oauth`)).toEqual(done.json);
    const audit = await queryRows<{ action: string; target: string }>("SELECT action, target FROM audit_log");
    expect(audit).toEqual([{ action: "account.login", target: account }]);
  });

  it("takes the place of an API key on all domains of the account", async () => {
    await put("a.example", { type: "api_key", api_key: "sk-ant-api03-old" });
    await put("b.example");
    await logIn();
    for (const domain of ["a.example", "b.example"]) {
      const record = await env.TENANTS.get<DomainRecord>(`domain:${domain}`, "json");
      expect(record).toMatchObject({ credentialType: "oauth", credential: null, accountId: account });
      const { credential } = await ask<DomainDetail>(`/api/domains/${domain}`);
      expect(credential).toEqual({ type: "oauth", state: "ready" });
    }
    const list = await ask<AccountList>("/api/accounts");
    expect(list.accounts).toMatchObject([
      { accountId: account, credentialType: "oauth", state: "ready", domains: ["a.example", "b.example"] },
    ]);
  });

  it("is not ended by anything but its own code", async () => {
    expect((await post("login/code", { code: "a#b" })).status).toBe(409);
    const begun = (await post("login")).json as LoginStarted;
    const code = await agree(begun.url);
    for (const wrong of ["a#b", code.split("#")[0], `${code}x`, `wrong${code}`])
      expect([wrong, (await post("login/code", { code: wrong })).status]).toEqual([wrong, 400]);
    const later = (await post("login")).json as LoginStarted;
    expect((await post("login/code", { code })).status).toBe(400);
    expect((await post("login/code", { code: await agree(later.url) })).status).toBe(200);
    expect((await post("login/code", { code })).status).toBe(409);
  });

  it("survives its object's eviction between its two halves", async () => {
    const begun = (await post("login")).json as LoginStarted;
    await evictDurableObject(env.OAUTH_ACCOUNT.getByName(account));
    expect((await post("login/code", { code: await agree(begun.url) })).status).toBe(200);
  });

  it("is renewed on demand, and what does not work is said", async () => {
    await logIn();
    expect((await post("refresh")).json).toMatchObject({ state: "ready", rotations: 1 });
    await put("a.example", pair("unknown"), "?force=true");
    expect((await post("refresh")).json).toMatchObject({
      state: "needs_login",
      needsLogin: { reason: "the login server returned 400 invalid_grant" },
    });
    expect((await ask<DomainDetail>("/api/domains/a.example")).credential.state).toBe("needs_login");
    expect(await logIn()).toMatchObject({ state: "ready", needsLogin: null });
  });

  it("is for administrators to begin, end and renew, for viewers to look at", async () => {
    await logIn();
    for (const path of ["login", "login/code", "refresh"])
      expect((await post(path, { code: "x" }, { key: VIEWER_KEY })).status).toBe(403);
    expect((await call(`/api/accounts/${account}/oauth`, { key: VIEWER_KEY })).status).toBe(200);
    expect((await refused("/api/accounts/nobody/oauth")).message).toContain("no account nobody");
    await put("a.example", { type: "passthrough" });
    expect((await refused(`/api/accounts/${account}/oauth`)).message).toContain("passthrough");
    expect((await refused("/api/accounts/no%20name/oauth")).status).toBe(400);
  });
});

describe("tokens that somebody enters", () => {
  it("make an OAuth account, are kept sealed, and nothing shows them again", async () => {
    const made = await put("a.example", pair("marked"));
    expect([made.status, (made.json as DomainDetail).credential]).toEqual([
      201,
      { type: "oauth", state: "ready" },
    ]);
    const kept = await runInDurableObject(env.OAUTH_ACCOUNT.getByName(account), (_, { storage }) =>
      JSON.stringify([...storage.kv.list()]),
    );
    const rows = await queryRows<{ row: string }>("SELECT to_jsonb(t)::text AS row FROM accounts t");
    const kv = await env.TENANTS.get("domain:a.example");
    const read = await call(`/api/accounts/${account}/oauth`);
    expect(kept).toContain("keyId");
    for (const text of [kept, JSON.stringify(rows), kv, made.text, read.text])
      expect(text).not.toContain("marked");
  });

  it("never replace what was renewed here, except by force", async () => {
    await logIn();
    await post("refresh");
    const other = await refused("/api/domains/a.example", {
      method: "PUT",
      body: { accountId: account, credential: pair("older") },
    });
    expect([other.status, other.code]).toEqual([409, "conflict"]);
    expect(other.message).toContain("?force=true");
    expect((await refused("/api/domains/a.example")).status).toBe(404);
    expect((await put("a.example")).status).toBe(201);
    expect((await put("a.example", pair("older"), "?force=true")).status).toBe(200);
    expect(await ask(`/api/accounts/${account}/oauth`)).toMatchObject({ rotations: 0 });
  });

  it("are forgotten when the account gets another kind of credential", async () => {
    await put("a.example", pair("marked"));
    await put("a.example", { type: "api_key", api_key: "sk-ant-api03-new" });
    const left = await runInDurableObject(env.OAUTH_ACCOUNT.getByName(account), async (_, { storage }) => [
      [...storage.kv.list()].length,
      await storage.getAlarm(),
    ]);
    expect(left).toEqual([0, null]);
  });

  it("cannot be reached: the API says so, and stores nothing", async () => {
    const bindings = {
      OAUTH_ACCOUNT: { getByName: () => ({ put: () => Promise.reject(new Error("down")) }) },
    };
    const { status, code } = await refused("/api/domains/a.example", {
      method: "PUT",
      body: { accountId: account, credential: pair("x") },
      bindings,
    });
    expect([status, code]).toEqual([503, "unavailable"]);
    expect(await queryRows("SELECT 1 FROM accounts")).toEqual([]);
  });
});

describe("what a credential file says besides", () => {
  it("is kept sealed, shown to administrators, and goes with null or with the domain", async () => {
    const otherFields = { note: "marked-note", oauth: { isMax: true }, list: [1, null] };
    const body = { accountId: account, credential: { type: "passthrough" }, otherFields };
    await ask("/api/domains/a.example", { method: "PUT", body });
    const read = () => ask("/api/domains/a.example/other-fields");
    expect(await read()).toEqual({ otherFields });
    expect((await call("/api/domains/a.example/other-fields", { key: VIEWER_KEY })).status).toBe(403);
    const rows = await queryRows<{ row: string }>("SELECT to_jsonb(t)::text AS row FROM domains t");
    expect(JSON.stringify(rows)).not.toContain("marked-note");
    await put("a.example");
    expect(await read()).toEqual({ otherFields });
    await ask("/api/domains/a.example", { method: "PUT", body: { accountId: account, otherFields: null } });
    expect(await read()).toEqual({ otherFields: null });
  });
});

describe("a client key that clients have already", () => {
  it("goes on working, is taken once, and by one domain only", async () => {
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
    expect((await refused("/api/domains/a.example/client-keys", short)).status).toBe(400);
  });
});

describe("an account", () => {
  const key = (name: string) => ({ type: "api_key", api_key: `sk-ant-api03-${name}` });
  const path = () => `/api/accounts/${account}`;

  it("gets another key, and all its domains with it", async () => {
    await put("a.example", key("old"));
    await put("b.example");
    const before = await env.TENANTS.get<DomainRecord>("domain:b.example", "json");
    const changed = await ask(path(), { method: "PUT", body: { credential: key("new") } });
    expect(changed).toMatchObject({
      accountId: account,
      credentialType: "api_key",
      state: "ready",
      domains: ["a.example", "b.example"],
      login: null,
    });
    expect(await ask(path())).toEqual(changed);
    const after = await env.TENANTS.get<DomainRecord>("domain:b.example", "json");
    expect(after?.credential).not.toEqual(before?.credential);
    expect(JSON.stringify([changed, after])).not.toContain("sk-ant");
    const [entry] = await queryRows("SELECT action, target, details FROM audit_log ORDER BY id DESC LIMIT 1");
    expect(entry).toEqual({ action: "account.put", target: account, details: { credentialType: "api_key" } });
  });

  it("loses its login when it gets a key instead", async () => {
    await put("a.example", pair("one"));
    expect((await post("login")).status).toBe(201);
    await ask(path(), { method: "PUT", body: { credential: { type: "passthrough" } } });
    expect((await call(`${path()}/oauth`)).status).toBe(404);
    expect(await ask(`${path()}/oauth/login`)).toMatchObject({ url: null, expiresAt: null });
    const stub = env.OAUTH_ACCOUNT.getByName(account);
    expect((await stub.status()).state).toBe("missing");
  });

  it("is not made by giving it a credential, nor given one that is none", async () => {
    expect((await refused(path(), { method: "PUT", body: { credential: key("x") } })).code).toBe("not_found");
    await put("a.example", key("old"));
    for (const body of [
      {},
      { credential: "sk-ant-api03-x" },
      { credential: { type: "api_key", api_key: "" } },
      { credential: { type: "api_key", api_key: "with space" } },
      { credential: pair("x") },
      { credential: key("x"), more: 1 },
    ]) {
      const { code, details } = await refused(path(), { method: "PUT", body });
      expect([code, details[0]?.in], JSON.stringify(body)).toEqual(["invalid_request", "body"]);
    }
  });

  it("is forgotten with all it has, but not while a domain uses it", async () => {
    await put("a.example", pair("one"));
    await ask(`/api/windows/${account}`, { method: "PUT", body: { tokenLimit: 5 } });
    const { code, message } = await refused(path(), { method: "DELETE" });
    expect(code).toBe("conflict");
    expect(message).toContain("a.example");
    await call("/api/domains/a.example", { method: "DELETE" });
    expect((await call(path(), { method: "DELETE" })).status).toBe(204);
    expect((await refused(path())).code).toBe("not_found");
    expect((await refused(path(), { method: "DELETE" })).code).toBe("not_found");
    expect((await env.OAUTH_ACCOUNT.getByName(account).status()).state).toBe("missing");
    expect(await queryRows("SELECT account_id FROM account_windows")).toEqual([]);
  });

  it("is changed by administrators, and a login that waits is theirs to see", async () => {
    await put("a.example", key("old"));
    const begun = (await post("login")).json as LoginStarted;
    expect(await ask<LoginStarted>(`${path()}/oauth/login`)).toEqual(begun);
    for (const [target, method] of [
      [path(), "PUT"],
      [path(), "DELETE"],
      [`${path()}/oauth/login`, "GET"],
    ] as const) {
      const body = method === "PUT" ? { credential: key("x") } : undefined;
      expect((await refused(target, { method, body, key: VIEWER_KEY })).code).toBe("forbidden");
    }
    expect((await call(path(), { key: VIEWER_KEY })).status).toBe(200);
  });
});
