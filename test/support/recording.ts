/** The form of the API's recorded responses: test/record-dashboard.ts writes them, replayed-api.ts replays them. */

export interface Recording {
  /** Ids that tests visit, by what they stand for. */
  ids: Record<"conversation" | "compacted" | "request" | "failed" | "fork", string>;
  /** By `recordedKey`. */
  responses: Record<string, { status: number; body: unknown }>;
}

/** Parameters that depend on the time of the visit and the viewer's zone. */
const VOLATILE = ["from", "to", "timeZone"];

/** "GET /api/requests?limit=50&status=529": method, decoded path and sorted query. */
export function recordedKey(method: string, url: URL): string {
  const query = new URLSearchParams([...url.searchParams].filter(([name]) => !VOLATILE.includes(name)));
  query.sort();
  return `${method} ${decodeURIComponent(url.pathname)}${query.size > 0 ? `?${query}` : ""}`;
}
