/**
 * Access to Postgres. A writer gets a WebSocket connection for one event (Workers cannot share sockets between events), with
 * interactive transactions and advisory locks. A reader uses HTTP, one round trip per query or `batch`. Both connect to
 * Neon, or to the bridge named by NEON_BRIDGE. Statements are logged without parameters.
 */
import { neon, neonConfig, Pool, type Client } from "@neondatabase/serverless";
import { drizzle as drizzleOverHttp, type NeonHttpDatabase } from "drizzle-orm/neon-http";
import { drizzle as drizzleOverSocket, type NeonDatabase } from "drizzle-orm/neon-serverless";
import * as schema from "../../../drizzle/schema.ts";
import type { Config } from "../../runtime/config.ts";
import {
  DATABASE_CLOSE_TIMEOUT_MS,
  DATABASE_CONNECT_TIMEOUT_MS,
  DATABASE_STATEMENT_TIMEOUT_MS,
  MAX_WRITER_CONNECTIONS,
} from "../../runtime/constants.ts";
import { databaseError, DatabaseUnavailableError } from "./errors.ts";
import { pipelineStatements } from "./pipelining.ts";
import { logStatement, type StatementLogConfig } from "./statement-log.ts";

export type DatabaseConfig = StatementLogConfig &
  Pick<Config, "DATABASE_URL" | "DATABASE_READONLY_URL" | "NEON_BRIDGE">;
export type Writer = NeonDatabase<typeof schema> & { $client: Pool };
export type Reader = NeonHttpDatabase<typeof schema>;
/** A connection checked out of the pool. */
type Connection = Client & { release(destroy?: boolean): void };
/** The argument of `db.transaction(async (tx) => …)`; a Writer also satisfies it. */
export type WriterTransaction = Parameters<Parameters<Writer["transaction"]>[0]>[0];

/**
 * Runs `work` with a connection of the writing role and closes it afterwards in any case. Rejects as `work` does, except that
 * database errors pass through `databaseError`: `DatabaseUnavailableError` when a retry later makes sense, else the
 * driver's error with its SQLSTATE in `code`.
 */
export async function withWriter<T>(config: DatabaseConfig, work: (db: Writer) => Promise<T>): Promise<T> {
  configureDriver(config);
  const connections = new Connections(config);
  try {
    return await work(drizzleOverSocket(connections.pool, { schema }));
  } catch (thrown) {
    // After a lost connection, drizzle's ROLLBACK fails too and would hide the cause.
    throw connections.lost ?? databaseError(thrown, config.DATABASE_URL);
  } finally {
    await connections.close();
  }
}

/** Thrown to roll back a dry run. */
class DryRun<T> extends Error {
  readonly result: T;
  constructor(result: T) {
    super("a dry run changes nothing");
    this.result = result;
  }
}

/** `db.transaction`. With `dryRun` it is rolled back after `work`, whose result is returned all the same. */
export async function transaction<T>(
  db: Writer,
  { dryRun }: { dryRun: boolean },
  work: (tx: WriterTransaction) => Promise<T>,
): Promise<T> {
  try {
    return await db.transaction(async (tx) => {
      const result = await work(tx);
      if (dryRun) throw new DryRun(result);
      return result;
    });
  } catch (thrown) {
    if (thrown instanceof DryRun) return (thrown as DryRun<T>).result;
    throw thrown;
  }
}

/**
 * The reading role over HTTP; cheap to create, holds no connection. `db.batch([...])` runs several queries in one round trip
 * and one snapshot. Its errors are drizzle's, whose message contains the parameters: pass them through `databaseError`
 * (or `errorText`, which removes them) before logging.
 */
export function reader(config: DatabaseConfig): Reader {
  configureDriver(config);
  const client = neon(config.DATABASE_READONLY_URL ?? config.DATABASE_URL);
  return drizzleOverHttp(client, { schema });
}

/** `reader` for one piece of work, with errors as `withWriter` has them. */
export async function withReader<T>(config: DatabaseConfig, work: (db: Reader) => Promise<T>): Promise<T> {
  try {
    return await work(reader(config));
  } catch (thrown) {
    throw databaseError(thrown, config.DATABASE_READONLY_URL ?? config.DATABASE_URL);
  }
}

/** `withReader` on the primary, which has every commit: one HTTP round trip per statement, no connection to open. */
export function withPrimary<T>(config: DatabaseConfig, work: (db: Reader) => Promise<T>): Promise<T> {
  return withReader({ ...config, DATABASE_READONLY_URL: undefined }, work);
}

