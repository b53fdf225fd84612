/** One exchange with its bodies, for its page and its downloads. */
import { and, eq } from "drizzle-orm";
import { domains, requests, responseBodies } from "../../../drizzle/schema.ts";
import { startedAtOf } from "../../domain/exchange-id.ts";
import { carriesCredentials } from "../../domain/http/paths.ts";
import type { BodyState, RequestRow } from "../../schemas/api/requests.ts";
import {
  readAssistantMessage,
  readReceivedBody,
  readRequestBody,
  readRequestHeaders,
  readResponseBody,
  readResponseHeaders,
} from "../content/request-body.ts";
import { type DatabaseConfig, type Reader, withReader } from "../db/db.ts";
import { toRequestRow, REQUEST_ROW_COLUMNS } from "./row.ts";

const DETAIL_COLUMNS = {
  ...REQUEST_ROW_COLUMNS,
  query: requests.query,
  usage: requests.usage,
  requestHeadersId: requests.requestHeadersId,
  responseHeadersId: requests.responseHeadersId,
  responseHeaders: requests.responseHeaders,
  bodyKind: requests.bodyKind,
  bodyContentId: requests.bodyContentId,
  receivedBodyId: requests.receivedBodyId,
  messagesNodeId: requests.messagesNodeId,
  systemNodeId: requests.systemNodeId,
  toolsNodeId: requests.toolsNodeId,
  responseContentId: requests.responseContentId,
  storedAt: requests.storedAt,
  timing: responseBodies.timing,
};

export type StoredRequest = NonNullable<Awaited<ReturnType<typeof findRequest>>>;

/** The exchange with this id, without bodies; null if there is none. */
export async function findRequest(config: DatabaseConfig, id: string) {
  return withReader(config, async (db) => {
    const startedAt = startedAtOf(id);
    // The id contains the time and so the partition. Imported rows may have other ids: then every partition is read.
    const found = startedAt === null ? [] : await selectRequest(db, id, new Date(startedAt));
    return found[0] ?? (await selectRequest(db, id, null))[0] ?? null;
  });
}

function selectRequest(db: Reader, id: string, startedAt: Date | null) {
  return db
    .select(DETAIL_COLUMNS)
    .from(requests)
    .innerJoin(domains, eq(domains.id, requests.domainId))
    .leftJoin(
      responseBodies,
      and(eq(responseBodies.requestId, requests.id), eq(responseBodies.startedAt, requests.startedAt)),
    )
    .where(and(eq(requests.id, id), startedAt ? eq(requests.startedAt, startedAt) : undefined))
    .limit(1);
}

/** A body, or why there is none: `none`: none was recorded; `removed`: it was deleted. */
export type Body =
  | { state: Exclude<BodyState, "none" | "removed" | "large">; bytes: Uint8Array }
  | {
      state: "none" | "removed";
      bytes: null;
    };

/** The request body: its text, or as received. */
export async function requestBody(
  config: DatabaseConfig,
  row: StoredRequest,
  form: "text" | "received",
): Promise<Body> {
  if (row.bodyKind === "none") return { state: "none", bytes: null };
  const read = form === "text" ? readRequestBody : readReceivedBody;
  const bytes = await withReader(config, (db) => read(db, row));
  return bytes ? { state: row.bodyTruncated ? "head" : "whole", bytes } : { state: "removed", bytes: null };
}

/** The response's bytes, decoded. */
export async function responseBody(config: DatabaseConfig, row: StoredRequest): Promise<Body> {
  // Recorded there are errors of the proxy only.
  const isExcluded = carriesCredentials(row.path) && row.upstreamAttempts !== 0;
  if (row.responseBytes === 0 || isExcluded) return { state: "none", bytes: null };
  const bytes = await withReader(config, (db) => readResponseBody(db, row));
  if (bytes) return { state: row.responseTruncated ? "head" : "whole", bytes };
  // While R2 is down, metadata is recorded without bodies.
  return { state: row.outcome === "unrecorded" ? "none" : "removed", bytes: null };
}

/** The message of the response as JSON bytes; null if there was none, or it was deleted. */
export async function responseMessage(
  config: DatabaseConfig,
  row: StoredRequest,
): Promise<Uint8Array | null> {
  return withReader(config, (db) => readAssistantMessage(db, row));
}

export async function requestHeaders(
  config: DatabaseConfig,
  row: StoredRequest,
): Promise<Record<string, string> | null> {
  return withReader(config, (db) => readRequestHeaders(db, row));
}

export async function responseHeaders(
  config: DatabaseConfig,
  row: StoredRequest,
): Promise<Record<string, string> | null> {
  return withReader(config, (db) => readResponseHeaders(db, row));
}

/** The row as lists show it. */
export function toRow(row: StoredRequest): RequestRow {
  const listed = Object.fromEntries(
    Object.keys(REQUEST_ROW_COLUMNS).map((name) => [name, row[name as keyof typeof REQUEST_ROW_COLUMNS]]),
  );
  return toRequestRow(listed as Parameters<typeof toRequestRow>[0]);
}
