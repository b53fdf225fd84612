/**
 * Syncs the prompts of the configured repository: by cron when the next try is due, after a push, and on demand. Two at once are
 * harmless: what a sync has read is stored only where the version that it began with is still stored.
 */
import { createHash } from "node:crypto";
import { and, eq, lt, ne, or, sql } from "drizzle-orm";
import { promptSyncs } from "../../../drizzle/schema.ts";
import { nextSyncAt } from "../../domain/prompts/repository-failure.ts";
import type { SyncedPrompts, SyncFailure, SyncResult } from "../../domain/prompts/sync-prompts.ts";
import type { Config } from "../../runtime/config.ts";
import { DAY_MS } from "../../runtime/constants.ts";
import { errorText, log } from "../../runtime/log.ts";
import { alert } from "../../runtime/raise-alert.ts";
import { RepositoryFailure } from "../../schemas/prompt.ts";
import { type DatabaseConfig, withPrimary } from "../db/db.ts";
import { timestamptz } from "../db/sql.ts";
import { gitHubRepository } from "./github.ts";
import { copyToKv } from "./kv-copy.ts";
import { bundledPrompts, forgetServedPrompts, storedVersion } from "./registry.ts";
import { type PromptSource, promptSource, type PromptSourceConfig } from "./source.ts";
import { readSync, StoredFailure, type SyncRow } from "./status.ts";

export type SyncConfig = DatabaseConfig &
  PromptSourceConfig &
  Pick<Config, "MCP_SYNC_INTERVAL" | "LOCAL_PROMPTS">;

export type SyncOutcome =
  /** Other prompts are served than before. */
  | { result: "changed" }
  | { result: "unchanged" }
  | { result: "failed"; failure: RepositoryFailure }
  /** No repository is configured, or no try is due. */
  | { result: "skipped" };

/** `waitUntil` lets work run for 30 s after the response. /workers/runtime-apis/context#waituntil */
const LIMIT_AFTER_RESPONSE_MS = 25_000;
/** Cron may take 15 minutes. */
const LIMIT_BY_CRON_MS = 240_000;
/** A try that is not ended this long after its limit has been interrupted. */
const LEASE_MS = 10_000;
/** The second begins with what the other sync has stored. */
const MAX_ATTEMPTS = 2;
const MAX_DELIVERIES = 50;
/** The error itself is in the log: it may quote anything. */
const UNEXPECTED: RepositoryFailure = {
  reason: "unavailable",
  message: "The sync ended with an unexpected error, which the Worker's log has.",
  retryAt: null,
};

/** The sync of cron. */
export function syncWhenDue(env: Env, config: SyncConfig): Promise<SyncOutcome> {
  return sync(env, config, { isForced: false, limitMs: LIMIT_BY_CRON_MS });
}

/** A sync now. While GitHub refuses further requests, the last failure is returned and GitHub is not called. */
export function syncNow(env: Env, config: SyncConfig): Promise<SyncOutcome> {
  return sync(env, config, { isForced: true, limitMs: LIMIT_AFTER_RESPONSE_MS });
}

/** The sync after a push, under `waitUntil`; cron does it where this one is interrupted. */
export function syncAfterPush(env: Env, config: SyncConfig): Promise<SyncOutcome> {
  return sync(env, config, { isForced: false, limitMs: LIMIT_AFTER_RESPONSE_MS });
}

/**
 * Makes a sync due, unless GitHub would refuse it. False if this delivery did so before. `delivery` names it by what GitHub has signed:
 * its id is not, and a recorded delivery could be sent again with another one.
 */
export async function acceptPush(
  config: SyncConfig,
  source: PromptSource,
  delivery: string,
): Promise<boolean> {
  const rows = await withPrimary(config, (db) =>
    db
      .insert(promptSyncs)
      .values({ repository: source.key, nextAt: new Date(), deliveries: [delivery] })
      .onConflictDoUpdate({
        target: promptSyncs.repository,
        set: {
          nextAt: sql`case when ${promptSyncs.failure}->>'reason' in ('unauthorized', 'rate_limited')
            then ${promptSyncs.nextAt} else least(${promptSyncs.nextAt}, excluded.next_at) end`,
          deliveries: sql`(excluded.deliveries || ${promptSyncs.deliveries})[1:${sql.raw(String(MAX_DELIVERIES))}]`,
        },
        setWhere: sql`not excluded.deliveries <@ ${promptSyncs.deliveries}`,
      })
      .returning({ repository: promptSyncs.repository }),
  );
  return rows.length > 0;
}

