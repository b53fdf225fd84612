/** Failed exchanges of a period: the newest of them from the lists of the API, and the kinds that the API has counted. */
import type { Errors } from "../../../workers/schemas/api/failures.ts";
import type { RequestRow } from "../../../workers/schemas/api/requests.ts";

/** Newest ones that are shown. */
export const MAX_SHOWN_FAILURES = 50;
/** What the API is asked for: the newest of each. */
export const FAILURE_QUERIES = [
  { status: "4xx", limit: MAX_SHOWN_FAILURES },
  { status: "5xx", limit: MAX_SHOWN_FAILURES },
  { outcome: "upstream_failed", limit: MAX_SHOWN_FAILURES },
  { outcome: "interrupted", limit: MAX_SHOWN_FAILURES },
] as const;

type CountedError = Errors["types"][number];

export interface FailureKind {
  /** "529 overloaded error", "broken off". */
  name: string;
  count: number;
  /** The newest of the kind. */
  latest: CountedError["latest"];
  /** Parameters of the request list that show the kind. */
  query: { status?: string; outcome?: string };
}

/** Every row once, newest first. */
export function mergeFailures(lists: readonly (readonly RequestRow[])[]): RequestRow[] {
  const byId = new Map(lists.flat().map((row) => [row.requestId, row]));
  return [...byId.values()].sort((left, right) => Date.parse(right.timestamp) - Date.parse(left.timestamp));
}

/** The most frequent first, then the one seen last. Errors with the same label are one kind. */
export function failureKinds(types: readonly CountedError[]): FailureKind[] {
  const kinds = new Map<string, FailureKind>();
  for (const counted of types) {
    const { name, query } = kindOf(counted);
    const existing = kinds.get(name);
    const newest =
      existing && existing.latest.timestamp > counted.latest.timestamp ? existing.latest : counted.latest;
    kinds.set(name, { name, count: (existing?.count ?? 0) + counted.count, latest: newest, query });
  }
  return [...kinds.values()].sort(
    (left, right) => right.count - left.count || (left.latest.timestamp > right.latest.timestamp ? -1 : 1),
  );
}

function kindOf({ outcome, status, errorType }: CountedError): Pick<FailureKind, "name" | "query"> {
  if (outcome === "upstream_failed") return { name: "upstream disconnected", query: { outcome } };
  if (outcome === "interrupted") return { name: "interrupted", query: { outcome } };
  const statusText = status === null ? "" : String(status);
  const name = [statusText, errorType].filter(Boolean).join(" ") || "no response";
  return { name, query: statusText === "" ? {} : { status: statusText } };
}
