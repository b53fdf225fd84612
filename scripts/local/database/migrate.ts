/**
 * Applies drizzle/migrations to a Postgres, each migration once (the list is in "drizzle.__drizzle_migrations"). Called by the
 * local stack at every start, by tests, and by operators: `DATABASE_URL=… npm run migrate`.
 */
import { fileURLToPath } from "node:url";
import { drizzle } from "drizzle-orm/node-postgres";
import { migrate as applyMigrations } from "drizzle-orm/node-postgres/migrator";
import type { Client } from "pg";
import { withClient } from "./client.ts";
import { withExplicitTls } from "./postgres-target.ts";

const MIGRATIONS = fileURLToPath(new URL("../../../drizzle/migrations", import.meta.url));
const CONNECT_TIMEOUT_MS = 10_000;
/** Advisory lock: concurrent migrations run one after the other. */
const MIGRATION_LOCK = 7_263_115;

/** Applies pending migrations; returns their number. */
export async function migrate(databaseUrl: string): Promise<number> {
  const config = {
    connectionString: withExplicitTls(databaseUrl),
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    application_name: "nexus-migrate",
  };
  return withClient(config, async (client) => {
    await client.query("SELECT pg_advisory_lock($1)", [MIGRATION_LOCK]);
    const before = await countApplied(client);
    await applyMigrations(drizzle(client), { migrationsFolder: MIGRATIONS });
    const applied = (await countApplied(client)) - before;
    await client.query("SELECT pg_advisory_unlock($1)", [MIGRATION_LOCK]);
    return applied;
  });
}

async function countApplied(client: Client): Promise<number> {
  const { rows } = await client.query<{ present: boolean }>(
    "SELECT to_regclass('drizzle.__drizzle_migrations') IS NOT NULL AS present",
  );
  if (!rows[0]?.present) return 0;
  const counted = await client.query<{ n: number }>(
    "SELECT count(*)::int AS n FROM drizzle.__drizzle_migrations",
  );
  return counted.rows[0]?.n ?? 0;
}