async function sync(
  env: Env,
  config: SyncConfig,
  { isForced, limitMs }: { isForced: boolean; limitMs: number },
): Promise<SyncOutcome> {
  const source = promptSource(config);
  if (!source) return { result: "skipped" };
  const startedAt = Date.now();
  const claimed = await claim(config, source, { isForced, startedAt, limitMs });
  if (!claimed) {
    const failure = isForced ? (await readSync(config, source))?.failure : undefined;
    const limited = StoredFailure.safeParse(failure);
    return limited.success ? { result: "failed", failure: limited.data } : { result: "skipped" };
  }
  let outcome: SyncOutcome;
  try {
    outcome = await read(env, config, source, claimed, { startedAt, limitMs });
  } catch (thrown) {
    log.error("prompts: the sync failed with an error of this program", { error: errorText(thrown) });
    // Without it, the status would show the sync before, and the next try would not wait longer.
    await storeFailure(env, config, source, claimed, startedAt, { failure: UNEXPECTED });
    outcome = { result: "failed", failure: UNEXPECTED };
  }
  if (outcome.result === "changed") {
    forgetServedPrompts();
    await deleteOthers(config, source, startedAt);
  }
  return outcome;
}

interface Claimed extends SyncRow {
  /** Of the last try; null if that was a success. */
  lastFailure: RepositoryFailure | null;
}

/** Marks the try as begun, unless it is not due. Another token is tried at once. */
async function claim(
  config: SyncConfig,
  source: PromptSource,
  { isForced, startedAt, limitMs }: { isForced: boolean; startedAt: number; limitMs: number },
): Promise<Claimed | undefined> {
  const now = timestamptz(startedAt);
  const tokenHash = hashOf(source.token);
  const isOther = sql`${promptSyncs.tokenHash} is distinct from excluded.token_hash`;
  const isLimited = sql`coalesce((${promptSyncs.failure}->>'retryAt')::numeric > ${startedAt}::numeric, false)`;
  const rows = await withPrimary(config, (db) =>
    db
      .insert(promptSyncs)
      .values({
        repository: source.key,
        triedAt: new Date(startedAt),
        nextAt: new Date(startedAt + limitMs + LEASE_MS),
        tokenHash,
      })
      .onConflictDoUpdate({
        target: promptSyncs.repository,
        set: {
          triedAt: sql`excluded.tried_at`,
          nextAt: sql`excluded.next_at`,
          tokenHash: sql`excluded.token_hash`,
          // GitHub's ETags depend on the token.
          etag: sql`case when ${isOther} then null else ${promptSyncs.etag} end`,
        },
        setWhere: or(isOther, isForced ? sql`not ${isLimited}` : sql`${promptSyncs.nextAt} <= ${now}`)!,
      })
      .returning(),
  );
  const [row] = rows;
  if (!row) return undefined;
  const failure = RepositoryFailure.safeParse(row.failure);
  return { ...row, lastFailure: failure.success ? failure.data : null };
}

/** Names a token without revealing it: tokens are random. */
const hashOf = (token: string | null): string | null =>
  token === null ? null : createHash("sha256").update(token).digest("hex").slice(0, 16);

