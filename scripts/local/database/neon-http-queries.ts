/**
 * Neon's SQL over HTTP, executed by `pg`: one query `{query, params}` or an atomic batch `{queries: […]}` whose
 * transaction is described by the `Neon-Batch-*` headers. Rows come as arrays or objects (`Neon-Array-Mode`), values as
 * Postgres' own text (`Neon-Raw-Text-Output`) or parsed. A Postgres error is 400 with the error's fields.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { DatabaseError, Pool, type FieldDef, type PoolClient, type QueryConfig } from "pg";
import { parseIntoClientConfig } from "pg-connection-string";
import { addressOf, withExplicitTls, type PostgresTarget } from "./postgres-target.ts";
import { reasonOf } from "../../lib/local-error.ts";

interface Query {
  query: string;
  params?: unknown[];
}
interface Modes {
  rawText: boolean;
  arrayMode: boolean;
}

/** Fields of an error that Neon returns besides the message. */
const ERROR_FIELDS = [
  "severity",
  "code",
  "detail",
  "hint",
  "position",
  "internalPosition",
  "internalQuery",
  "where",
  "schema",
  "table",
  "column",
  "dataType",
  "constraint",
  "file",
  "line",
  "routine",
] as const;
const ISOLATION_LEVELS: Readonly<Record<string, string>> = {
  ReadUncommitted: "READ UNCOMMITTED",
  ReadCommitted: "READ COMMITTED",
  RepeatableRead: "REPEATABLE READ",
  Serializable: "SERIALIZABLE",
};
const MAX_CONNECTIONS = 8;
const CONNECT_TIMEOUT_MS = 10_000;

export class HttpQueries {
  readonly #targets: ReadonlyMap<string, PostgresTarget>;
  readonly #pools = new Map<string, Pool>();

  constructor(targets: ReadonlyMap<string, PostgresTarget>) {
    this.#targets = targets;
  }

  /** Handles one `POST /sql`. Never rejects. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const headers = request.headers;
      const modes = {
        rawText: isOn(headers["neon-raw-text-output"]),
        arrayMode: isOn(headers["neon-array-mode"]),
      };
      const body = JSON.parse(await text(request)) as Query | { queries: Query[] };
      const client = await this.#pool(String(headers["neon-connection-string"])).connect();
      try {
        const result =
          "queries" in body
            ? { results: await runBatch(client, body.queries, beginning(headers), modes) }
            : await run(client, body, modes);
        send(response, 200, result);
      } finally {
        client.release();
      }
    } catch (error) {
      if (error instanceof DatabaseError && !error.code?.startsWith("08"))
        send(response, 400, fieldsOf(error));
      else
        send(response, 503, {
          message: reasonOf(error),
        });
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#pools.values()].map((pool) => pool.end()));
    this.#pools.clear();
  }

  #pool(connectionString: string): Pool {
    const known = this.#pools.get(connectionString);
    if (known) return known;
    const config = parseIntoClientConfig(withExplicitTls(connectionString));
    const target = this.#targets.get(addressOf({ host: config.host ?? "", port: config.port ?? 5432 }));
    if (!target) throw new Error("the bridge does not know this database");
    const pool = new Pool({
      connectionString: withExplicitTls(connectionString),
      max: MAX_CONNECTIONS,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    });
    // An idle connection that breaks is replaced at the next query.
    pool.on("error", () => {});
    this.#pools.set(connectionString, pool);
    return pool;
  }
}

async function run(client: PoolClient, { query, params }: Query, modes: Modes): Promise<object> {
  const config: QueryConfig & { queryMode: "extended"; rowMode?: "array" } = {
    text: query,
    values: params ?? [],
    // As Neon: one statement per query, whether it has parameters or not.
    queryMode: "extended",
    ...(modes.arrayMode ? { rowMode: "array" as const } : {}),
    ...(modes.rawText ? { types: { getTypeParser: () => (value: string) => value } } : {}),
  };
  const result = await client.query(config);
  return {
    fields: result.fields.map((field: FieldDef) => ({ ...field })),
    rows: result.rows as unknown[],
    rowCount: result.rowCount,
    command: result.command,
    rowAsArray: modes.arrayMode,
  };
}

async function runBatch(
  client: PoolClient,
  queries: Query[],
  begin: string,
  modes: Modes,
): Promise<object[]> {
  await client.query(begin);
  try {
    const results: object[] = [];
    for (const query of queries) results.push(await run(client, query, modes));
    await client.query("COMMIT");
    return results;
  } catch (error) {
    await client.query("ROLLBACK").catch(() => {});
    throw error;
  }
}

function beginning(headers: IncomingMessage["headers"]): string {
  const level = ISOLATION_LEVELS[String(headers["neon-batch-isolation-level"])];
  return [
    "BEGIN",
    ...(level ? [`ISOLATION LEVEL ${level}`] : []),
    ...(isOn(headers["neon-batch-read-only"]) ? ["READ ONLY"] : []),
    ...(isOn(headers["neon-batch-deferrable"]) ? ["DEFERRABLE"] : []),
  ].join(" ");
}

function fieldsOf(error: DatabaseError): object {
  return {
    message: error.message,
    ...Object.fromEntries(ERROR_FIELDS.flatMap((name) => (error[name] ? [[name, error[name]]] : []))),
  };
}

function isOn(header: string | string[] | undefined): boolean {
  return header === "true";
}

function send(response: ServerResponse, status: number, body: object): void {
  if (response.destroyed) return;
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}
