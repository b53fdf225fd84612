import { once } from "node:events";
import { neon, neonConfig, Pool, types } from "@neondatabase/serverless";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { WebSocket } from "ws";
import { startNeonBridge, type NeonBridge } from "../../scripts/local/database/neon-bridge.ts";
import { startPostgres, type EmbeddedPostgres } from "../../scripts/local/database/embedded-postgres.ts";

let postgres: EmbeddedPostgres;
let bridge: NeonBridge;

beforeAll(async () => {
  postgres = await startPostgres();
  bridge = await startNeonBridge({ databaseUrls: [postgres.url] });
  neonConfig.fetchEndpoint = `http://${bridge.address}/sql`;
  neonConfig.wsProxy = (host, port) => `${bridge.address}/v2?address=${host}:${port}`;
  neonConfig.useSecureWebSocket = false;
  neonConfig.pipelineConnect = false;
  neonConfig.webSocketConstructor = WebSocket;
});

afterAll(async () => {
  await bridge.close();
  await postgres.stop();
});

async function connected(): Promise<Client> {
  const client = new Client({ connectionString: postgres.url });
  client.on("error", () => {});
  await client.connect();
  return client;
}

describe("the embedded Postgres", () => {
  it("serves concurrent clients, each with its own statement", async () => {
    const clients = await Promise.all(Array.from({ length: 12 }, connected));
    const results = await Promise.all(
      clients.flatMap((client, n) => [
        client.query("SELECT $1::int AS n", [n]),
        client.query("SELECT $1::text AS n", [`text ${n}`]),
      ]),
    );
    expect(results.map(({ rows }) => (rows[0] as { n: unknown }).n)).toEqual(
      clients.flatMap((_, n) => [n, `text ${n}`]),
    );
    await Promise.all(clients.map((client) => client.end()));
  });

  it("isolates a transaction and rolls back what a client leaves open", async () => {
    const [leaving, staying] = [await connected(), await connected()];
    await leaving.query("CREATE TABLE kept (n int)");
    await leaving.query("BEGIN");
    await leaving.query("INSERT INTO kept VALUES (1)");
    const count = staying.query<{ count: string }>("SELECT count(*) FROM kept");
    leaving.connection.stream.destroy();
    expect((await count).rows[0]?.count).toBe("0");
    await staying.query("DROP TABLE kept");
    await staying.end();
  });

  it("continues after an error within a unit", async () => {
    const client = await connected();
    await expect(client.query("SELECT $1::int / 0", [1])).rejects.toMatchObject({ code: "22012" });
    await expect(client.query("SELEC $1", [1])).rejects.toMatchObject({ code: "42601" });
    expect((await client.query("SELECT $1::int AS n", [1])).rows).toEqual([{ n: 1 }]);
    await client.end();
  });

  it("passes parameters and rows of several megabytes", async () => {
    const client = await connected();
    const long = "x".repeat(8_000_000);
    const { rows } = await client.query<{ back: string }>("SELECT $1::text AS back", [long]);
    expect(rows[0]?.back === long).toBe(true);
    await client.end();
  });

  it("closes connections that are not the Postgres protocol", async () => {
    const response = fetch(`http://127.0.0.1:${postgres.port}/`);
    await expect(response).rejects.toThrow();
  });
});

describe("the bridge over HTTP", () => {
  it("returns rows in the format of Neon", async () => {
    const sql = neon(postgres.url, { fullResults: true });
    const result = await sql.query(
      "SELECT $1::int AS n, now() AS at, '{\"a\":[1]}'::jsonb AS j, NULL AS none",
      [7],
    );
    expect(result).toMatchObject({ command: "SELECT", rowCount: 1 });
    expect(result.rows[0]).toMatchObject({ n: 7, j: { a: [1] }, none: null });
    expect(result.fields.map(({ name, dataTypeID }) => [name, dataTypeID])).toContainEqual([
      "n",
      types.builtins.INT4,
    ]);
  });

  it("runs a batch as one transaction with the requested isolation", async () => {
    const sql = neon(postgres.url);
    await sql.query("CREATE TABLE batch (n int PRIMARY KEY)");
    const insert = () => sql.query("INSERT INTO batch VALUES ($1)", [1]);
    await expect(sql.transaction([insert(), insert()])).rejects.toMatchObject({
      code: "23505",
      table: "batch",
    });
    expect(await sql.query("SELECT * FROM batch")).toEqual([]);
    const level = sql.query("SELECT current_setting('transaction_isolation') AS level");
    expect(await sql.transaction([level], { isolationLevel: "Serializable", readOnly: true })).toEqual([
      [{ level: "serializable" }],
    ]);
    await expect(sql.transaction([insert()], { readOnly: true })).rejects.toMatchObject({ code: "25006" });
    await sql.query("DROP TABLE batch");
  });

  it("rejects two statements in one query, as Neon does", async () => {
    await expect(neon(postgres.url).query("SELECT 1; SELECT 2")).rejects.toMatchObject({ code: "42601" });
  });

  it("reaches only the given databases", async () => {
    const other = neon(postgres.url.replace(/:\d+\//, ":9/"));
    await expect(other.query("SELECT 1")).rejects.toThrow("does not know this database");
  });

  it("rejects browsers", async () => {
    const asked = await fetch(`http://${bridge.address}/sql`, {
      method: "POST",
      headers: { origin: "https://evil.example", "neon-connection-string": postgres.url },
      body: JSON.stringify({ query: "SELECT 1" }),
    });
    expect(asked.status).toBe(404);
    const socket = new WebSocket(`ws://${bridge.address}/v2?address=127.0.0.1:${postgres.port}`, {
      origin: "https://evil.example",
    });
    const [error] = (await once(socket, "error")) as [Error];
    expect(error.message).toContain("404");
  });
});

it("the bridge over WebSocket carries an interactive transaction", async () => {
  const pool = new Pool({ connectionString: postgres.url });
  const client = await pool.connect();
  await client.query("BEGIN");
  await client.query("SELECT pg_advisory_xact_lock(1)");
  const { rows } = await client.query<{ n: number }>("SELECT $1::int AS n", [3]);
  await client.query("COMMIT");
  client.release();
  await pool.end();
  expect(rows).toEqual([{ n: 3 }]);
});

it("the bridge over WebSocket reports an unreachable database as a Postgres error", async () => {
  const gone = await startNeonBridge({ databaseUrls: ["postgresql://nexus@127.0.0.1:9/nexus"] });
  vi.spyOn(neonConfig, "wsProxy", "get").mockReturnValue(
    (host, port) => `${gone.address}/v2?address=${host}:${port}`,
  );
  const pool = new Pool({ connectionString: "postgresql://nexus@127.0.0.1:9/nexus" });
  await expect(pool.query("SELECT 1")).rejects.toMatchObject({
    code: "08001",
    message: expect.stringContaining("127.0.0.1:9") as string,
  });
  vi.restoreAllMocks();
  await pool.end();
  await gone.close();
});
