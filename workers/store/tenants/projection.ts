/**
 * Compares the KV projection with Postgres and repairs it: after a restore, in a new namespace, or when a write was lost. A
 * listing has the digests of 1,000 entries in one operation, so no entry is read.
 */
import { sql } from "drizzle-orm";
import { errorText, log } from "../../runtime/log.ts";
import { SealError } from "../../runtime/seal.ts";
import type { Status } from "../../schemas/api/status.ts";
import type { ProjectResult } from "../../schemas/api/upkeep.ts";
import { EntryMetadata } from "../../schemas/tenant.ts";
import { withPrimary } from "../db/db.ts";
import { DatabaseUnavailableError } from "../db/errors.ts";
import { timestamptz } from "../db/sql.ts";
import { clientKeyEntry, domainEntry, entryMetadata, removeEntry } from "./kv-read.ts";
import {
  orProjectionError,
  projectClientKeys,
  projectDomains,
  recordOf,
  type TenantConfig,
} from "./kv-write.ts";

type Tenants = Pick<Env, "TENANTS">;

/** The most that one listing of KV returns. /kv/api/list-keys/ */
const PAGE_ENTRIES = 1_000;
/** A listing may be 60 s old, so checks ignore what changed within this time. /kv/concepts/how-kv-works/#consistency */
const SETTLE_MS = 120_000;
/** Listings of the status; one costs as much as ten reads. */
const MAX_STATUS_PAGES = 5;
/** Of one run of cron: entries that a batch writes or removes, and batches. */
const CRON_BATCH_ENTRIES = 100;
const MAX_CRON_BATCHES = 50;
/** Names of the projection's entries; that of workers/store/prompts/kv-copy.ts is another. */
const OWN_ENTRY = /^(?:domain|key):/;
/** Between the parts of a cursor. */
const SEPARATOR = "~";

interface BatchOptions {
  /** The `nextCursor` of the previous batch; null: from the first entry. */
  cursor: string | null;
  /** Maximum entries that are written or removed. */
  limit: number;
  dryRun: boolean;
  /** Epoch milliseconds: ignores entries that changed later. */
  settledAt?: number;
}

/** `sealedWith`: how many of the compared entries each key of CREDENTIAL_KEYS has sealed. */
type Batch = ProjectResult & { sealedWith: Map<string, number> };

/** A domain or client key as Postgres has it. */
interface StoredEntry {
  /** Null: a domain. */
  keyId: string | null;
  domain: string;
  /** False: its entry must not exist. */
  isValid: boolean;
  digest: string;
  /** Epoch milliseconds. */
  changedAt: number;
}

/** An entry to write, or without `stored` to remove. */
interface Difference {
  name: string;
  kind: "missing" | "stale" | "extra";
  stored: StoredEntry | null;
}

/**
 * Writes missing and stale entries and removes those without a row; with `dryRun` it only counts them. Throws ProjectionError
 * when KV rejects a write; repeating the call continues.
 */
