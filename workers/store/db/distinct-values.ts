/** The distinct values of an indexed column of `requests`, each found by one look into the index behind the one before. */
import { type SQL, sql } from "drizzle-orm";

/**
 * A table of one column, `name`, in no particular order: at most `most` values, the first in their order. Column and condition
 * are SQL of ours; an index has to begin with the column and, if it is a partial one, have the condition.
 */
export function distinctValues(column: string, limit: number, condition = "true"): SQL {
  return sql.raw(`(
    with recursive values_of as (
      (select min(${column}) as name, 1 as n from requests where ${condition})
      union all
      select (select min(${column}) from requests where ${condition} and ${column} > values_of.name), n + 1
      from values_of where name is not null and n < ${limit}
    ) select name from values_of where name is not null)`);
}
