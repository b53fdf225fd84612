/**
 * An embedded Postgres per process of workerd tests, created when first needed and reused by the next process. Files empty the database
 * (test/support/worker-database.ts), so two must not share one at a time. Runs in Vitest's own process, from vitest.config.ts.
 */
import { cloudflarePool } from "@cloudflare/vitest-plugin";
import type { Plugin } from "vitest/config";
import { migrate } from "../../scripts/local/database/migrate.ts";
import { startNeonBridge } from "../../scripts/local/database/neon-bridge.ts";
import { startPostgres } from "../../scripts/local/database/embedded-postgres.ts";

export interface WorkerDatabase {
  databaseUrl: string;
  neonBridge: string;
}

interface PooledDatabase extends WorkerDatabase {
  isTaken: boolean;
  close(): Promise<void>;
}

type PoolRunner = ReturnType<typeof cloudflarePool>;
type OptionsOf = Extract<Parameters<typeof cloudflarePool>[0], (context: never) => unknown>;
type OptionsForDatabase = (
  database: WorkerDatabase,
  context: Parameters<OptionsOf>[0],
) => Awaited<ReturnType<OptionsOf>>;

/** A plugin after `cloudflareTest`: each worker starts with `optionsFor` the database that it gets. */
export function databasePerWorker(optionsFor: OptionsForDatabase): Plugin {
  const databases: PooledDatabase[] = [];
  return {
    name: "database-per-worker",
    configureVitest({ project, vitest }) {
      project.config.poolRunner = poolWithDatabases(databases, optionsFor);
      vitest.onClose(async () => {
        await Promise.all(databases.splice(0).map((database) => database.close()));
      });
    },
  };
}

/** A pool whose workers claim a database before they start and return it when they have stopped. */
function poolWithDatabases(databases: PooledDatabase[], optionsFor: OptionsForDatabase): PoolRunner {
  return {
    name: cloudflarePool({}).name,
    createPoolWorker(given) {
      let database: PooledDatabase | undefined;
      const worker = cloudflarePool(async (context) => {
        database ??= await claimDatabase(databases);
        return optionsFor(database, context);
      }).createPoolWorker(given);
      const stop = worker.stop.bind(worker);
      worker.stop = async () => {
        await stop();
        if (database) database.isTaken = false;
        database = undefined;
      };
      return worker;
    },
  };
}

async function claimDatabase(databases: PooledDatabase[]): Promise<PooledDatabase> {
  const free = databases.find(({ isTaken }) => !isTaken);
  if (free) {
    free.isTaken = true;
    return free;
  }
  const postgres = await startPostgres();
  await migrate(postgres.url);
  const bridge = await startNeonBridge({ databaseUrls: [postgres.url] });
  const database: PooledDatabase = {
    databaseUrl: postgres.url,
    neonBridge: bridge.address,
    isTaken: true,
    async close() {
      await bridge.close();
      await postgres.stop();
    },
  };
  databases.push(database);
  return database;
}