export async function projectBatch(
  config: TenantConfig,
  env: Tenants,
  { cursor, limit, dryRun, settledAt = Infinity }: BatchOptions,
): Promise<Batch> {
  // The KV cursor of the listing, and the name of the last entry that is done.
  const [pageCursor = "", ...rest] = (cursor ?? "").split(SEPARATOR);
  const after = rest.join(SEPARATOR);
  const page = await env.TENANTS.list({ limit: PAGE_ENTRIES, cursor: pageCursor || null });
  const pageEnd = page.list_complete ? null : (page.keys.at(-1)?.name ?? after);
  const { entries, total, isMore } = await readStored(config, after, pageEnd, settledAt);
  const storedEnd = isMore ? ([...entries.keys()].at(-1) ?? pageEnd) : pageEnd;
  const isInside = (name: string, end: string | null) => name > after && (end === null || name <= end);

  const listed = new Map(
    page.keys.map(({ name, metadata }) => [name, EntryMetadata.safeParse(metadata).data]),
  );
  const names = [...new Set([...listed.keys(), ...entries.keys()])]
    .filter((name) => OWN_ENTRY.test(name) && isInside(name, storedEnd))
    .sort();
  const differences = names.flatMap((name): Difference[] => {
    const stored = entries.get(name);
    if (stored && stored.changedAt > settledAt) return [];
    if (!stored?.isValid) return [{ name, stored: null, kind: "extra" }];
    if (!listed.has(name)) return [{ name, stored, kind: "missing" }];
    return listed.get(name)?.digest === stored.digest ? [] : [{ name, stored, kind: "stale" }];
  });
  const batch = differences.slice(0, limit);
  const end = batch.length < differences.length ? (batch.at(-1)?.name ?? after) : storedEnd;
  const unreadable = dryRun ? [] : await repair(config, env, batch);

  const checked = names.filter((name) => isInside(name, end));
  const sealedWith = new Map<string, number>();
  for (const name of checked) {
    const keyId = listed.get(name)?.keyId;
    if (keyId) sealedWith.set(keyId, (sealedWith.get(keyId) ?? 0) + 1);
  }
  const countOf = (kind: Difference["kind"]) => batch.filter((one) => one.kind === kind).length;
  const nextPage = end !== pageEnd ? pageCursor : page.list_complete ? null : page.cursor;
  return {
    checked: checked.length,
    total,
    missing: countOf("missing"),
    stale: countOf("stale"),
    extra: countOf("extra"),
    unreadable,
    sealedWith,
    nextCursor: nextPage === null ? null : nextPage + SEPARATOR + (end ?? after),
  };
}

/** Compares up to MAX_STATUS_PAGES listings with Postgres, without changes. Rejects when KV or Postgres does. */
export async function checkProjection(
  config: TenantConfig,
  env: Tenants,
  now: number,
): Promise<{ edge: NonNullable<Status["edge"]>; sealedWith: Map<string, number> }> {
  const edge = { checked: 0, missing: 0, stale: 0, extra: 0, isMore: false };
  const sealedWith = new Map<string, number>();
  const options = { limit: Infinity, dryRun: true, settledAt: now - SETTLE_MS };
  for await (const batch of projectBatches(config, env, options, MAX_STATUS_PAGES)) {
    for (const name of ["checked", "missing", "stale", "extra"] as const) edge[name] += batch[name];
    edge.isMore = batch.nextCursor !== null;
    for (const [keyId, count] of batch.sealedWith)
      sealedWith.set(keyId, (sealedWith.get(keyId) ?? 0) + count);
  }
  return { edge, sealedWith };
}

/** Repairs the projection for cron, which must not fail: problems are logged, and the next run continues. `settle` false: changes of any age. */
export async function repairProjection(
  config: TenantConfig,
  env: Tenants,
  now: number,
  settle = true,
): Promise<void> {
  const options = { limit: CRON_BATCH_ENTRIES, dryRun: false, ...(settle && { settledAt: now - SETTLE_MS }) };
  const repaired = { missing: 0, stale: 0, extra: 0, unreadable: 0 };
  try {
    for await (const batch of projectBatches(config, env, options, MAX_CRON_BATCHES)) {
      for (const name of ["missing", "stale", "extra"] as const) repaired[name] += batch[name];
      repaired.unreadable += batch.unreadable.length;
    }
  } catch (thrown) {
    const level = thrown instanceof DatabaseUnavailableError ? "warn" : "error";
    log[level]("cron: projection failed", { error: errorText(thrown) });
  }
  if (Object.values(repaired).some((count) => count > 0)) log.warn("cron: projection repaired", repaired);
}

/** Batches from the first entry on, at most `maxBatches`. */
async function* projectBatches(
  config: TenantConfig,
  env: Tenants,
  options: Omit<BatchOptions, "cursor">,
  maxBatches: number,
): AsyncGenerator<Batch, void> {
  let cursor: string | null = null;
  for (let batches = 0; batches < maxBatches; batches++) {
    const batch: Batch = await projectBatch(config, env, { ...options, cursor });
    yield batch;
    cursor = batch.nextCursor;
    if (cursor === null) return;
  }
}

