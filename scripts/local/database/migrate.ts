/**
 * Applies drizzle/migrations to a Postgres that may be in use, each migration once and in a transaction of its own (the list is in
 * "drizzle.__drizzle_migrations", as drizzle's migrator writes it). Called by the local stack at every start, by tests, and by operators:
 * `npm run migrate`, `npx nexus db migrate`.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Client, ClientConfig } from "pg";
import { withClient } from "./client.ts";
import { directUrl, withExplicitTls } from "./postgres-target.ts";

export const MIGRATIONS = fileURLToPath(new URL("../../../drizzle/migrations", import.meta.url));
const CONNECT_TIMEOUT_MS = 10_000;
/** Advisory lock: concurrent migrations run one after the other. */
const MIGRATION_LOCK = 7_263_115;
/** While a migration waits for a lock on a table, everything else waits behind it: it gives up soon, and tries again later. */
const LOCK_TIMEOUT_MS = 2_000;
const LOCK_TRIES = 15;
const LOCK_PAUSE_MS = 4_000;
/** SQLSTATEs of lock_timeout and of a deadlock. */
const LOCKED = new Set(["55P03", "40P01"]);
/** The first line of a migration whose statements run without a transaction, such as CREATE INDEX CONCURRENTLY. Each must be repeatable. */
const NO_TRANSACTION = "-- no transaction";

export interface Migration {
  tag: string;
  /** Epoch milliseconds, by which applied ones are known. */
  when: number;
}

export interface MigrateOptions {
  folder?: string;
  lockTimeoutMs?: number;
  pauseMs?: number;
  /** Told of each try that could not get its locks. */
  log?: (line: string) => void;
}

/** The connection of migrations to this address; of Neon, not over its pooler. */
export const migrationClient = (databaseUrl: string): ClientConfig => ({
  connectionString: withExplicitTls(directUrl(databaseUrl)),
  connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  application_name: "nexus-migrate",
});

/** Applies pending migrations; returns their number. One that fails leaves nothing behind; those before it stay. */
export async function migrate(
  databaseUrl: string,
  { folder = MIGRATIONS, ...options }: MigrateOptions = {},
): Promise<number> {
  return withClient(migrationClient(databaseUrl), async (client) => {
    await client.query("SELECT pg_advisory_lock($1)", [MIGRATION_LOCK]);
    const pending = (await migrationState(client, folder)).pending;
    if (pending.length > 0)
      await client.query(`CREATE SCHEMA IF NOT EXISTS drizzle;
        CREATE TABLE IF NOT EXISTS drizzle.__drizzle_migrations (id SERIAL PRIMARY KEY, hash text NOT NULL, created_at bigint)`);
    for (const migration of pending) await applyWithRetries(client, migration, folder, options);
    await client.query("SELECT pg_advisory_unlock($1)", [MIGRATION_LOCK]);
    return pending.length;
  });
}

/** What is applied and what is not; `unknown` counts those of a later version. Pending are those after the newest applied one. */
export async function migrationState(
  client: Client,
  folder = MIGRATIONS,
): Promise<{ applied: Migration[]; pending: Migration[]; unknown: number }> {
  const journal = readFileSync(join(folder, "meta/_journal.json"), "utf8");
  const { entries } = JSON.parse(journal) as { entries: Migration[] };
  const present = await client.query<{ present: boolean }>(
    "SELECT to_regclass('drizzle.__drizzle_migrations') IS NOT NULL AS present",
  );
  const { rows } = present.rows[0]?.present
    ? await client.query<{ when: string }>(`SELECT created_at AS "when" FROM drizzle.__drizzle_migrations`)
    : { rows: [] };
  const newest = Math.max(0, ...rows.map((row) => Number(row.when)));
  const known = new Set(entries.map(({ when }) => when));
  return {
    applied: entries.filter(({ when }) => when <= newest),
    pending: entries.filter(({ when }) => when > newest),
    unknown: rows.filter((row) => !known.has(Number(row.when))).length,
  };
}

async function applyWithRetries(
  client: Client,
  migration: Migration,
  folder: string,
  { lockTimeoutMs = LOCK_TIMEOUT_MS, pauseMs = LOCK_PAUSE_MS, log }: MigrateOptions,
): Promise<void> {
  for (let tried = 1; ; tried++) {
    try {
      return await apply(client, migration, folder, lockTimeoutMs);
    } catch (thrown) {
      const { code = "", message } = thrown as Error & { code?: string };
      if (!LOCKED.has(code)) throw new Error(`${migration.tag}: ${message}`, { cause: thrown });
      if (tried === LOCK_TRIES)
        throw new Error(
          `${migration.tag}: a table stayed locked in ${LOCK_TRIES} tries (${message}). Look for long transactions in pg_stat_activity, and try again`,
          { cause: thrown },
        );
      log?.(`${migration.tag}: a table is locked; try ${tried + 1} of ${LOCK_TRIES} follows.`);
      await pause(pauseMs);
    }
  }
}

async function apply(
  client: Client,
  { tag, when }: Migration,
  folder: string,
  lockTimeoutMs: number,
): Promise<void> {
  const text = readFileSync(join(folder, `${tag}.sql`), "utf8");
  const statements = text.split("--> statement-breakpoint");
  const hash = createHash("sha256").update(text).digest("hex");
  const record = () =>
    client.query("INSERT INTO drizzle.__drizzle_migrations (hash, created_at) VALUES ($1, $2)", [hash, when]);
  if (text.startsWith(NO_TRANSACTION)) {
    // A concurrent build waits for transactions, and blocks none.
    for (const statement of statements) await client.query(statement);
    await record();
    return;
  }
  await client.query("BEGIN");
  try {
    await client.query(`SET LOCAL lock_timeout = ${lockTimeoutMs}`);
    for (const statement of statements) await client.query(statement);
    await record();
    await client.query("COMMIT");
  } catch (thrown) {
    await client.query("ROLLBACK").catch(() => undefined);
    throw thrown;
  }
}
