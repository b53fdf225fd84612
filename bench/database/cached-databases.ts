/**
 * Databases that take minutes to fill, on Debian's PostgreSQL: filled once and reused by later runs, with a local stack. A change of the
 * schema or of the filling code makes a new one.
 */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { LocalStack } from "../../scripts/local/local-stack.ts";
import { migrate } from "../../scripts/local/database/migrate.ts";
import { withLocalStack } from "./local-stack.ts";
import { startCluster } from "../../scripts/local/database/debian-postgres.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

export interface CachedDatabase {
  name: string;
  /** Path of the source that fills it. */
  source: string;
  /** Fills a migrated, empty database. */
  fill(databaseUrl: string): Promise<void>;
}

/** Runs `measure` in a local stack with this database. */
export async function withCachedDatabase<T>(
  database: CachedDatabase,
  measure: (stack: LocalStack) => Promise<T>,
): Promise<T> {
  const directory = join(tmpdir(), `nexus-bench-${database.name}-${versionOf(database)}`);
  // Memory of a small server; otherwise Debian's settings.
  const cluster = await startCluster(directory, { shared_buffers: "512MB", max_wal_size: "4GB" });
  try {
    const marker = join(directory, "filled");
    if (!existsSync(marker)) {
      await migrate(cluster.url);
      await database.fill(cluster.url);
      writeFileSync(marker, "");
    }
    return await withLocalStack({ databaseUrl: cluster.url }, measure);
  } finally {
    await cluster.stop();
  }
}

function versionOf({ source }: CachedDatabase): string {
  const directory = join(ROOT, "drizzle/migrations");
  const hash = createHash("sha256");
  for (const file of readdirSync(directory).sort())
    if (file.endsWith(".sql")) hash.update(readFileSync(join(directory, file)));
  return (
    hash
      .update(readFileSync(join(ROOT, source)))
      // Their times end when they were filled, and queries read the last hours and days.
      .update(new Date().toISOString().slice(0, 10))
      .digest("hex")
      .slice(0, 12)
  );
}
