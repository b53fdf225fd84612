/**
 * The local stack with faults that can be switched on and off: the product's Worker with fault-injecting bindings, a Postgres behind
 * a relay that can be down or slow, and a fake Claude. For fault tests and the soak.
 */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { send } from "../../scripts/local/demo/send.ts";
import { startFakeClaude } from "../../scripts/local/fake-claude/server.ts";
import { startLocalStack } from "../../scripts/local/local-stack.ts";
import { bundleWorker } from "../../scripts/local/runtime/wrapped-worker.ts";
import { startPostgres } from "../../scripts/local/database/embedded-postgres.ts";
import type { Status } from "../../workers/schemas/api/status.ts";
import { apiJson } from "./api-calls.ts";
import { preparedDataDirectory } from "./local-stack.ts";
import { makeReadOnly, patchFileSystem } from "./read-only-disk.ts";
import type { WorkerFaults } from "./faults.ts";
import { startFaultyPostgres, type PostgresFault } from "./faulty-postgres.ts";

const WORKER = fileURLToPath(new URL("worker-faults.ts", import.meta.url));
/** Two minutes by default. An exchange that is enqueued twice is stored once. */
const SWEEP_AFTER_MS = 3_000;

export interface Faults extends WorkerFaults {
  POSTGRES?: PostgresFault;
  /** Of the Postgres. */
  DISK?: "read-only";
}

export type FaultyStack = Awaited<ReturnType<typeof startFaultyStack>>;

export async function startFaultyStack() {
  const dataDir = await preparedDataDirectory();
  const claude = await startFakeClaude({ seed: "faults" });
  const postgresDir = join(dataDir, "postgres");
  patchFileSystem();
  const lines: string[] = [];
  const postgres = await startPostgres({ dataDir: postgresDir, log: (line) => void lines.push(line) });
  const relay = await startFaultyPostgres(postgres.url);
  const stack = await startLocalStack({
    dataDir: join(dataDir, "stack"),
    databaseUrl: relay.url,
    workerBundle: await bundleWorker(WORKER, join(dataDir, "worker")),
    variables: { CLAUDE_API_BASE_URL: claude.url, SWEEP_AFTER_MS: String(SWEEP_AFTER_MS) },
    log: (level, line) => {
      if (level === "warn" || level === "error") lines.push(line);
    },
  });
  return {
    ...stack,
    claude,
    /** Warnings and errors of the Worker, and what the Postgres logs. */
    lines,
    /** Holds the process id of workerd. */
    pidFile: join(dataDir, "stack", "workerd.pid"),
    /** The Postgres itself, without the relay. */
    directDatabaseUrl: postgres.url,
    /** Replaces the current faults. */
    async setFaults({ POSTGRES, DISK, ...worker }: Faults) {
      relay.setFault(POSTGRES ?? null);
      makeReadOnly(postgresDir, DISK === "read-only");
      const { status, body } = await send({
        baseUrl: stack.proxyUrl,
        method: "POST",
        path: "/",
        host: "faults.test",
        headers: {},
        body: JSON.stringify(worker),
      });
      if (status !== 200) throw new Error(`the faults were not set: ${status} ${body.toString()}`);
    },
    status: () => apiJson<Status>(stack, "/api/status"),
    async stop(options?: { finish?: boolean }) {
      makeReadOnly(postgresDir, false);
      await stack.stop(options);
      await claude.stop();
      await relay.stop();
      await postgres.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
