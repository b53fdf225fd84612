/**
 * Before the end-to-end tests: builds the product, so that no local stack has to, and prepares a data directory with a migrated
 * database, of which each stack gets a copy.
 */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { build } from "../../scripts/lib/build.ts";
import { startPostgres } from "../../scripts/local/database/embedded-postgres.ts";
import { migrate } from "../../scripts/local/database/migrate.ts";
import { PREPARED_DATA, temporaryDirectory } from "./local-stack.ts";

export async function setup(): Promise<() => Promise<void>> {
  await build();
  const directory = await temporaryDirectory();
  const postgres = await startPostgres({ dataDir: join(directory, "postgres") });
  await migrate(postgres.url);
  await postgres.stop();
  process.env[PREPARED_DATA] = directory;
  return () => rm(directory, { recursive: true, force: true });
}
