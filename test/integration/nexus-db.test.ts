/** `npx nexus db` and the migrations behind it, on a real PostgreSQL that other sessions use. */
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { withClient } from "../../scripts/local/database/client.ts";
import { type Cluster, findPostgres, startCluster } from "../../scripts/local/database/debian-postgres.ts";
import { migrate, MIGRATIONS } from "../../scripts/local/database/migrate.ts";
import { temporaryDirectory } from "../support/local-stack.ts";
import { waitUntil } from "../support/wait.ts";
import { nexus } from "../support/nexus-command.ts";

const journal = JSON.parse(readFileSync(join(MIGRATIONS, "meta/_journal.json"), "utf8")) as {
  entries: { idx: number; when: number; tag: string }[];
};
const total = journal.entries.length;

describe.skipIf(!findPostgres())("a database", () => {
  let cluster: Cluster;
  let directory: string;
  let files: string;
  let url: string;
  let made = 0;

  beforeAll(async () => {
    [directory, files] = [await temporaryDirectory(), await temporaryDirectory()];
    cluster = await startCluster(directory, { fsync: "off" });
    await sql("CREATE ROLE writer; CREATE ROLE reader; CREATE DATABASE migrated", cluster.url);
    await migrate(withName("migrated"));
  });
  beforeEach(async () => {
    await sql(`CREATE DATABASE d${++made} TEMPLATE migrated`, cluster.url);
    url = withName(`d${made}`);
  });
  afterAll(async () => {
    await cluster.stop();
    for (const one of [directory, files]) await rm(one, { recursive: true, force: true });
  });

  const withName = (name: string) => Object.assign(new URL(cluster.url), { pathname: `/${name}` }).href;
  const sql = (text: string, at = url) =>
    withClient(at, async (client) => {
      for (const statement of text.split("; ")) await client.query(statement);
    });
  const db = (...words: string[]) => nexus(["db", ...words], { DATABASE_URL: url });

  /** A folder with one more migration. */
  function withMigration(text: string): string {
    const folder = join(files, `migrations-${made}`);
    cpSync(MIGRATIONS, folder, { recursive: true });
    const next = { ...journal.entries.at(-1)!, idx: total, when: Date.now() + 1e9, tag: "9999_more" };
    writeFileSync(
      join(folder, "meta/_journal.json"),
      JSON.stringify({ entries: [...journal.entries, next] }),
    );
    writeFileSync(join(folder, "9999_more.sql"), text);
    return folder;
  }

  it("is migrated, granted and found right, by commands that say so", async () => {
    await sql("CREATE DATABASE empty", cluster.url);
    url = withName("empty");
    const before = await db("status");
    expect([before.code, before.stdout.split("\n").length]).toEqual([1, total + 2]);
    expect(before.stdout).toMatch(/^0 applied\npending: 0000_first\n/);
    const migrated = await db("migrate", "--writer", "writer", "--reader", "reader");
    expect(migrated).toMatchObject({ code: 0, stderr: "" });
    expect(migrated.stdout).toMatch(
      new RegExp(`^Applied ${total} migration.*\nGranted writer .*\nGranted reader `),
    );
    expect((await db("status")).stdout).toBe(
      `${total} applied, the newest is ${journal.entries.at(-1)!.tag}\n`,
    );
    expect(await db("check", "--writer", "writer", "--reader", "reader")).toMatchObject({
      code: 0,
      stdout: "The database is as it should be.\n",
    });
  });

  it("is checked for each difference", async () => {
    await sql(
      `ALTER TABLE domains ADD COLUMN mine int; ALTER TABLE accounts ALTER COLUMN credential_type DROP NOT NULL; DROP INDEX sessions_expiry; ALTER TABLE audit_log DROP COLUMN details; CREATE TABLE mine (id int); UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'domains_pkey'::regclass`,
    );
    const { code, stdout } = await db("check", "--writer", "writer", "--json");
    const { problems } = JSON.parse(stdout) as { problems: string[] };
    expect(code).toBe(1);
    expect(problems.filter((one) => !one.startsWith("writer lacks")).sort()).toEqual([
      "accounts.credential_type is text, expected text not null",
      "audit_log.details is missing",
      "domains.mine is none of this version's",
      "index domains_pkey is invalid, expected valid",
      "index sessions_expiry is missing",
    ]);
    expect(problems).toContain("writer lacks INSERT on requests");
    expect(problems.join()).not.toMatch(/(UPDATE|DELETE) on audit_log/);
  });

  it("is not migrated where it cannot be reached, with one line", async () => {
    const ran = await nexus(["db", "migrate"], { DATABASE_URL: "postgres://u:secret@127.0.0.1:1/x" });
    expect(ran).toMatchObject({ code: 1, stdout: "" });
    expect(ran.stderr).toMatch(/^nexus: the database: .*ECONNREFUSED.*\n$/);
    expect((await nexus(["db", "status"])).stderr).toMatch(/DATABASE_URL is not set/);
  });

  it("in use gets a migration once its locks are free, and no one waits behind it", async () => {
    const folder = withMigration("ALTER TABLE domains ADD COLUMN more int;");
    const tries: string[] = [];
    await withClient(url, async (other) => {
      await other.query("BEGIN");
      await other.query("LOCK TABLE domains IN ACCESS SHARE MODE");
      let freed: Promise<unknown> | undefined;
      const log = (line: string) => {
        // After the second try.
        if (tries.push(line) === 2) freed = other.query("COMMIT");
      };
      expect(await migrate(url, { folder, lockTimeoutMs: 20, pauseMs: 20, log })).toBe(1);
      await freed;
    });
    expect(tries[0]).toBe("9999_more: a table is locked; try 2 of 15 follows.");
  });

  it("that stays locked keeps what it was", async () => {
    const folder = withMigration("ALTER TABLE domains ADD COLUMN more int;");
    await withClient(url, async (other) => {
      await other.query("BEGIN");
      await other.query("LOCK TABLE domains IN ACCESS SHARE MODE");
      await expect(migrate(url, { folder, lockTimeoutMs: 5, pauseMs: 1 })).rejects.toThrow(
        /^9999_more: a table stayed locked in 15 tries .*pg_stat_activity/,
      );
      await other.query("COMMIT");
    });
    expect((await db("check")).code).toBe(0);
  });

  it("gets an index that is built concurrently while a transaction writes", async () => {
    const folder = withMigration(
      "-- no transaction\nDROP INDEX CONCURRENTLY IF EXISTS mine;--> statement-breakpoint\nCREATE INDEX CONCURRENTLY mine ON sessions (role);",
    );
    let building: Promise<number> | undefined;
    await withClient(url, async (other) => {
      await other.query("BEGIN");
      await other.query("DELETE FROM sessions");
      building = migrate(url, { folder, lockTimeoutMs: 5, pauseMs: 1 });
      // The build waits for this transaction; a lock timeout would have ended it.
      await waitUntil(() =>
        withClient(url, async (looking) => {
          const found = await looking.query(
            "SELECT 1 FROM pg_stat_activity WHERE query LIKE '%INDEX CONCURRENTLY mine%' AND wait_event_type = 'Lock'",
          );
          return found.rowCount === 1;
        }),
      );
      await other.query("COMMIT");
    });
    expect(await building).toBe(1);
    await sql(
      "SELECT 1 / (SELECT count(*) FROM pg_index WHERE indexrelid = 'mine'::regclass AND indisvalid)",
    );
  });

  it("keeps nothing of a migration that fails, and says which", async () => {
    const folder = withMigration(
      "ALTER TABLE domains ADD COLUMN more int;--> statement-breakpoint\nSELECT 1 / 0;",
    );
    await expect(migrate(url, { folder })).rejects.toThrow(/^9999_more: division by zero$/);
    expect((await db("check")).code).toBe(0);
  });
});
