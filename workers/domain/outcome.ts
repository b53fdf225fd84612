/**
 * Whether an exchange failed. Of these predicates only isFailed exists in SQL; workers/store/db/failed-sql.ts has two wider ones.
 * `outcome` is set in workers/proxy/pipeline/; recording and storing may set `unrecorded` and `interrupted` instead.
 */

interface ExchangeEnd {
  /** Status of the response; null or undefined: there was none. */
  status?: number | null | undefined;
}

/** Rank of an outcome by how much is known of the exchange; a higher rank replaces a lower one. */
export function outcomeRank(outcome: string): number {
  return outcome === "interrupted" ? 0 : outcome === "unrecorded" ? 1 : 2;
}

/** The client got no response, or one with status 400 or above. Counted as `errors` in rollups, statistics and conversations. */
export function isFailed({ status }: ExchangeEnd): boolean {
  return status == null || status >= 400;
}

/** A failure that alerts are sent for: without a response only `upstream_failed`, not a disconnect of the client. */
export function isAlertedFailure({ status, outcome }: ExchangeEnd & { outcome: string }): boolean {
  return isFailed({ status }) && (status != null || outcome === "upstream_failed");
}
