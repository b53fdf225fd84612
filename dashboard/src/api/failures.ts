/** Failed exchanges of a period, put together from the lists of the API and counted by kind. */
import type { RequestRow } from "./types.ts";

/** What the API is asked for, and how many of each: the newest. */
export const FAILURE_LISTS = [
  { status: "4xx", limit: 200 },
  { status: "5xx", limit: 200 },
  { outcome: "upstream_failed", limit: 100 },
  { outcome: "interrupted", limit: 100 },
] as const;

export interface FailureKind {
  /** "529 overloaded_error", "broken off". */
  name: string;
  count: number;
  /** The newest of the kind. */
  latest: RequestRow;
  /** Parameters of the request list that show the kind. */
  query: { status?: string; outcome?: string };
}

/** Every row once, newest first. */
export function mergeFailures(lists: readonly (readonly RequestRow[])[]): RequestRow[] {
  const byId = new Map(lists.flat().map((row) => [row.requestId, row]));
  return [...byId.values()].sort((left, right) => Date.parse(right.timestamp) - Date.parse(left.timestamp));
}

/** The most frequent first; of equally frequent ones the one seen last. Rows come newest first. */
export function failureKinds(rows: readonly RequestRow[]): FailureKind[] {
  const kinds = new Map<string, FailureKind>();
  for (const row of rows) {
    const { name, query } = kindOf(row);
    const known = kinds.get(name);
    if (known) known.count++;
    else kinds.set(name, { name, count: 1, latest: row, query });
  }
  return [...kinds.values()].sort((left, right) => right.count - left.count);
}

function kindOf(row: RequestRow): Pick<FailureKind, "name" | "query"> {
  if (row.outcome === "upstream_failed") return { name: "broken off", query: { outcome: row.outcome } };
  if (row.outcome === "interrupted") return { name: "interrupted", query: { outcome: row.outcome } };
  const status = row.responseStatus === null ? "" : String(row.responseStatus);
  const name = [status, row.errorType?.replaceAll("_", " ")].filter(Boolean).join(" ") || "no answer";
  return { name, query: status === "" ? {} : { status } };
}