async function read(
  env: Env,
  config: SyncConfig,
  source: PromptSource,
  claimed: Claimed,
  { startedAt, limitMs }: { startedAt: number; limitMs: number },
): Promise<SyncOutcome> {
  const { NO_SYNCED_PROMPTS, SyncedPrompts, syncPrompts } =
    await import("../../domain/prompts/sync-prompts.ts");
  const bundled = await bundledPrompts(config);
  let row: SyncRow | undefined = claimed;
  for (let attempt = 1; row && attempt <= MAX_ATTEMPTS; attempt++) {
    const repository = gitHubRepository(source, startedAt + limitMs);
    // What an older version has stored may not be readable: everything is read again then.
    const before = SyncedPrompts.safeParse(row).data ?? NO_SYNCED_PROMPTS;
    const synced = await syncPrompts(repository, before, { folder: source.folder, bundled });
    if (!synced.ok) {
      await storeFailure(env, config, source, claimed, startedAt, synced.error);
      return { result: "failed", failure: synced.error.failure };
    }
    const { state, isChanged } = synced.value;
    const note = repository.hasMoved()
      ? `${source.owner}/${source.repository} has another name now. GitHub redirects to it until someone takes the old name: set MCP_GITHUB_OWNER and MCP_GITHUB_REPO to the new one.`
      : null;
    const version = await storeSuccess(config, source, { version: row.version, before }, synced.value, note);
    if (version !== undefined) {
      await copyToKv(env, { source: source.key, version, prompts: state.prompts });
      return { result: isChanged ? "changed" : "unchanged" };
    }
    row = await readSync(config, source);
  }
  return { result: "skipped" };
}

/** Names what is stored then; undefined where another sync has stored something meanwhile. */
async function storeSuccess(
  config: SyncConfig,
  source: PromptSource,
  { version, before }: { version: number; before: SyncedPrompts },
  { state, isChanged }: SyncResult,
  note: string | null,
): Promise<string | undefined> {
  const now = Date.now();
  const nextAt = nextSyncAt({ failure: null, failuresInRow: 0, intervalMs: intervalMs(config) }, now);
  const isSame = state.commit === before.commit && state.bundle === before.bundle;
  const rows = await withPrimary(config, (db) =>
    db
      .update(promptSyncs)
      .set({
        ...(isSame ? { etag: state.etag } : { ...state, version: version + 1 }),
        ...(isChanged ? { changedAt: new Date(now) } : {}),
        succeededAt: new Date(now),
        nextAt: nextAt === null ? null : new Date(nextAt),
        failure: null,
        failuresInRow: 0,
        note,
      })
      .where(and(eq(promptSyncs.repository, source.key), eq(promptSyncs.version, version)))
      .returning({ version: storedVersion }),
  );
  return rows[0]?.version;
}

/** Of the newest try only. Raises an alert where the token does not work any more: nothing else would be tried again. */
async function storeFailure(
  env: Env,
  config: SyncConfig,
  source: PromptSource,
  { failuresInRow, lastFailure }: Claimed,
  startedAt: number,
  { failure, blobs }: Pick<SyncFailure, "failure"> & { blobs?: SyncFailure["blobs"] },
): Promise<void> {
  const now = Date.now();
  const inRow = failuresInRow + 1;
  const nextAt = nextSyncAt({ failure, failuresInRow: inRow, intervalMs: intervalMs(config) }, now);
  await withPrimary(config, (db) =>
    db
      .update(promptSyncs)
      .set({
        failure: { ...failure, at: now } satisfies StoredFailure,
        ...(blobs ? { blobs } : {}),
        failuresInRow: inRow,
        nextAt: nextAt === null ? null : new Date(nextAt),
      })
      .where(
        and(eq(promptSyncs.repository, source.key), sql`${promptSyncs.triedAt} <= ${timestamptz(startedAt)}`),
      ),
  );
  log.warn("prompts: not synced", { reason: failure.reason, problem: failure.message, failuresInRow: inRow });
  if (failure.reason !== "unauthorized" || lastFailure?.reason === "unauthorized") return;
  await alert(env, {
    kind: "prompt_sync",
    repository: `${source.owner}/${source.repository}`,
    reason: failure.message,
    at: now,
  });
}

async function deleteOthers(config: DatabaseConfig, { key }: PromptSource, now: number): Promise<void> {
  await withPrimary(config, (db) =>
    db
      .delete(promptSyncs)
      .where(and(ne(promptSyncs.repository, key), lt(promptSyncs.triedAt, new Date(now - DAY_MS)))),
  );
}

const intervalMs = ({ MCP_SYNC_INTERVAL: seconds }: SyncConfig): number => seconds * 1_000;