/** The driver has one configuration per isolate; all events of an isolate share one environment, so overwriting it is safe. */
function configureDriver(config: DatabaseConfig): void {
  const bridge = config.NEON_BRIDGE;
  if (bridge) {
    neonConfig.fetchEndpoint = `http://${bridge}/sql`;
    neonConfig.wsProxy = (host, port) => `${bridge}/v2?address=${encodeURIComponent(`${host}:${port}`)}`;
    neonConfig.useSecureWebSocket = false;
    neonConfig.pipelineConnect = false;
  }
  neonConfig.fetchFunction = async (url: string, init: RequestInit & { body: string }) => {
    const started = Date.now();
    try {
      return await fetch(url, { ...init, signal: AbortSignal.timeout(DATABASE_STATEMENT_TIMEOUT_MS) });
    } finally {
      logStatement(config, Date.now() - started, () => statementsOf(init.body));
    }
  };
}

/** The statement texts of a `POST /sql` body. */
function statementsOf(body: string): string {
  const parsed = JSON.parse(body) as { query: string } | { queries: { query: string }[] };
  return "queries" in parsed ? parsed.queries.map(({ query }) => query).join("; ") : parsed.query;
}

/** The pool of one event. A statement that times out closes its connection, so that nothing queues behind it. */
class Connections {
  readonly pool: Pool;
  /** The error of the first lost connection, if any. */
  lost: DatabaseUnavailableError | undefined;
  readonly #config: DatabaseConfig;
  readonly #inUse = new Set<Connection>();

  constructor(config: DatabaseConfig) {
    this.#config = config;
    this.pool = new Pool({
      connectionString: config.DATABASE_URL,
      max: MAX_WRITER_CONNECTIONS,
      connectionTimeoutMillis: DATABASE_CONNECT_TIMEOUT_MS,
      query_timeout: DATABASE_STATEMENT_TIMEOUT_MS,
      application_name: "nexus",
    });
    this.pool.on("error", (error: unknown, client: Connection) => this.#failed(error, client));
    this.pool.on("acquire", (client: Connection) => this.#inUse.add(client));
    this.pool.on("release", (_error: unknown, client: Connection) => this.#inUse.delete(client));
    this.pool.on("connect", (client: Connection) => {
      // Without a listener, a connection that breaks between two statements throws an uncaught exception.
      client.on("error", (error: unknown) => this.#failed(error, client));
      this.#watch(client);
    });
  }

  /** Closes every connection, including those that a failed BEGIN left checked out. Does not wait for an unreachable server. */
  async close(): Promise<void> {
    for (const client of [...this.#inUse]) client.release(true);
    let timer: ReturnType<typeof setTimeout> | undefined;
    const waited = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, DATABASE_CLOSE_TIMEOUT_MS);
    });
    await Promise.race([this.pool.end().catch(() => {}), waited]);
    clearTimeout(timer);
  }

  /** Ends a connection whose statement failed for lack of a response, so that queued statements fail at once. */
  #failed(thrown: unknown, client: Connection): void {
    const error = databaseError(thrown, this.#config.DATABASE_URL);
    if (!(error instanceof DatabaseUnavailableError)) return;
    this.lost ??= error;
    void client.end();
  }

  /** Times and logs every statement of a connection. The pool passes a callback, a transaction awaits a promise. */
  #watch(client: Connection): void {
    const query = client.query.bind(client) as (...args: unknown[]) => unknown;
    const isAwaited = pipelineStatements(client);
    const watched = (...args: unknown[]): unknown => {
      const started = Date.now();
      const isPipelined = isAwaited();
      const done = (error: unknown) => {
        logStatement(this.#config, Date.now() - started, () => statementText(args[0]), isPipelined);
        if (error) this.#failed(error, client);
      };
      const callback = args.at(-1);
      if (typeof callback === "function") {
        const loggedCallback = (error: unknown, ...rest: unknown[]) => {
          done(error);
          (callback as (...results: unknown[]) => void)(error, ...rest);
        };
        return query(...args.slice(0, -1), loggedCallback);
      }
      const result = query(...args) as Promise<unknown>;
      const logged = result.then(
        (rows) => {
          done(null);
          return rows;
        },
        (error: unknown) => {
          done(error);
          throw error;
        },
      );
      if (statementText(args[0]).trim() !== "begin") return logged;
      // The first statement of a transaction is sent with it. Where it fails, so does the connection, and with it that statement.
      logged.catch(() => void client.end());
      return Promise.resolve({ rows: [] });
    };
    client.query = watched as typeof client.query;
  }
}

function statementText(query: unknown): string {
  return typeof query === "string" ? query : (query as { text: string }).text;
}
