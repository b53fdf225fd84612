/** Rotating CREDENTIAL_KEYS: everything sealed is found by searching all that is stored, sealed again, and opens without the old key. */
import { listDurableObjectIds, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeEach, expect, it } from "vitest";
import { OAuthAccount } from "../../durable-objects/oauth-account.ts";
import { loadConfig } from "../../workers/runtime/config.ts";
import { open, SEALED_FIELDS } from "../../workers/runtime/seal.ts";
import type { AccountList, LoginStarted, PendingLogin } from "../../workers/schemas/api/accounts.ts";
import type { Status } from "../../workers/schemas/api/status.ts";
import type { ProjectResult, ResealResult } from "../../workers/schemas/api/upkeep.ts";
import type { DomainRecord } from "../../workers/schemas/tenant.ts";
import { readDomainSlack } from "../../workers/store/tenants/slack-targets.ts";
import { apiJson, type Bindings, call, testEnv } from "../support/worker-api.ts";
import { queryRows } from "../support/worker-database.ts";
import { resetStorage } from "../support/worker-ingest.ts";

const keyOf = (id: string) => `${id}:${btoa(id.padEnd(32, "."))}`;
const API_KEY = "sk-ant-api03-of-acc_key";
const WEBHOOK = "https://hooks.slack.com/services/T0/B0/secret";
const OTHER_FIELDS = { betaHeader: "secret" };

/** A deployment with these keys: its objects too are made with them. */
function deployedWith(...ids: string[]): Bindings {
  const CREDENTIAL_KEYS = ids.map(keyOf).join(",");
  const stubOf = (name: string) =>
    new Proxy({} as OAuthAccount, {
      get:
        (_, method: "status") =>
        (...given: []) =>
          runInDurableObject(env.OAUTH_ACCOUNT.getByName(name), (_object, state) =>
            new OAuthAccount(state, testEnv({ CREDENTIAL_KEYS }))[method](...given),
          ),
    });
  return { CREDENTIAL_KEYS, OAUTH_ACCOUNT: { getByName: stubOf } };
}

let pendingUrl: string;
beforeEach(async () => {
  await resetStorage();
  for (const { name } of (await env.TENANTS.list()).keys) await env.TENANTS.delete(name);
  const bindings = deployedWith("k1");
  const put = (domain: string, body: object) =>
    apiJson(`/api/domains/${domain}`, { method: "PUT", body, bindings });
  await put("key.example", {
    accountId: "acc_key",
    credential: { type: "api_key", api_key: API_KEY },
    slack: { webhook_url: WEBHOOK },
    otherFields: OTHER_FIELDS,
  });
  await put("login.example", {
    accountId: "acc_login",
    credential: {
      type: "oauth",
      accessToken: "sk-ant-oat01-a",
      refreshToken: "sk-ant-ort01-a",
      expiresAt: Date.now() + 3_600_000,
      scopes: [],
    },
  });
  const login = { method: "POST", body: {}, bindings };
  ({ url: pendingUrl } = await apiJson<LoginStarted>("/api/accounts/acc_login/oauth/login", login));
});

