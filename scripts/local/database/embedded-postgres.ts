/**
 * The embedded Postgres of the local stack and the tests: PGlite (PostgreSQL in WebAssembly) behind a loopback port
 * that speaks the Postgres wire protocol, so that `pg`, psql and the Neon bridge reach it like any other server.
 */
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { PGlite } from "@electric-sql/pglite";
import { dataDir as emptyCluster } from "@electric-sql/pglite-prepopulatedfs";
import { RestartablePglite } from "./restartable-pglite.ts";
import { serveWire } from "./wire-server.ts";

export interface EmbeddedPostgres {
  /** Connection string for clients on this machine, with a password of this start. */
  url: string;
  port: number;
  /** Closes connections and flushes everything to disk. */
  stop(): Promise<void>;
}

export interface EmbeddedPostgresOptions {
  /** Data directory; absent: in memory. */
  dataDir?: string;
  /** 0 or absent: a free port. */
  port?: number;
  /** Receives a line when the database fails and when it is open again. */
  log?: (line: string) => void;
}

/** PGlite's own, with smaller buffers: 128 MB is Postgres' default for a server with many clients. */
const startParams = [...PGlite.defaultStartParams, "-c", "shared_buffers=16MB"];

/** Opens or creates the database and serves it. Rejects when the directory is unusable or the port is taken. */
export async function startPostgres(options: EmbeddedPostgresOptions = {}): Promise<EmbeddedPostgres> {
  const { dataDir, port, log = () => {} } = options;
  const session = new RestartablePglite(await open(dataDir), { open: () => open(dataDir), dataDir, log });
  const password = randomBytes(24).toString("base64url");
  const serving = serveWire(session, { password, ...(port === undefined ? {} : { port }) });
  const wire = await serving.catch(async (error: unknown) => {
    await session.close();
    throw error;
  });
  return {
    url: `postgresql://postgres:${password}@127.0.0.1:${wire.port}/postgres`,
    port: wire.port,
    async stop() {
      await wire.close();
      await session.close();
    },
  };
}

/** Opens the database; a new one is unpacked from a prepared cluster, because initdb in WebAssembly takes 5 s. */
async function open(dataDir: string | undefined): Promise<PGlite> {
  if (dataDir === undefined) return PGlite.create({ startParams, loadDataDir: await emptyCluster() });
  // Present while a cluster is unpacked: what a killed process has left is unpacked again.
  const unpacking = `${dataDir}.unpacking`;
  if (existsSync(unpacking)) await rm(dataDir, { recursive: true, force: true });
  if (existsSync(join(dataDir, "PG_VERSION"))) return PGlite.create({ dataDir, startParams });
  await mkdir(dirname(dataDir), { recursive: true });
  await writeFile(unpacking, "");
  const db = await PGlite.create({ dataDir, startParams, loadDataDir: await emptyCluster() });
  await rm(unpacking);
  return db;
}
