/** Compares a database with drizzle/schema.ts, by the snapshot that drizzle keeps of it beside the newest migration. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Client } from "pg";
import { MIGRATIONS } from "./migrate.ts";

interface Snapshot {
  tables: Record<string, SnapshotTable>;
}
interface SnapshotTable {
  name: string;
  columns: Record<string, { name: string; type: string; primaryKey: boolean; notNull: boolean }>;
  indexes: Record<string, unknown>;
  compositePrimaryKeys: Record<string, unknown>;
  uniqueConstraints: Record<string, unknown>;
}

/** Bytes to which PostgreSQL shortens a name. */
const MAX_NAME = 63;
const OWN_TABLES =
  "c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition";

/** A line per column or index that is missing, different, invalid or too many. Other tables are left alone. */
export async function schemaDifferences(client: Client): Promise<string[]> {
  const { entries } = JSON.parse(readFileSync(join(MIGRATIONS, "meta/_journal.json"), "utf8")) as {
    entries: { tag: string }[];
  };
  const file = `meta/${entries.at(-1)!.tag.slice(0, 4)}_snapshot.json`;
  const { tables } = JSON.parse(readFileSync(join(MIGRATIONS, file), "utf8")) as Snapshot;
  const own = new Set(Object.values(tables).map(({ name }) => name));
  const columns = await client.query<{ table: string; name: string; found: string }>(
    `SELECT c.relname AS "table", c.relname || '.' || a.attname AS name,
        format_type(a.atttypid, a.atttypmod) || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END AS found
      FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid WHERE ${OWN_TABLES} AND a.attnum > 0 AND NOT a.attisdropped`,
  );
  const indexes = await client.query<{ table: string; name: string; found: string }>(
    `SELECT c.relname AS "table", 'index ' || i.relname AS name, CASE WHEN x.indisvalid THEN 'valid' ELSE 'invalid' END AS found
      FROM pg_index x JOIN pg_class c ON c.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid WHERE ${OWN_TABLES}`,
  );
  const rows = [...columns.rows, ...indexes.rows].filter(({ table }) => own.has(table));
  const found = new Map(rows.map((row) => [row.name, row.found]));
  const expected = new Map(Object.values(tables).flatMap(expectedOf));
  const differences = [...expected].flatMap(([name, wanted]) => {
    const is = found.get(name);
    if (is === undefined) return [`${name} is missing`];
    // drizzle and PostgreSQL set blanks differently.
    return is.replaceAll(" ", "") === wanted.replaceAll(" ", "")
      ? []
      : [`${name} is ${is}, expected ${wanted}`];
  });
  const extra = [...found.keys()].filter((name) => !expected.has(name));
  return [...differences, ...extra.map((name) => `${name} is none of this version's`)];
}

function expectedOf({ name, ...table }: SnapshotTable): [name: string, expected: string][] {
  const columns = Object.values(table.columns);
  const keys = columns.some(({ primaryKey }) => primaryKey) ? [`${name}_pkey`] : [];
  const indexes = [table.indexes, table.compositePrimaryKeys, table.uniqueConstraints].flatMap(Object.keys);
  return [
    ...columns.map((one): [string, string] => [
      `${name}.${one.name}`,
      `${one.type}${one.notNull ? " not null" : ""}`,
    ]),
    ...[...keys, ...indexes].map((index): [string, string] => [`index ${index.slice(0, MAX_NAME)}`, "valid"]),
  ];
}
