/**
 * The embedded Postgres of the local world and the tests: PGlite (PostgreSQL in WebAssembly) behind a loopback port
 * that speaks the Postgres wire protocol, so that `pg`, psql and the Neon bridge reach it like any other server.
 */
import { PGlite } from "@electric-sql/pglite";
import { hasPanic, startupMessage } from "./wire-messages.ts";
import { serveWire, type Session } from "./wire-server.ts";

export interface EmbeddedPostgres {
  /** Connection string for clients on this machine. */
  url: string;
  port: number;
  /** Ends connections and writes everything down. */
  stop(): Promise<void>;
}

export interface EmbeddedPostgresOptions {
  /** Where the data lives; absent: in memory. */
  dataDir?: string;
  /** 0 or absent: a free port. */
  port?: number;
}

/** Opens (or makes) the database and serves it. Rejects when the directory is unusable or the port taken. */
export async function startPostgres(options: EmbeddedPostgresOptions = {}): Promise<EmbeddedPostgres> {
  const { dataDir, port } = options;
  const session = new LastingSession(await open(dataDir), () => open(dataDir));
  const wire = await serveWire(session, port === undefined ? {} : { port }).catch(async (error: unknown) => {
    await session.close();
    throw error;
  });
  return {
    url: `postgresql://postgres@127.0.0.1:${wire.port}/postgres`,
    port: wire.port,
    async stop() {
      await wire.close();
      await session.close();
    },
  };
}

function open(dataDir: string | undefined): Promise<PGlite> {
  return PGlite.create(dataDir === undefined ? {} : { dataDir });
}

/** A database that could not be opened is not tried again sooner. */
const REOPEN_INTERVAL_MS = 1_000;

/**
 * A PGlite that is opened anew after a PANIC, which is what Postgres calls it when its disk is read-only, full or broken. A
 * server's postmaster would start it again; a PGlite asked after its PANIC loops for ever.
 */
class LastingSession implements Session {
  #db: PGlite | null;
  readonly #open: () => Promise<PGlite>;
  #failure: { at: number; reason: string } | null = null;

  constructor(db: PGlite, open: () => Promise<PGlite>) {
    this.#db = db;
    this.#open = open;
  }

  /** Callers take turns (wire-server.ts), so that it is opened once. */
  async execProtocolRaw(messages: Uint8Array): Promise<Uint8Array> {
    const db = this.#db ?? (await this.#reopened());
    const answer = await db.execProtocolRaw(messages);
    // Not closed: that would write, and loop likewise. Its memory is lost.
    if (hasPanic(answer)) this.#db = null;
    return answer;
  }

  async close(): Promise<void> {
    await this.#db?.close();
  }

  async #reopened(): Promise<PGlite> {
    if (!this.#failure || Date.now() - this.#failure.at >= REOPEN_INTERVAL_MS) {
      try {
        const db = await this.#open();
        await db.execProtocolRaw(startupMessage());
        this.#failure = null;
        this.#db = db;
        return db;
      } catch (error) {
        this.#failure = { at: Date.now(), reason: error instanceof Error ? error.message : String(error) };
      }
    }
    throw new Error(`the embedded Postgres broke down and cannot be opened again: ${this.#failure.reason}`);
  }
}
