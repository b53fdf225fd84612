/** The predicates of workers/domain/outcome.ts in SQL, over rows of `requests`; `table` is an alias with its dot. */
import { type SQL, sql } from "drizzle-orm";

/** As isFailed. */
export function isFailedSql(table = ""): SQL {
  return sql.raw(`(${table}status is null or ${table}status >= 400)`);
}

/** Failed, or did not end complete. The condition of the partial index `requests_unhappy`, which statements repeat to use it. */
export function isIncompleteSql(table = ""): SQL {
  return sql.raw(`(${table}status >= 400 or ${table}status is null or ${table}outcome <> 'complete')`);
}

/** Failed, or broken off by upstream or by the end of the isolate: the failures page. A client that hung up is no failure. */
export function isBrokenSql(table = ""): SQL {
  return sql.raw(
    `(${table}status >= 400 or ${table}status is null or ${table}outcome in ('upstream_failed', 'interrupted'))`,
  );
}
