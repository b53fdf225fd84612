/** KV is rebuilt from Postgres: after a restore, with a new namespace, when writes were lost, and when the work was cut short. */
import { createExecutionContext, createScheduledController } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { loadConfig } from "../../workers/runtime/config.ts";
import { open, SEALED_FIELDS } from "../../workers/runtime/seal.ts";
import { handleScheduled } from "../../workers/scheduled/cron.ts";
import type { Status } from "../../workers/schemas/api/status.ts";
import type { ProjectResult } from "../../workers/schemas/api/upkeep.ts";
import type { DomainRecord } from "../../workers/schemas/tenant.ts";
import { apiJson, type Bindings, apiError } from "../support/worker-api.ts";
import { queryRows } from "../support/worker-database.ts";
import { resetStorage } from "../support/worker-ingest.ts";

const names = async () => (await env.TENANTS.list()).keys.map(({ name }) => name);
async function emptyKv(): Promise<void> {
  await Promise.all((await names()).map((name) => env.TENANTS.delete(name)));
}
const put = (domain: string, body: object) => apiJson(`/api/domains/${domain}`, { method: "PUT", body });
const newKey = (domain: string) =>
  apiJson<{ id: string }>(`/api/domains/${domain}/client-keys`, { method: "POST", body: { name: "k" } });
const project = (body: object = {}, bindings: Bindings = {}) =>
  apiJson<ProjectResult>("/api/admin/project", { method: "POST", body, bindings });
const edge = async () => (await apiJson<Status>("/api/status")).edge;

/** All batches; returns the sums. */
async function projectAll(limit = 200, bindings: Bindings = {}) {
  const sums = { missing: 0, stale: 0, extra: 0, batches: 0 };
  let cursor: string | null = null;
  do {
    const batch: ProjectResult = await project({ limit, cursor }, bindings);
    for (const name of ["missing", "stale", "extra"] as const) sums[name] += batch[name];
    sums.batches++;
    cursor = batch.nextCursor;
  } while (cursor !== null);
  return sums;
}

/** What the proxy reads of every entry, with credentials in clear. */
async function projection(): Promise<Record<string, unknown>> {
  const entries = (await names()).map(async (name) => {
    const record = (await env.TENANTS.get<DomainRecord>(name, "json"))!;
    if (!record.credential) return [name, record] as const;
    const context = SEALED_FIELDS["TENANTS.domain"](record.domain, record.accountId!);
    return [name, { ...record, credential: open(loadConfig(env), record.credential, context) }] as const;
  });
  return Object.fromEntries(await Promise.all(entries)) as Record<string, unknown>;
}

/** As if all changes were an hour old: checks leave out those of the last two minutes. */
async function settle(): Promise<void> {
  for (const statement of [
    "UPDATE domains SET updated_at = updated_at - interval '1 hour'",
    "UPDATE accounts SET updated_at = updated_at - interval '1 hour'",
    "UPDATE client_keys SET created_at = created_at - interval '1 hour', revoked_at = revoked_at - interval '1 hour'",
  ])
    await queryRows(statement);
  await projectAll();
}

/** Three domains and three valid keys; one domain is deleted and one key revoked. */
beforeEach(async () => {
  await resetStorage();
  await emptyKv();
  const api_key = "sk-ant-api03-of-acc_1";
  await put("a.example", { accountId: "acc_1", credential: { type: "api_key", api_key } });
  await put("b.example", { accountId: "acc_1", endpoints: ["/v1/messages"] });
  await put("c.example", { accountId: "acc_2", credential: { type: "passthrough" } });
  await put("deleted.example", { accountId: "acc_2" });
  for (const domain of ["a.example", "a.example", "b.example", "deleted.example"]) await newKey(domain);
  const { id } = await newKey("a.example");
  await apiJson(`/api/domains/a.example/client-keys/${id}`, { method: "DELETE" });
  await apiJson("/api/domains/deleted.example", { method: "DELETE" });
});
const VALID = 6;