/** Returns the domains that were not written, because their credential cannot be opened. */
async function repair(
  config: TenantConfig,
  env: Tenants,
  differences: readonly Difference[],
): Promise<string[]> {
  const unreadable: string[] = [];
  for (const { stored } of differences) {
    if (!stored || stored.keyId !== null) continue;
    try {
      await projectDomains(config, env, [stored.domain]);
    } catch (thrown) {
      if (!(thrown instanceof SealError)) throw thrown;
      unreadable.push(stored.domain);
    }
  }
  await projectClientKeys(
    config,
    env,
    differences.flatMap(({ stored }) => stored?.keyId ?? []),
  );
  const extra = differences.filter(({ stored }) => stored === null);
  await orProjectionError(Promise.all(extra.map(({ name }) => removeEntry(env, name))));
  return unreadable;
}

/**
 * By name: the valid entries with names after `after` and up to `end` (null: all), at most PAGE_ENTRIES, and those that became
 * invalid after `settledAt`. `total`: all valid entries.
 */
async function readStored(config: TenantConfig, after: string, end: string | null, settledAt: number) {
  const unsettled = Number.isFinite(settledAt) ? sql`changed_at > ${timestamptz(settledAt)}` : sql`false`;
  const all = sql`(
    select ${domainEntry("")} || d.name as entry, null::text as key_id, d.name as domain,
      d.configured and a.id is not null as is_valid, greatest(d.updated_at, a.updated_at) as changed_at,
      a.id as account_id, a.credential_type, a.credential ->> 'keyId' as sealed_with, a.updated_at, d.endpoints
    from domains d left join accounts a on a.id = d.account_id
    union all
    select ${clientKeyEntry("")} || encode(k.key_hash, 'hex'), k.id::text, d.name, k.revoked_at is null and d.configured,
      coalesce(k.revoked_at, k.created_at), null, null, null, null, null
    from client_keys k join domains d on d.id = k.domain_id) e`;
  const isInside = sql`entry collate "C" > ${after} and (${end}::text is null or entry collate "C" <= ${end})`;
  const [rows, totals] = await withPrimary(config, (db) =>
    db.batch([
      db.execute(sql`
        select entry, key_id, domain, is_valid, account_id, credential_type, sealed_with, endpoints::text,
          (extract(epoch from changed_at) * 1000)::float8 as changed_at,
          (extract(epoch from updated_at) * 1000)::float8 as updated_at
        from ${all} where (is_valid or ${unsettled}) and ${isInside}
        order by entry collate "C" limit ${PAGE_ENTRIES}`),
      db.execute(sql`select count(*)::float8 as total from ${all} where is_valid`),
    ]),
  );
  const entries = new Map<string, StoredEntry>();
  for (const row of rows.rows as Record<string, string | null>[]) {
    const { entry, key_id: keyId = null, domain } = row;
    const stored = {
      keyId,
      domain: String(domain),
      isValid: Boolean(row.is_valid),
      changedAt: Number(row.changed_at),
    };
    entries.set(String(entry), { ...stored, digest: stored.isValid ? digestOf(row) : "" });
  }
  return { entries, total: Number(totals.rows[0]?.total ?? 0), isMore: entries.size === PAGE_ENTRIES };
}

/** The digest that the entry of this row has when it is up to date. */
function digestOf(row: Record<string, string | null>): string {
  const domain = String(row.domain);
  if (row.key_id) return entryMetadata({ v: 1, id: row.key_id, domain }).digest;
  const endpoints = row.endpoints === null ? null : (JSON.parse(String(row.endpoints)) as string[]);
  const fields = { domain, accountId: row.account_id ?? null, endpoints };
  const { credential_type: credentialType, sealed_with: keyId, updated_at: updatedAt } = row;
  const record = recordOf(
    { ...fields, credentialType: String(credentialType), updatedAt: new Date(Math.round(Number(updatedAt))) },
    keyId ? { keyId, iv: "", data: "" } : null,
  );
  return entryMetadata(record).digest;
}
