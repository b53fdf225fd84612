/** The distinct values of an indexed column, by a loose index scan: one probe per value. */
import { type SQL, sql } from "drizzle-orm";

/**
 * A table of one column, `name`, in no particular order: at most `most` values, the first in their order. Column and condition
 * are trusted SQL; an index must start with the column and, if partial, have the condition.
 */
export function distinctValues(
  column: string,
  limit: number,
  condition = "true",
  table: "requests" | "rollups" = "requests",
): SQL {
  return sql.raw(`(
    with recursive values_of as (
      (select min(${column}) as name, 1 as n from ${table} where ${condition})
      union all
      select (select min(${column}) from ${table} where ${condition} and ${column} > values_of.name), n + 1
      from values_of where name is not null and n < ${limit}
    ) select name from values_of where name is not null)`);
}
