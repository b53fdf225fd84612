/**
 * How an exchange ended and whether it has failed. `outcome` is set in workers/proxy/pipeline/ by the end of the transport; recording and
 * storing may set `unrecorded` and `interrupted` instead, and ingest `upstream_failed` where the body ended before its protocol did.
 * Ingest stores the result of isFailed in `requests.failed`; every count, list, colour and alert reads that column.
 */
import type { Outcome, RefusedBy } from "../schemas/exchange.ts";

/** Stored as the error type of a response whose transport ended in order before its protocol did. */
export const ENDED_EARLY = "stream_ended_early";
/** Stored as the error type of a response that is none of those that the endpoint returns: a page, other JSON, a redirect. */
export const UNEXPECTED_RESPONSE = "unexpected_response";
/** Error types that the proxy gives to incomplete responses; upstream reports no error, and may bill the request. */
export const INCOMPLETE_TYPES: readonly string[] = [ENDED_EARLY, UNEXPECTED_RESPONSE];

export interface ExchangeEnd {
  /** Before `unrecorded` replaced it, where that is known. */
  outcome: Outcome;
  /** Status of the response; null: there was none. */
  status: number | null;
  /** Of an error response, an error inside a 200, or one of INCOMPLETE_TYPES. */
  errorType: string | null;
  /** The body is whole by its protocol; null where it is not known (not recorded, only its beginning recorded). */
  isComplete: boolean | null;
}

/**
 * Whether the client did not get what it asked for. A client that disconnects has not failed, whatever the status, before or after the first
 * byte. Otherwise these have: no status, status 400 and above (upstream's or the proxy's), an error inside a 200, a response that upstream
 * did not finish, and an interrupted exchange unless its body is known to be whole. `unrecorded` without a known body depends on its
 * status alone.
 */
export function isFailed({ outcome, status, errorType, isComplete }: ExchangeEnd): boolean {
  if (outcome === "client_gone") return false;
  if (status === null || status >= 400 || errorType !== null) return true;
  return outcome === "upstream_failed" || (outcome === "interrupted" && isComplete !== true);
}

/**
 * What a row says about its error: Claude's or the proxy's message, else its type, else how the exchange broke off. Null: it has not
 * failed, or its status is all that is known.
 */
export function errorOf(row: {
  errorMessage: string | null;
  errorType: string | null;
  outcome: string;
  status: number | null;
  failed?: boolean | null;
}): string | null {
  const said = row.errorMessage ?? row.errorType;
  if (said !== null || !hasFailed(row)) return said;
  if (row.outcome === "upstream_failed" || (row.outcome === "unrecorded" && (row.status ?? 0) < 400))
    return row.status === null
      ? "There was no response."
      : "The connection to Claude broke off during the response.";
  if (row.outcome !== "interrupted") return null;
  return row.status === null
    ? "The proxy was interrupted before the response."
    : "The proxy was interrupted during the response.";
}

/**
 * `failed` of a stored row. A Worker from before the column counted by status; so do readers, until the SQL function recount_failed() has
 * judged its rows. HAS_FAILED of workers/store/usage/totals.ts is the same in SQL.
 */
export function hasFailed({ failed, status }: { failed?: boolean | null; status?: number | null }): boolean {
  return failed ?? (status == null || status >= 400);
}

/**
 * Whose error a status of 400 and above is; null for other exchanges. Responses of the proxy itself have no time to upstream's response
 * headers, because there were none.
 */
export function refusedBy(row: { status?: number | null; timeToFirstByteMs?: number | null }): RefusedBy {
  if (row.status == null || row.status < 400) return null;
  return row.timeToFirstByteMs === null ? "nexus" : "upstream";
}

/** Rank of an outcome by how much is known of the exchange; a higher rank replaces a lower one. */
export function outcomeRank(outcome: string): number {
  return outcome === "interrupted" ? 0 : outcome === "unrecorded" ? 1 : 2;
}