/** Which keys have sealed what is stored, by place, wherever it is: in any table, KV entry or object. */
async function sealedEverywhere(): Promise<Record<string, string[]>> {
  const found: Record<string, string[]> = {};
  const add = (place: string, text: string) => {
    for (const [, keyId] of text.matchAll(/\\?"keyId\\?": ?\\?"(\w+)/g)) (found[place] ??= []).push(keyId!);
  };
  const columns = await queryRows<{ table_name: string; column_name: string }>(
    `SELECT table_name, column_name FROM information_schema.columns
     WHERE table_schema = 'public' AND data_type IN ('jsonb', 'json', 'text') AND is_updatable = 'YES'`,
  );
  const selects = columns.map(
    ({ table_name: table, column_name: column }) =>
      `SELECT '${table}.${column}' AS place, "${column}"::text AS value FROM "${table}" WHERE "${column}"::text LIKE '%keyId%'`,
  );
  for (const { place, value } of await queryRows<{ place: string; value: string }>(
    selects.join(" UNION ALL "),
  ))
    add(place, value);
  for (const { name } of (await env.TENANTS.list()).keys)
    add(`TENANTS.${name.slice(0, name.indexOf(":"))}`, (await env.TENANTS.get(name)) ?? "");
  for (const [binding, namespace] of Object.entries(
    env as unknown as Record<string, DurableObjectNamespace>,
  )) {
    if (namespace.constructor.name !== "DurableObjectNamespace") continue;
    for (const id of await listDurableObjectIds(namespace))
      await runInDurableObject(namespace.get(id), (_object, { storage }) => {
        for (const [key, value] of storage.kv.list()) add(`${binding}.${key}`, JSON.stringify(value));
        const tables = storage.sql.exec<{ name: string }>(
          "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\'",
        );
        for (const { name } of tables.toArray())
          add(`${binding}.${name}`, JSON.stringify(storage.sql.exec(`SELECT * FROM "${name}"`).toArray()));
      });
  }
  return found;
}

const allSealedWith = (keyId: string) =>
  Object.fromEntries(Object.keys(SEALED_FIELDS).map((field) => [field, [keyId]]));

async function reseal(bindings: Bindings, limit = 100): Promise<number> {
  let resealed = 0;
  for (let cursor: string | null = ""; cursor !== null;) {
    const body: object = { limit, cursor: cursor || null };
    const batch = await apiJson<ResealResult>("/api/admin/reseal", { method: "POST", body, bindings });
    expect(batch.unreadable).toBe(0);
    resealed += batch.resealed;
    cursor = batch.nextCursor;
  }
  await apiJson<ProjectResult>("/api/admin/project", { method: "POST", body: {}, bindings });
  return resealed;
}

/** Everything that was sealed, in clear, as the product reads it. */
async function readAll(bindings: Bindings) {
  const config = loadConfig(testEnv(bindings));
  const record = (await env.TENANTS.get<DomainRecord>("domain:key.example", "json"))!;
  const { accounts } = await apiJson<AccountList>("/api/accounts", { bindings });
  const pending = await apiJson<PendingLogin>("/api/accounts/acc_login/oauth/login", { bindings });
  return {
    edge: open(config, record.credential!, SEALED_FIELDS["TENANTS.domain"]("key.example", "acc_key")),
    states: accounts.map(({ accountId, state }) => [accountId, state]),
    webhooks: (await readDomainSlack(config, ["key.example"])).map(({ webhook }) => webhook),
    otherFields: await apiJson("/api/domains/key.example/other-fields", { bindings }),
    pendingUrl: pending.url,
  };
}

const keysOf = async (bindings: Bindings) =>
  (await apiJson<Status>("/api/status", { bindings })).sealing?.keys;

it("seals everything again, twice, without clear secrets, and everything opens without the old keys", async () => {
  const before = await readAll(deployedWith("k1"));
  expect(before).toEqual({
    edge: API_KEY,
    states: [["acc_key", "ready"], ["acc_login", "ready"]], // prettier-ignore
    webhooks: [WEBHOOK],
    otherFields: { otherFields: OTHER_FIELDS },
    pendingUrl,
  });
  expect(await sealedEverywhere()).toEqual(allSealedWith("k1"));
  expect(await reseal(deployedWith("k2", "k1"))).toBe(5);
  expect(await sealedEverywhere()).toEqual(allSealedWith("k2"));
  expect(await readAll(deployedWith("k2"))).toEqual(before);
  expect(await reseal(deployedWith("k3", "k2", "k1"), 1)).toBe(5);
  expect(await sealedEverywhere()).toEqual(allSealedWith("k3"));
  expect(await readAll(deployedWith("k3"))).toEqual(before);
  expect(await reseal(deployedWith("k3"))).toBe(0);
});

it("counts per field what an old key still opens, and says when it may be removed", async () => {
  const fields = Object.fromEntries(Object.keys(SEALED_FIELDS).map((field) => [field, 1]));
  expect(await keysOf(deployedWith("k2", "k1"))).toEqual([
    { id: "k2", state: "current", fields: {} },
    { id: "k1", state: "needed", fields },
  ]);
  await reseal(deployedWith("k2", "k1"));
  expect(await keysOf(deployedWith("k2", "k1"))).toEqual([
    { id: "k2", state: "current", fields },
    { id: "k1", state: "unused", fields: {} },
  ]);
});

it("reports a key that was removed too early, and is failing until it is back", async () => {
  const { state, sealing } = await apiJson<Status>("/api/status", { bindings: deployedWith("k2") });
  expect(state).toBe("failing");
  expect(sealing?.keys).toContainEqual({
    id: "k1",
    state: "missing",
    fields: {
      "accounts.credential": 1,
      "domains.slack_webhook": 1,
      "domains.other_fields": 1,
      "TENANTS.domain": 1,
    },
  });
  const body = {};
  const batch = await apiJson<ResealResult>("/api/admin/reseal", {
    method: "POST",
    body,
    bindings: deployedWith("k2"),
  });
  expect(batch).toMatchObject({ field: "accounts.credential", resealed: 0, unreadable: 1 });
  expect(await sealedEverywhere()).toEqual(allSealedWith("k1"));
});

it("never seals KV with a newer key than Postgres: not when a domain is saved without a credential either", async () => {
  const bindings = deployedWith("k2", "k1");
  const body = { accountId: "acc_key", endpoints: ["/v1/messages"] };
  expect((await call("/api/domains/key.example", { method: "PUT", body, bindings })).status).toBe(200);
  const { "accounts.credential": stored, "TENANTS.domain": projected } = await sealedEverywhere();
  expect([stored, projected]).toEqual([["k1"], ["k1"]]);
});
