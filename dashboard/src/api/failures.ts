/** Failed exchanges of a period: the newest of them from the lists of the API, and the kinds that the API has counted. */
import type { Errors } from "../../../workers/schemas/api/failures.ts";
import type { RequestRow } from "./types.ts";

/** Newest ones that are shown. */
export const SHOWN_FAILURES = 50;
/** What the API is asked for: the newest of each. */
export const FAILURE_LISTS = [
  { status: "4xx", limit: SHOWN_FAILURES },
  { status: "5xx", limit: SHOWN_FAILURES },
  { outcome: "upstream_failed", limit: SHOWN_FAILURES },
  { outcome: "interrupted", limit: SHOWN_FAILURES },
] as const;

type Counted = Errors["types"][number];

export interface FailureKind {
  /** "529 overloaded error", "broken off". */
  name: string;
  count: number;
  /** The newest of the kind. */
  latest: Counted["latest"];
  /** Parameters of the request list that show the kind. */
  query: { status?: string; outcome?: string };
}

/** Every row once, newest first. */
export function mergeFailures(lists: readonly (readonly RequestRow[])[]): RequestRow[] {
  const byId = new Map(lists.flat().map((row) => [row.requestId, row]));
  return [...byId.values()].sort((left, right) => Date.parse(right.timestamp) - Date.parse(left.timestamp));
}

/** The most frequent first; of equally frequent ones the one seen last. What looks the same to people is one kind. */
export function failureKinds(types: readonly Counted[]): FailureKind[] {
  const kinds = new Map<string, FailureKind>();
  for (const one of types) {
    const { name, query } = kindOf(one);
    const known = kinds.get(name);
    const newest = known && known.latest.timestamp > one.latest.timestamp ? known.latest : one.latest;
    kinds.set(name, { name, count: (known?.count ?? 0) + one.count, latest: newest, query });
  }
  return [...kinds.values()].sort(
    (left, right) => right.count - left.count || (left.latest.timestamp > right.latest.timestamp ? -1 : 1),
  );
}

function kindOf({ outcome, status, errorType }: Counted): Pick<FailureKind, "name" | "query"> {
  if (outcome === "upstream_failed") return { name: "broken off", query: { outcome } };
  if (outcome === "interrupted") return { name: "interrupted", query: { outcome } };
  const seen = status === null ? "" : String(status);
  const name = [seen, errorType?.replaceAll("_", " ")].filter(Boolean).join(" ") || "no answer";
  return { name, query: seen === "" ? {} : { status: seen } };
}
