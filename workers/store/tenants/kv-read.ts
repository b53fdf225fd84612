/**
 * Domains and client keys in KV: one entry per domain and one per key hash, cached in the isolate for 30 s. The proxy
 * reads; the admin API writes this projection after its commit to Postgres.
 */
import { TENANT_CACHE_MS, TENANT_STALE_MS } from "../../runtime/constants.ts";
import { isLoopbackName } from "../../domain/http/host.ts";
import { errorText, log } from "../../runtime/log.ts";
import { toHex } from "../../domain/bytes.ts";
import { sha256 } from "../../domain/sha256.ts";
import { ClientKeyRecord, DomainRecord, type EntryMetadata } from "../../schemas/tenant.ts";
import { withTimeout } from "../../runtime/timeout.ts";

type Tenants = Pick<Env, "TENANTS">;

/** Cached records per isolate; a record is well under 1 KB. */
const MAX_CACHED = 5_000;
/** A KV read that takes longer counts as failed. Usual reads take under 20 ms hot, under 500 ms cold. */
const READ_TIMEOUT_MS = 3_000;
/** The same where the last good record can be used instead. */
const REFRESH_TIMEOUT_MS = 1_000;
/** After a failed read, the last good record is used this long before KV is read again. */
const RETRY_AFTER_FAILURE_MS = 10_000;
const DIGEST_BYTES = 16;

interface Cached {
  /** Null: there was none. Cached for loopback names only, and only used while KV fails. */
  value: unknown;
  readAt: number;
  /** When the last read failed; 0 = never. */
  failedAt: number;
}
const cache = new Map<string, Cached>();

/** The record of the domain; null if there is none. Throws TenantsUnavailableError when KV fails and no recent copy exists. */
export function readDomain(env: Tenants, domain: string): Promise<DomainRecord | null> {
  return read(env, domainEntry(domain), (json) => DomainRecord.parse(json));
}

/** The record of the client key with this hex SHA-256; null if unknown or revoked. Throws as readDomain does. */
export function readClientKey(env: Tenants, keyHashHex: string): Promise<ClientKeyRecord | null> {
  return read(env, clientKeyEntry(keyHashHex), (json) => ClientKeyRecord.parse(json));
}

/** Writes the record of a domain: effective at once in this isolate, within 90 s elsewhere (isolate 30 s, KV 60 s). */
export function projectDomain(env: Tenants, record: DomainRecord): Promise<void> {
  return project(env, domainEntry(record.domain), DomainRecord.parse(record));
}

/** Deletes the record of a domain, effective as projectDomain. */
export function removeDomain(env: Tenants, domain: string): Promise<void> {
  return removeEntry(env, domainEntry(domain));
}

/** Writes the record of a client key. `keyHashHex`: lower-case hex SHA-256 of the key. */
export function projectClientKey(env: Tenants, keyHashHex: string, record: ClientKeyRecord): Promise<void> {
  return project(env, clientKeyEntry(keyHashHex), ClientKeyRecord.parse(record));
}

/** Deletes the record of a client key, effective as projectDomain. */
export function removeClientKey(env: Tenants, keyHashHex: string): Promise<void> {
  return removeEntry(env, clientKeyEntry(keyHashHex));
}

/** KV fails and there is no recent copy, so it is unknown whether the domain or key exists. */
export class TenantsUnavailableError extends Error {
  override readonly name = "TenantsUnavailable";
}

/** Names of entries in KV. */
export const domainEntry = (domain: string) => `domain:${domain}`;
export const clientKeyEntry = (keyHashHex: string) => `key:${keyHashHex}`;

/** The metadata of a record. Two records of one owner have the same digest if and only if the proxy treats them alike. */
export function entryMetadata(record: DomainRecord | ClientKeyRecord): EntryMetadata {
  const sealed = "credential" in record ? (record as DomainRecord).credential : null;
  const keyId = sealed?.keyId ?? null;
  // Each sealing has a new ciphertext.
  const fields = Object.entries({ ...record, credential: keyId }).sort(([a], [b]) => (a < b ? -1 : 1));
  return { digest: toHex(sha256(JSON.stringify(fields)).subarray(0, DIGEST_BYTES)), keyId };
}

async function read<T>(env: Tenants, key: string, parse: (json: unknown) => T): Promise<T | null> {
  const now = Date.now();
  const cached = cache.get(key) as (Cached & { value: T | null }) | undefined;
  const age = cached ? now - cached.readAt : Infinity;
  if (cached && cached.value !== null && age < TENANT_CACHE_MS) return cached.value;
  const lastGood = cached && age < TENANT_STALE_MS ? cached : null;
  if (lastGood && now - lastGood.failedAt < RETRY_AFTER_FAILURE_MS) return lastGood.value;
  // While one request retries, the others use the last good record.
  if (lastGood && lastGood.failedAt > 0) lastGood.failedAt = now;
  try {
    const reading = env.TENANTS.get(key, "json").then((json) => cacheResult(key, json, parse));
    return await withTimeout(lastGood ? REFRESH_TIMEOUT_MS : READ_TIMEOUT_MS, reading);
  } catch (thrown) {
    const kind = key.slice(0, key.indexOf(":"));
    log.error("tenants: KV read failed", {
      kind,
      lastGoodAgeMs: lastGood ? age : null,
      error: errorText(thrown),
    });
    if (!lastGood) throw new TenantsUnavailableError(`the ${kind} record cannot be read`, { cause: thrown });
    lastGood.failedAt = Date.now();
    return lastGood.value;
  }
}

/** Caches what KV returned, also when it arrives after the timeout. */
function cacheResult<T>(key: string, json: unknown, parse: (json: unknown) => T): T | null {
  if (json !== null) {
    const value = parse(json);
    cacheRecord(key, value);
    return value;
  }
  // A miss is not cached, because a new key must work at once; except loopback names, which the local stack reads with every request.
  cache.delete(key);
  if (isLoopbackName(key.slice(domainEntry("").length))) cacheRecord(key, null);
  return null;
}

async function project(env: Tenants, key: string, record: DomainRecord | ClientKeyRecord): Promise<void> {
  await env.TENANTS.put(key, JSON.stringify(record), { metadata: entryMetadata(record) });
  cacheRecord(key, record);
}

/** Deletes the entry with this name, effective as projectDomain. */
export async function removeEntry(env: Tenants, key: string): Promise<void> {
  await env.TENANTS.delete(key);
  cache.delete(key);
}

function cacheRecord(key: string, value: unknown): void {
  cache.delete(key); // re-insert at the end: the map is ordered by read time, oldest first
  if (cache.size >= MAX_CACHED) {
    const oldest = cache.keys().next();
    if (!oldest.done) cache.delete(oldest.value);
  }
  cache.set(key, { value, readAt: Date.now(), failedAt: 0 });
}
