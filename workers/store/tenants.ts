/**
 * Domains and client keys as the edge sees them: one KV entry per domain and one per key hash, with a copy in the isolate
 * that is trusted for 30 s. The proxy reads; the admin API writes the projection after it has committed to Postgres.
 */
import { TENANT_CACHE_MS, TENANT_STALE_MS } from "../constants.ts";
import { errorText, log } from "../log.ts";
import { ClientKeyRecord, DomainRecord } from "../schemas/tenant.ts";

type Tenants = Pick<Env, "TENANTS">;

/** Records one isolate keeps; a record is well under 1 KB. */
const MAX_CACHED = 5_000;
/** A KV read that takes longer counts as failed. Usual reads take under 20 ms hot, under 500 ms cold. */
const READ_TIMEOUT_MS = 3_000;

interface Cached {
  value: unknown;
  readAt: number;
}
const cache = new Map<string, Cached>();

/** The domain's record, or null when there is none. Throws TenantsUnavailable when KV cannot say and no last good copy is young enough. */
export function readDomain(env: Tenants, domain: string): Promise<DomainRecord | null> {
  return read(env, domainKey(domain), (json) => DomainRecord.parse(json));
}

/** The record of the client key with this hex SHA-256, or null when there is none (never made, or revoked). Throws as readDomain does. */
export function readClientKey(env: Tenants, keyHashHex: string): Promise<ClientKeyRecord | null> {
  return read(env, clientKeyKey(keyHashHex), (json) => ClientKeyRecord.parse(json));
}

/** Makes the edge see this domain as given: at once here, within 90 s elsewhere (isolate 30 s, KV 60 s). */
export function projectDomain(env: Tenants, record: DomainRecord): Promise<void> {
  return project(env, domainKey(record.domain), DomainRecord.parse(record));
}

/** Makes the edge forget this domain, as fast as projectDomain. */
export function removeDomain(env: Tenants, domain: string): Promise<void> {
  return remove(env, domainKey(domain));
}

/** Makes a client key work. `keyHashHex` is the lower-case hex SHA-256 of the key. */
export function projectClientKey(env: Tenants, keyHashHex: string, record: ClientKeyRecord): Promise<void> {
  return project(env, clientKeyKey(keyHashHex), ClientKeyRecord.parse(record));
}

/** Revokes a client key, as fast as projectDomain. */
export function removeClientKey(env: Tenants, keyHashHex: string): Promise<void> {
  return remove(env, clientKeyKey(keyHashHex));
}

/** KV does not answer and there is no last good record: nobody can say whether this domain or key exists. */
export class TenantsUnavailable extends Error {
  override readonly name = "TenantsUnavailable";
}

const domainKey = (domain: string) => `domain:${domain}`;
const clientKeyKey = (keyHashHex: string) => `key:${keyHashHex}`;

async function read<T>(env: Tenants, key: string, parse: (json: unknown) => T): Promise<T | null> {
  const known = cache.get(key) as { value: T; readAt: number } | undefined;
  const age = known ? Date.now() - known.readAt : Infinity;
  if (known && age < TENANT_CACHE_MS) return known.value;
  try {
    const json = await within(READ_TIMEOUT_MS, env.TENANTS.get(key, "json"));
    // A miss is not remembered: a key just made has to work at once.
    if (json === null) {
      cache.delete(key);
      return null;
    }
    const value = parse(json);
    remember(key, value);
    return value;
  } catch (thrown) {
    const kind = key.slice(0, key.indexOf(":"));
    log.error("tenants: KV read failed", {
      kind,
      lastGoodAgeMs: known ? age : null,
      error: errorText(thrown),
    });
    if (known && age < TENANT_STALE_MS) return known.value;
    throw new TenantsUnavailable(`the ${kind} record cannot be read`, { cause: thrown });
  }
}

async function project(env: Tenants, key: string, record: object): Promise<void> {
  await env.TENANTS.put(key, JSON.stringify(record));
  remember(key, record);
}

async function remove(env: Tenants, key: string): Promise<void> {
  await env.TENANTS.delete(key);
  cache.delete(key);
}

function remember(key: string, value: unknown): void {
  cache.delete(key); // to the end: the map is in order of reading, its first entry the oldest
  if (cache.size >= MAX_CACHED) {
    const oldest = cache.keys().next();
    if (!oldest.done) cache.delete(oldest.value);
  }
  cache.set(key, { value, readAt: Date.now() });
}

async function within<T>(milliseconds: number, promise: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${milliseconds} ms`)), milliseconds);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
