/**
 * Three predicates of failure in SQL, from narrow to wide: isFailedSql, isBrokenSql, isIncompleteSql. They are over rows of
 * `requests`; `table` is an alias with its dot. The predicate of alerts is in workers/domain/outcome.ts only.
 */
import { type SQL, sql } from "drizzle-orm";

/** As isFailed of workers/domain/outcome.ts: `errors` of statistics and conversations. */
export function isFailedSql(table = ""): SQL {
  return sql.raw(`(${table}status is null or ${table}status >= 400)`);
}

/**
 * Failed, or did not end complete: failed nodes of the tree, the latest failures on Health. The condition of the
 * partial index `requests_unhappy`, which statements repeat to use it.
 */
export function isIncompleteSql(table = ""): SQL {
  return sql.raw(`(${table}status >= 400 or ${table}status is null or ${table}outcome <> 'complete')`);
}

/**
 * Failed, or broken off by upstream or by the end of the isolate: the page Errors. A client that disconnected during a response
 * below 400 is not included; one that disconnected before there was a status is.
 */
export function isBrokenSql(table = ""): SQL {
  return sql.raw(
    `(${table}status >= 400 or ${table}status is null or ${table}outcome in ('upstream_failed', 'interrupted'))`,
  );
}
