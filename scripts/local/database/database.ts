/** The local stack's Postgres: checked, migrated, and with a bridge for the Worker's Neon driver. */
import { join } from "node:path";
import { LocalStackError, reasonOf } from "../../lib/local-error.ts";
import { migrate } from "./migrate.ts";
import { startNeonBridge } from "./neon-bridge.ts";
import { startPostgres } from "./embedded-postgres.ts";
import { addressOf, postgresTarget } from "./postgres-target.ts";

export interface LocalDatabase {
  url: string;
  /** `127.0.0.1:port`, the value of NEON_BRIDGE. */
  bridge: string;
  stop(): Promise<void>;
}

export interface LocalDatabaseOptions {
  /** Directory of the embedded database. */
  dataDir: string;
  /** Replaces the embedded database. */
  databaseUrl?: string | undefined;
  readonlyUrl?: string | undefined;
  /** Port of the embedded database and of the bridge; absent: free ones. */
  postgresPort?: number;
  bridgePort?: number;
  /** Receives a line when the embedded database fails and when it is open again. */
  log?: (line: string) => void;
}

/** Opens and migrates the database and starts the bridge. Rejects with a LocalStackError that names the unusable part. */
export async function openDatabase(options: LocalDatabaseOptions): Promise<LocalDatabase> {
  const readonlyUrls = options.readonlyUrl ? [checked("DATABASE_READONLY_URL", options.readonlyUrl)] : [];
  const embedded = options.databaseUrl === undefined ? await startEmbedded(options) : null;
  const url = embedded?.url ?? checked("DATABASE_URL", options.databaseUrl ?? "");
  try {
    await migrate(url).catch((error: unknown) => {
      throw embedded ? error : unusable(url, error);
    });
    const bridge = await startNeonBridge({
      databaseUrls: [url, ...readonlyUrls],
      ...(options.bridgePort === undefined ? {} : { port: options.bridgePort }),
    });
    return {
      url,
      bridge: bridge.address,
      async stop() {
        await bridge.close();
        await embedded?.stop();
      },
    };
  } catch (error) {
    await embedded?.stop();
    throw error;
  }
}

async function startEmbedded(options: LocalDatabaseOptions) {
  const dataDir = join(options.dataDir, "postgres");
  try {
    return await startPostgres({
      dataDir,
      ...(options.postgresPort === undefined ? {} : { port: options.postgresPort }),
      ...(options.log && { log: options.log }),
    });
  } catch (error) {
    throw new LocalStackError(
      `The embedded Postgres in ${dataDir} cannot be opened (${reasonOf(error)}). Restore the directory, or set DATA_DIR or DATABASE_URL to use another database.`,
    );
  }
}

function checked(variable: string, url: string): string {
  try {
    postgresTarget(url);
    return url;
  } catch (error) {
    throw new LocalStackError(`${variable} cannot be used: ${reasonOf(error)}.`);
  }
}

function unusable(url: string, error: unknown): LocalStackError {
  const isUntrusted = /certificate/i.test(reasonOf(error));
  const advice = isUntrusted ? " With sslmode=no-verify its certificate is not checked." : "";
  return new LocalStackError(
    `DATABASE_URL: the Postgres at ${addressOf(postgresTarget(url))} cannot be used (${reasonOf(error)}).${advice}`,
  );
}
