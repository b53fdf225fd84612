/** The kinds of failed exchanges that the API has counted in a period. */
import type { Errors } from "../../../workers/schemas/api/failures.ts";

type CountedError = Errors["types"][number];

export interface FailureKind {
  /** "529 overloaded_error", "upstream disconnected". */
  name: string;
  count: number;
  /** The newest of the kind. */
  latest: CountedError["latest"];
  /** Parameters of the request list that show the kind. */
  query: { failed: "true"; status?: string; outcome?: string };
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
  const failed = "true";
  if (outcome === "interrupted") return { name: "interrupted", query: { failed, outcome } };
  if (outcome === "upstream_failed" && errorType === null && (status === null || status < 400))
    return { name: "upstream disconnected", query: { failed, outcome } };
  const statusText = status === null ? "" : String(status);
  const name = [statusText, errorType].filter(Boolean).join(" ") || "no response";
  return { name, query: { failed, ...(statusText !== "" && { status: statusText }) } };
}