describe("projecting", () => {
  it.each([1, 2, 200])("rebuilds an empty KV in batches of %i", async (limit) => {
    const before = await projection();
    expect(Object.keys(before)).toHaveLength(VALID);
    await emptyKv();
    const batches = Math.ceil(VALID / limit);
    expect(await projectAll(limit)).toEqual({ missing: VALID, stale: 0, extra: 0, batches });
    expect(await projection()).toEqual(before);
    expect(await projectAll()).toEqual({ missing: 0, stale: 0, extra: 0, batches: 1 });
  });

  it.each([1, 200])("replaces stale entries and removes extra ones in batches of %i", async (limit) => {
    const before = await projection();
    const [key] = (await names()).filter((name) => name.startsWith("key:"));
    await env.TENANTS.put("domain:a.example", JSON.stringify({ ...(before["domain:a.example"] as object) }));
    await env.TENANTS.put(key!, "{");
    await env.TENANTS.delete("domain:c.example");
    for (const name of ["domain:0.example", "domain:deleted.example", `key:${"f".repeat(64)}`])
      await env.TENANTS.put(name, "{}", { metadata: { digest: "0", keyId: null } });
    await env.TENANTS.put("of another program", "kept");
    expect(await projectAll(limit)).toEqual({
      missing: 1,
      stale: 2,
      extra: 3,
      batches: Math.ceil(6 / limit),
    });
    expect(await env.TENANTS.get("of another program")).toBe("kept");
    await env.TENANTS.delete("of another program");
    expect(await projection()).toEqual(before);
  });

  it("reports with dryRun what it would do, and does nothing", async () => {
    await emptyKv();
    await env.TENANTS.put("domain:gone.example", "{}");
    expect(await project({ dryRun: true })).toMatchObject({ missing: VALID, extra: 1, total: VALID });
    expect(await names()).toEqual(["domain:gone.example"]);
    expect(await queryRows("SELECT 1 FROM audit_log WHERE action = 'project'")).toEqual([]);
  });

  it("continues after it was cut short, without writing again what is done", async () => {
    const before = await projection();
    await emptyKv();
    let puts = 0;
    const kv = env.TENANTS;
    const failingAfter = (allowed: number) => ({
      TENANTS: {
        list: kv.list.bind(kv),
        delete: kv.delete.bind(kv),
        put: (...args: Parameters<typeof kv.put>) =>
          ++puts > allowed ? Promise.reject(new Error("KV PUT failed: 429")) : kv.put(...args),
      },
    });
    const body = { limit: 200 };
    const failed = { method: "POST", body, bindings: failingAfter(4) };
    expect((await apiError("/api/admin/project", failed)).status).toBe(503);
    puts = 0;
    const done = (await names()).length;
    expect(done).toBe(4);
    await projectAll(200, failingAfter(Infinity));
    expect(puts).toBe(VALID - done);
    expect(await projection()).toEqual(before);
  });

  it("compares more than a thousand entries by listings alone", async () => {
    await queryRows(`INSERT INTO client_keys (id, domain_id, name, key_hash, created_at)
      SELECT gen_random_uuid(), (SELECT id FROM domains WHERE name = 'a.example'), 'n', sha256(n::text::bytea), now()
      FROM generate_series(1, 1100) n`);
    expect(await projectAll(200)).toMatchObject({ missing: 1_100 });
    let lists = 0;
    const counting = {
      TENANTS: { list: (options: KVNamespaceListOptions) => (lists++, env.TENANTS.list(options)) },
    };
    expect(await projectAll(200, counting)).toEqual({ missing: 0, stale: 0, extra: 0, batches: 2 });
    expect(lists).toBe(2);
    await emptyKv();
    await emptyKv();
    await emptyKv();
  });

  it("leaves out and names a domain whose credential no key opens, and writes the others", async () => {
    await emptyKv();
    const CREDENTIAL_KEYS = `new:${btoa("n".repeat(32))}`;
    expect((await project({ limit: 200 }, { CREDENTIAL_KEYS })).unreadable).toEqual([
      "a.example",
      "b.example",
    ]);
    expect(await names()).toContain("domain:c.example");
    expect((await names()).filter((name) => name.startsWith("key:"))).toHaveLength(3);
  });
});

describe("drift", () => {
  it("is none where KV agrees, and changes of the last two minutes are left out", async () => {
    await settle();
    expect(await edge()).toEqual({ checked: VALID, missing: 0, stale: 0, extra: 0, isMore: false });
    await put("new.example", { accountId: "acc_2" });
    await apiJson("/api/domains/c.example", { method: "DELETE" });
    await env.TENANTS.delete("domain:new.example");
    await env.TENANTS.put("domain:c.example", "{}");
    expect(await apiJson<Status>("/api/status")).toMatchObject({
      state: "ok",
      edge: { missing: 0, stale: 0, extra: 0 },
    });
  });

  it("makes the status failing, and cron repairs it", async () => {
    await settle();
    const before = await projection();
    const key = (await names()).find((name) => name.startsWith("key:"))!;
    await env.TENANTS.delete(key);
    await env.TENANTS.put("domain:b.example", "{}");
    await env.TENANTS.put("domain:gone.example", "{}");
    expect(await apiJson<Status>("/api/status")).toMatchObject({
      state: "failing",
      edge: { missing: 1, stale: 1, extra: 1 },
    });
    const warned = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    await handleScheduled(createScheduledController({ cron: "41 * * * *" }), env, createExecutionContext());
    expect(String(warned.mock.lastCall)).toContain("projection repaired");
    warned.mockRestore();
    expect(await projection()).toEqual(before);
    expect(await apiJson<Status>("/api/status")).toMatchObject({ state: "ok" });
  });

  it("is repaired at the start of the local stack, whatever its age", async () => {
    const before = await projection();
    await emptyKv();
    vi.spyOn(console, "warn").mockImplementation(() => undefined);
    await handleScheduled(createScheduledController({ cron: "startup" }), env, createExecutionContext());
    vi.restoreAllMocks();
    expect(await projection()).toEqual(before);
  });
});
