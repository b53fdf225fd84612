import { env } from "cloudflare:workers";
import { eq, sql } from "drizzle-orm";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { domains } from "../../drizzle/schema.ts";
import { loadConfig } from "../../workers/runtime/config.ts";
import { DatabaseUnavailableError, sqlState } from "../../workers/store/db/errors.ts";
import { reader, withReader, withWriter } from "../../workers/store/db/db.ts";
import { queryRows, resetDatabase } from "../support/worker-database.ts";

const config = loadConfig(env);

beforeEach(resetDatabase);

describe("a writer", () => {
  it("commits an interactive transaction under an advisory lock", async () => {
    const name = await withWriter(config, (db) =>
      db.transaction(async (tx) => {
        await tx.execute(sql`SELECT pg_advisory_xact_lock(42)`);
        const [row] = await tx.insert(domains).values({ name: "a.example" }).returning();
        const [again] = await tx.select().from(domains).where(eq(domains.id, row!.id));
        return again?.name;
      }),
    );
    expect(name).toBe("a.example");
    expect(await queryRows("SELECT name FROM domains")).toEqual([{ name: "a.example" }]);
  });

  it("leaves nothing of a transaction that throws", async () => {
    const failing = withWriter(config, (db) =>
      db.transaction(async (tx) => {
        await tx.insert(domains).values({ name: "b.example" });
        throw new Error("changed my mind");
      }),
    );
    await expect(failing).rejects.toThrow("changed my mind");
    expect(await queryRows("SELECT name FROM domains")).toEqual([]);
  });

  it("does not mix the statements of many writers and readers at once", async () => {
    const numbers = Array.from({ length: 20 }, (_, n) => n);
    const results = await Promise.all(
      numbers.map((n) =>
        n % 2
          ? withWriter(config, (db) =>
              db.transaction(async (tx) => (await tx.execute(sql`SELECT ${n}::int AS n`)).rows[0]),
            )
          : withReader(config, async (db) => (await db.execute(sql`SELECT ${n}::int AS n`)).rows[0]),
      ),
    );
    expect(results).toEqual(numbers.map((n) => ({ n })));
  });

  it("names a violated constraint by its SQLSTATE and without the parameters", async () => {
    const insert = () =>
      withWriter(config, (db) => db.insert(domains).values({ name: "secret-name.example" }));
    await insert();
    const error: unknown = await insert().catch((thrown: unknown) => thrown);
    expect(sqlState(error)).toBe("23505");
    expect(String(error)).not.toContain("secret-name");
  });

  it("says that the database is not available, and which, without its password", async () => {
    const elsewhere = { ...config, DATABASE_URL: "postgresql://nexus:hush@127.0.0.1:9/nexus" };
    const error: unknown = await withWriter(elsewhere, (db) => db.select().from(domains)).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(DatabaseUnavailableError);
    expect(String(error)).toContain("127.0.0.1:9");
    expect(String(error)).not.toContain("hush");
  });
});

it("a reader maps rows and sends a batch as one transaction", async () => {
  await withWriter(config, (db) =>
    db.insert(domains).values({ name: "c.example", endpoints: ["/v1/messages"] }),
  );
  const db = reader(config);
  const [row] = await db.select().from(domains);
  expect(row).toMatchObject({ name: "c.example", endpoints: ["/v1/messages"], configured: false });
  expect(row?.createdAt).toBeInstanceOf(Date);
  const [all, none] = await db.batch([
    db.select({ name: domains.name }).from(domains),
    db.select({ name: domains.name }).from(domains).where(eq(domains.name, "unknown")),
  ]);
  expect([all, none]).toEqual([[{ name: "c.example" }], []]);
});

it("a reader uses DATABASE_READONLY_URL where there is one", async () => {
  const elsewhere = { ...config, DATABASE_READONLY_URL: "postgresql://viewer:hush@127.0.0.1:9/nexus" };
  const asking = withReader(elsewhere, (db) => db.select().from(domains));
  await expect(asking).rejects.toBeInstanceOf(DatabaseUnavailableError);
  await expect(asking).rejects.not.toThrow("hush");
});

it("the log has slow statements without their parameters", async () => {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  const slow = { ...config, SLOW_QUERY_THRESHOLD_MS: 20 };
  const sleep = sql`SELECT pg_sleep(0.05), ${"hush"}::text`;
  await withWriter(slow, (db) => db.execute(sleep));
  await withReader(slow, (db) => db.execute(sleep));
  const lines = warn.mock.calls.map(([line]) => String(line)).filter((line) => line.includes("pg_sleep"));
  warn.mockRestore();
  expect(lines).toHaveLength(2);
  expect(lines.join()).not.toContain("hush");
});

it("the ring does not reach the internet", async () => {
  const response = await fetch("https://api.anthropic.com/v1/models");
  expect(response.status).toBe(599);
});
