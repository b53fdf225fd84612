/** The edge's cache of domains and keys: its lifetime, and what happens when KV fails. */
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { DomainRecord } from "../../workers/schemas/tenant.ts";
import {
  projectClientKey,
  projectDomain,
  readClientKey,
  readDomain,
  removeClientKey,
  removeDomain,
  TenantsUnavailableError,
} from "../../workers/store/tenants/kv-read.ts";

let now = Date.parse("2026-11-01T00:00:00Z");
beforeEach(() => {
  now += 86_400_000; // whatever an earlier test left in the isolate is too old
  vi.spyOn(Date, "now").mockImplementation(() => now);
  vi.spyOn(console, "error").mockImplementation(() => undefined);
});
afterEach(() => vi.restoreAllMocks());

const recordOf = (domain: string): DomainRecord => ({
  v: 1,
  domain,
  accountId: "a",
  credentialType: "passthrough",
  credential: null,
  endpoints: null,
});
const hash = "ab".repeat(32);
const keyRecord = { v: 1 as const, id: crypto.randomUUID(), domain: "a.example" };
/** A change by another isolate or the CLI: KV changes without this isolate. */
const putElsewhere = (key: string, value: unknown) => env.TENANTS.put(key, JSON.stringify(value));
const broken = {
  TENANTS: { get: () => Promise.reject(new Error("KV is down")) } as unknown as KVNamespace,
};

describe("readDomain and readClientKey", () => {
  it("return what was projected, and not what was removed, at once", async () => {
    await projectDomain(env, recordOf("a.example"));
    await projectClientKey(env, hash, keyRecord);
    expect(await readDomain(env, "a.example")).toEqual(recordOf("a.example"));
    expect(await readClientKey(env, hash)).toEqual(keyRecord);
    await removeDomain(env, "a.example");
    await removeClientKey(env, hash);
    expect(await readDomain(env, "a.example")).toBeNull();
    expect(await readClientKey(env, hash)).toBeNull();
  });

  it("see a key made elsewhere at once, because a miss is not cached", async () => {
    const fresh = "cd".repeat(32);
    expect(await readClientKey(env, fresh)).toBeNull();
    await putElsewhere(`key:${fresh}`, keyRecord);
    expect(await readClientKey(env, fresh)).toEqual(keyRecord);
  });

  it("see a key revoked elsewhere after 30 s at the latest", async () => {
    await projectClientKey(env, hash, keyRecord);
    await env.TENANTS.delete(`key:${hash}`);
    now += 29_999;
    expect(await readClientKey(env, hash)).toEqual(keyRecord);
    now += 1;
    expect(await readClientKey(env, hash)).toBeNull();
  });

  it("see a changed domain after 30 s at the latest", async () => {
    await projectDomain(env, recordOf("b.example"));
    await putElsewhere("domain:b.example", { ...recordOf("b.example"), accountId: "new" });
    expect((await readDomain(env, "b.example"))?.accountId).toBe("a");
    now += 30_000;
    expect((await readDomain(env, "b.example"))?.accountId).toBe("new");
  });

  it("serve the cached record for 10 minutes while KV is down, then throw", async () => {
    await projectDomain(env, recordOf("c.example"));
    now += 599_999;
    expect(await readDomain(broken, "c.example")).toEqual(recordOf("c.example"));
    now += 1;
    await expect(readDomain(broken, "c.example")).rejects.toBeInstanceOf(TenantsUnavailableError);
    await expect(readDomain(broken, "never-seen.example")).rejects.toBeInstanceOf(TenantsUnavailableError);
  });

  it("retry KV every ten seconds while it is down, not with every request", async () => {
    await projectDomain(env, recordOf("g.example"));
    let asked = 0;
    const counting = {
      TENANTS: { get: () => (asked++, Promise.reject(new Error("KV is down"))) } as unknown as KVNamespace,
    };
    const ask = () => Promise.all(Array.from({ length: 5 }, () => readDomain(counting, "g.example")));
    now += 30_000;
    await ask();
    asked = 0;
    now += 9_999;
    await ask();
    expect(asked).toBe(0);
    now += 1;
    await ask();
    expect(asked).toBe(1);
    now += 9_999;
    await putElsewhere("domain:g.example", { ...recordOf("g.example"), accountId: "new" });
    now += 1;
    expect((await readDomain(env, "g.example"))?.accountId).toBe("new");
  });

  it("do not wait for a hanging KV when they have a cached record", async () => {
    await projectDomain(env, recordOf("h.example"));
    now += 30_000;
    const hanging = { TENANTS: { get: () => new Promise(() => undefined) } as unknown as KVNamespace };
    const started = performance.now();
    expect(await readDomain(hanging, "h.example")).toEqual(recordOf("h.example"));
    expect(performance.now() - started).toBeLessThan(2_000);
  });

  it("cache that a loopback name is not configured while KV is down, and no other name", async () => {
    await removeDomain(env, "localhost"); // another file of this process may have cached it by the real clock
    expect(await readDomain(env, "localhost")).toBeNull();
    expect(await readDomain(env, "free.example")).toBeNull();
    expect(await readDomain(broken, "localhost")).toBeNull();
    await expect(readDomain(broken, "free.example")).rejects.toBeInstanceOf(TenantsUnavailableError);
    await putElsewhere("domain:localhost", recordOf("localhost"));
    now += 10_000;
    expect(await readDomain(env, "localhost")).toEqual(recordOf("localhost"));
    await removeDomain(env, "localhost");
  });

  it("treat an invalid record like an unavailable KV", async () => {
    await env.TENANTS.put("domain:d.example", JSON.stringify({ v: 1, domain: 5 }));
    await expect(readDomain(env, "d.example")).rejects.toBeInstanceOf(TenantsUnavailableError);
    await env.TENANTS.put("domain:d.example", "{");
    await expect(readDomain(env, "d.example")).rejects.toBeInstanceOf(TenantsUnavailableError);
  });

  it("keep the fields of a later version", async () => {
    await putElsewhere("domain:e.example", { ...recordOf("e.example"), later: true });
    expect(await readDomain(env, "e.example")).toHaveProperty("later", true);
  });

  it("reject the projection of an invalid record", async () => {
    const wrong = { ...recordOf("f.example"), credentialType: "magic" } as unknown as DomainRecord;
    await expect(async () => projectDomain(env, wrong)).rejects.toThrow();
    expect(await env.TENANTS.get("domain:f.example")).toBeNull();
  });
});
