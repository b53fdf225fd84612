/** SQL fragments that several stores need, and paging by cursor. */
import { and, gte, inArray, lte, type SQL, sql } from "drizzle-orm";
import type { PgColumn } from "drizzle-orm/pg-core";
import { requests } from "../../../drizzle/schema.ts";
import { type Cursor, encodeCursor } from "../../domain/cursor.ts";
import { type DatabaseConfig, withReader } from "./db.ts";

/** The rows of one statement of the reading role. PostgreSQL sends bigint and numeric as text. */
export async function readRows<Row extends Record<string, unknown>>(
  config: DatabaseConfig,
  statement: SQL,
): Promise<Row[]> {
  return withReader(config, async (db) => (await db.execute<Row>(statement)).rows);
}

/** A parameter of type timestamptz; a number is epoch milliseconds. PostgreSQL rejects the sign of years from 10000 on. */
export function timestamptz(at: Date | number): SQL {
  return sql`${new Date(at).toISOString().replace(/^\+0*/, "")}::timestamptz`;
}

/** A parameter of type timestamptz[]; epoch milliseconds. */
export function timestamptzArray(times: readonly number[]): SQL {
  return sql`${`{${times.map((at) => new Date(at).toISOString()).join(",")}}`}::timestamptz[]`;
}

/** A timestamp expression as ISO 8601 text in UTC with milliseconds. */
export function isoText(expression: string): SQL {
  return sql.raw(`to_char((${expression}) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`);
}

/** Equality of a `domain_id` column with the domain of this name; undefined without a name. */
export function inDomain(name: string | undefined, column = "domain_id"): SQL | undefined {
  return name === undefined
    ? undefined
    : sql`${sql.raw(column)} = (select id from domains where name = ${name})`;
}

/** Rows of `requests`, under the name `relation`, that requested the model or used it within the response (an advisor, a fallback). */
export function usesModel(model: string, relation: "requests" | "r"): SQL {
  const share = JSON.stringify([{ model }]);
  return sql`(${sql.raw(relation)}.model = ${model} or ${sql.raw(relation)}.model_shares @> ${share}::jsonb)`;
}

/** The conditions joined with `and`, each in parentheses; `true` where there are none. Undefined ones are left out. */
export function allOf(...conditions: (SQL | undefined)[]): SQL {
  return and(...conditions) ?? sql`true`;
}

/** The rows in `requests`, or its alias `of`, of these exchanges, at least one. The times let PostgreSQL skip partitions. */
export function among(
  exchanges: readonly { id: string; startedAt: Date }[],
  of: { id: PgColumn; startedAt: PgColumn } = requests,
): SQL | undefined {
  const times = exchanges.map(({ startedAt }) => startedAt.getTime());
  const ids = exchanges.map(({ id }) => id);
  return and(
    inArray(of.id, ids),
    gte(of.startedAt, new Date(Math.min(...times))),
    lte(of.startedAt, new Date(Math.max(...times))),
  );
}

/**
 * Rows after the cursor in an order by time and id, both descending. The row comparison finds the place in the index; the
 * first condition, which it implies, lets PostgreSQL skip partitions.
 */
export function olderThan(at: PgColumn, id: PgColumn, cursor: Cursor | null): SQL | undefined {
  if (!cursor) return undefined;
  const type = cursor.id.includes("-") ? sql`uuid` : sql`bigint`;
  return and(
    lte(at, new Date(cursor.at)),
    sql`(${at}, ${id}) < (${timestamptz(cursor.at)}, ${cursor.id}::${type})`,
  );
}

/** One page of a list of which `limit + 1` rows were read. */
export function pageOf<T>(rows: readonly T[], limit: number, cursorOf: (row: T) => Cursor) {
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  const hasMore = rows.length > limit;
  return { page, hasMore, nextCursor: hasMore && last ? encodeCursor(cursorOf(last)) : null };
}
