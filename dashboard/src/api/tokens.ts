/** Sums of token counts within one request. */
import type { RequestRow } from "../../../workers/schemas/api/requests.ts";

/** All the model read: fresh input, cache reads and cache writes. */
export function promptTokens(
  row: Pick<
    RequestRow,
    | "inputTokens"
    | "cacheReadInputTokens"
    | "cacheCreation5mInputTokens"
    | "cacheCreation1hInputTokens"
    | "cacheCreationInputTokens"
  >,
): number | null {
  if (row.inputTokens === null) return null;
  return row.inputTokens + (row.cacheReadInputTokens ?? 0) + cacheWrites(row);
}

export function cacheWrites(
  row: Pick<
    RequestRow,
    "cacheCreation5mInputTokens" | "cacheCreation1hInputTokens" | "cacheCreationInputTokens"
  >,
): number {
  return (
    row.cacheCreationInputTokens ??
    (row.cacheCreation5mInputTokens ?? 0) + (row.cacheCreation1hInputTokens ?? 0)
  );
}
