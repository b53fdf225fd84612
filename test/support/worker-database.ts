/**
 * Postgres of the workerd tests. While it runs, a file has a database to itself (PGlite, in memory, migrated once), with the rows
 * of the previous file. A test that writes calls `resetDatabase()` first, usually in `beforeEach`.
 */
import { env } from "cloudflare:workers";
import { types } from "@neondatabase/serverless";
import { sql } from "drizzle-orm";
import { loadConfig } from "../../workers/runtime/config.ts";
import { withWriter } from "../../workers/store/db/db.ts";

/**
 * Empties every table (partitions stay) and starts the counters of identity columns again. Only tables that were written to are
 * truncated, because all of them take 45 ms: a table without pages has not had a row since, not even one that was rolled back.
 */
export async function resetDatabase(): Promise<void> {
  await withWriter(loadConfig(env), async (db) => {
    await db.execute(sql`
      DO $$
      DECLARE
        written text;
      BEGIN
        SELECT string_agg(format('%I', relname), ', ') INTO written
        FROM pg_class AS one
        WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND (
          pg_relation_size(oid) > 0
          OR EXISTS (
            SELECT FROM pg_depend JOIN pg_sequence ON seqrelid = objid
            WHERE refobjid = one.oid AND pg_sequence_last_value(seqrelid) IS NOT NULL
          )
        );
        IF written IS NOT NULL THEN
          EXECUTE 'TRUNCATE ' || written || ' RESTART IDENTITY CASCADE';
        END IF;
      END $$
    `);
  });
}

/**
 * Copies the rows of every table aside, where the next call replaces them; the returned function empties the tables and brings the
 * rows back. For tests that begin with the same costly rows.
 */
export async function keepRows(): Promise<() => Promise<void>> {
  const forEachTable = (condition: string, statement: string) => `
    DO $$
    DECLARE
      one regclass;
    BEGIN
      FOR one IN
        SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND ${condition}
      LOOP
        ${statement}
      END LOOP;
    END $$`;
  await queryRows("DROP SCHEMA IF EXISTS kept CASCADE");
  await queryRows("CREATE SCHEMA kept");
  await queryRows(
    forEachTable(
      "pg_relation_size(oid) > 0",
      "EXECUTE format('CREATE TABLE kept.%I AS TABLE %s', (SELECT relname FROM pg_class WHERE oid = one), one);",
    ),
  );
  return async () => {
    await resetDatabase();
    await queryRows(
      forEachTable(
        "EXISTS (SELECT FROM pg_tables WHERE schemaname = 'kept' AND tablename = relname)",
        `SET LOCAL session_replication_role = replica; -- the order of foreign keys does not matter
         EXECUTE format('INSERT INTO %s OVERRIDING SYSTEM VALUE TABLE kept.%I', one, (SELECT relname FROM pg_class WHERE oid = one));
         PERFORM setval(objid, 1000) -- above the ids of the kept rows
           FROM pg_depend JOIN pg_sequence ON seqrelid = objid WHERE refobjid = one;`,
      ),
    );
  };
}

/** One statement with `$1`-style parameters, rows as objects. For looking at what the code under test wrote. */
export async function queryRows<Row extends Record<string, unknown>>(
  text: string,
  parameters: unknown[] = [],
): Promise<Row[]> {
  return withWriter(loadConfig(env), async (db) => {
    const result = await db.$client.query<Row>({ text, values: parameters, types: { getTypeParser } });
    return result.rows;
  });
}

/** Times as dates, whether or not drizzle has replaced the driver's parsers in this isolate. */
const getTypeParser: typeof types.getTypeParser = (id, format) =>
  id === types.builtins.TIMESTAMPTZ
    ? (value: string) => new Date(value)
    : (types.getTypeParser(id, format) as (value: string) => unknown);
