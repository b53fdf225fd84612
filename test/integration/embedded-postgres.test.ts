/** The embedded Postgres: its password, when its disk becomes read-only while it runs, and after a process killed while it created the database. */
import { cp, mkdir, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { Client } from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startNeonBridge } from "../../scripts/local/database/neon-bridge.ts";
import { queryMessage, startupMessage } from "../../scripts/local/database/wire-messages.ts";
import { startPostgres, type EmbeddedPostgres } from "../../scripts/local/database/embedded-postgres.ts";
import { isDiskFull, LocalStackError } from "../../scripts/lib/local-error.ts";
import { openDatabase } from "../../scripts/local/database/database.ts";
import { temporaryDirectory } from "../support/local-stack.ts";
import { makeFull, makeReadOnly, patchFileSystem } from "../support/read-only-disk.ts";

let dataDir: string;
let postgres: EmbeddedPostgres;
const lines: string[] = [];
beforeAll(async () => {
  patchFileSystem();
  dataDir = await temporaryDirectory();
  postgres = await startPostgres({ dataDir, log: (line) => lines.push(line) });
});
afterAll(async () => {
  makeReadOnly(dataDir, false);
  await postgres.stop();
  await rm(dataDir, { recursive: true, force: true });
});

async function ask(text: string): Promise<unknown[]> {
  const client = new Client({ connectionString: postgres.url });
  client.on("error", () => undefined);
  await client.connect();
  try {
    return (await client.query(text)).rows as unknown[];
  } finally {
    await client.end().catch(() => undefined);
  }
}

it("requires its password, over the Postgres protocol and over the bridge", async () => {
  const bridge = await startNeonBridge({ databaseUrls: [postgres.url] });
  try {
    const overBridge = async (url: string) => {
      const headers = { "neon-connection-string": url };
      const body = JSON.stringify({ query: "SELECT 1" });
      return (await fetch(`http://${bridge.address}/sql`, { method: "POST", headers, body })).status;
    };
    expect(await overBridge(postgres.url)).toBe(200);
    for (const password of ["", "postgres", "wrong"]) {
      const url = new URL(postgres.url);
      url.password = password;
      const client = new Client({ connectionString: url.href, ...(password === "" && { password: " " }) });
      client.on("error", () => undefined);
      await expect(client.connect()).rejects.toThrow(/password/);
      expect(await overBridge(url.href)).toBeGreaterThanOrEqual(400);
    }
    // A client that sends a query instead.
    const { hostname, port } = new URL(postgres.url);
    const socket = connect(Number(port), hostname);
    socket.write(Buffer.concat([startupMessage(), queryMessage("SELECT 42")]));
    const received: Buffer[] = [];
    for await (const chunk of socket) received.push(chunk as Buffer);
    expect(Buffer.concat(received).toString("latin1")).toMatch(/28P01/);
  } finally {
    await bridge.close();
  }
});

it("reports errors while the disk is read-only, then continues with all committed rows", async () => {
  await ask("CREATE TABLE kept (n int)");
  await ask("INSERT INTO kept VALUES (0)");
  for (let n = 1; n <= 2; n++) {
    // Warm-up: the next statement then fails when it writes the log.
    await ask("UPDATE kept SET n = n + 1");
    makeReadOnly(dataDir);
    await expect(ask("UPDATE kept SET n = -1")).rejects.toThrow(/Read-only file system/);
    await expect(ask("UPDATE kept SET n = -1")).rejects.toThrow();
    await expect(ask("SELECT n FROM kept")).rejects.toThrow(/cannot be opened again yet: .*read-only/);
    makeReadOnly(dataDir, false);
    // The first query after the disk is writable succeeds.
    expect(await ask("SELECT n FROM kept")).toEqual([{ n }]);
  }
  await ask("UPDATE kept SET n = n + 1");
  expect(await ask("SELECT n FROM kept")).toEqual([{ n: 3 }]);
  expect(lines).toEqual([
    expect.stringMatching(/failed: .*Read-only file system/),
    expect.stringMatching(/is open again after [\d.]+ s/),
    expect.stringMatching(/failed: .*Read-only file system/),
    expect.stringMatching(/is open again after [\d.]+ s/),
  ]);
});

it("creates the database again when a killed process has left it half unpacked", async () => {
  const killed = join(await temporaryDirectory(), "postgres");
  await mkdir(killed);
  await cp(join(dataDir, "PG_VERSION"), join(killed, "PG_VERSION"));
  await writeFile(`${killed}.unpacking`, "");
  for (const n of [1, 2]) {
    const opened = await startPostgres({ dataDir: killed });
    const client = new Client({ connectionString: opened.url });
    await client.connect();
    await client.query("CREATE TABLE IF NOT EXISTS kept (n int)");
    const { rows } = await client.query(
      "INSERT INTO kept VALUES (1) RETURNING (SELECT count(*)::int + 1 FROM kept) AS n",
    );
    expect(rows).toEqual([{ n }]);
    await client.end();
    await opened.stop();
  }
  await rm(join(killed, ".."), { recursive: true });
});

it("says that the disk is full when it cannot be created, and is created when there is space", async () => {
  const directory = await temporaryDirectory();
  makeFull(join(directory, "postgres/"));
  const refused = await openDatabase({ dataDir: directory }).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(LocalStackError);
  expect((refused as Error).message).toMatch(/^The embedded Postgres [^\n]*no space left on device[^\n]*$/);
  expect(isDiskFull(refused)).toBe(true);
  makeReadOnly(join(directory, "postgres/"), false);
  await (await openDatabase({ dataDir: directory })).stop();
  await rm(directory, { recursive: true, force: true });
});
