/**
 * Applies drizzle/migrations to a Postgres, each migration once (the list is in "drizzle.__drizzle_migrations"). Called by the
 * local stack at every start, by tests, and by operators: `DATABASE_URL=… npm run migrate`.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Client } from "pg";
import { withClient } from "./client.ts";
import { withExplicitTls } from "./postgres-target.ts";

const MIGRATIONS = fileURLToPath(new URL("../../../drizzle/migrations", import.meta.url));
const CONNECT_TIMEOUT_MS = 10_000;
/** Advisory lock: concurrent migrations run one after the other. */
const MIGRATION_LOCK = 7_263_115;

/** Applies pending migrations; returns their number. */
export async function migrate(databaseUrl: string, folder = MIGRATIONS): Promise<number> {
  const config = {
    connectionString: withExplicitTls(databaseUrl),
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    application_name: "nexus-migrate",
  };
  return withClient(config, async (client) => {
    await client.query("SELECT pg_advisory_lock($1)", [MIGRATION_LOCK]);
    const before = await countApplied(client);
    if (before < (await countMigrations(folder))) {
      // Imported only now: it takes half a second, and most starts have nothing to apply.
      const [{ drizzle }, { migrate: applyMigrations }] = await Promise.all([
        import("drizzle-orm/node-postgres"),
        import("drizzle-orm/node-postgres/migrator"),
      ]);
      await applyMigrations(drizzle(client), { migrationsFolder: folder });
    }
    const applied = (await countApplied(client)) - before;
    await client.query("SELECT pg_advisory_unlock($1)", [MIGRATION_LOCK]);
    return applied;
  });
}

async function countMigrations(folder: string): Promise<number> {
  const journal = await readFile(join(folder, "meta/_journal.json"), "utf8");
  return (JSON.parse(journal) as { entries: unknown[] }).entries.length;
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
