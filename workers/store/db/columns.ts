import { getTableColumns } from "drizzle-orm";
import type { PgTable } from "drizzle-orm/pg-core";

/** The columns of a table that have one of these names, for a select; names without a column are left out. */
export function columnsNamed<T extends PgTable, K extends string>(
  table: T,
  names: readonly K[],
): Pick<T["_"]["columns"], K & keyof T["_"]["columns"]> {
  const columns: Record<string, unknown> = getTableColumns(table);
  const found = names.filter((name) => Object.hasOwn(columns, name)).map((name) => [name, columns[name]]);
  return Object.fromEntries(found) as Pick<T["_"]["columns"], K & keyof T["_"]["columns"]>;
}
