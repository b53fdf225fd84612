/**
 * Databases that take minutes to fill, on PostgreSQL as Debian ships it: made once, kept from run to run, and a local world in
 * front of them. Another schema, or another way of filling, is another database.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createLocalWorld, type LocalWorld } from "../../scripts/local/local-stack.ts";
import { migrate } from "../../scripts/local/database/migrate.ts";
import { startUpstream } from "../harness/driver.ts";
import { startCluster } from "../../scripts/local/database/debian-postgres.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

export interface Filling {
  name: string;
  /** The source of what fills it, from the project's root. */
  madeBy: string;
  /** Fills a migrated, empty database. */
  fill(databaseUrl: string): Promise<void>;
}

/** Runs `measure` in a local world whose database was filled so. */
export async function inWorldOver<T>(
  filling: Filling,
  measure: (world: LocalWorld) => Promise<T>,
): Promise<T> {
  const directory = join(tmpdir(), `nexus-bench-${filling.name}-${versionOf(filling)}`);
  // Memory as a small server has it; everything else as Debian ships it.
  const cluster = await startCluster(directory, { shared_buffers: "512MB", max_wal_size: "4GB" });
  const dataDir = mkdtempSync(join(tmpdir(), "nexus-bench-"));
  const upstream = await startUpstream();
  let world: LocalWorld | undefined;
  try {
    const marker = join(directory, "filled");
    if (!existsSync(marker)) {
      await migrate(cluster.url);
      await filling.fill(cluster.url);
      writeFileSync(marker, "");
    }
    world = await createLocalWorld({
      dataDir,
      databaseUrl: cluster.url,
      variables: { CLAUDE_API_BASE_URL: `http://127.0.0.1:${upstream.port}` },
    });
    return await measure(world);
  } finally {
    await world?.stop({ finish: false });
    upstream.child.disconnect();
    await cluster.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

function versionOf({ madeBy }: Filling): string {
  const directory = join(ROOT, "drizzle/migrations");
  const hash = createHash("sha256");
  for (const file of readdirSync(directory).sort())
    if (file.endsWith(".sql")) hash.update(readFileSync(join(directory, file)));
  return (
    hash
      .update(readFileSync(join(ROOT, madeBy)))
      // Their times end when they were filled, and what is asked for are the last hours and days.
      .update(new Date().toISOString().slice(0, 10))
      .digest("hex")
      .slice(0, 12)
  );
}
