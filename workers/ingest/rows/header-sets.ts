/**
 * Headers as stored: sets that many exchanges share as contents, and the headers that differ in every exchange beside them.
 * Pure; called by request-row.ts and response-row.ts, reversed by workers/store/content.
 */
import { sha256 } from "../../domain/sha256.ts";
import type { Content } from "../../store/content/contents.ts";

type Headers = Readonly<Record<string, string>>;

/** The length of each body is a column. */
const IN_COLUMNS_OF_REQUESTS = new Set(["content-length"]);
/** The vendor's id of each exchange is a column. */
const IN_COLUMNS_OF_RESPONSES = new Set(["request-id"]);
const DIFFERENT_EACH_TIME = new Set([
  "cf-ray",
  "content-length",
  "server-timing",
  "x-envoy-upstream-service-time",
]);

/** The request's headers without those in columns. */
export function requestHeaderSet(headers: Headers): Content {
  return contentOf(Object.entries(headers).filter(([name]) => !IN_COLUMNS_OF_REQUESTS.has(name)));
}

/** The response's headers without those in columns: `shared` recur (rate limits included), `own` differ in every exchange. */
export function responseHeaderSets(headers: Headers): {
  shared: Content;
  own: Record<string, string> | null;
} {
  const entries = Object.entries(headers).filter(([name]) => !IN_COLUMNS_OF_RESPONSES.has(name));
  const own = entries.filter(([name]) => DIFFERENT_EACH_TIME.has(name));
  return {
    shared: contentOf(entries.filter(([name]) => !DIFFERENT_EACH_TIME.has(name))),
    own: own.length === 0 ? null : Object.fromEntries(own),
  };
}

/** Sorted by name, so that equal sets have equal bytes. */
function contentOf(entries: [string, string][]): Content {
  const sorted = entries.toSorted(([a], [b]) => (a < b ? -1 : 1));
  const bytes = new TextEncoder().encode(JSON.stringify(Object.fromEntries(sorted)));
  return { bytes, sha256: sha256(bytes) };
}
