/** `/api/requests`: list, detail and downloads of recorded exchanges. Opening one is written to the audit log. */
import { isUtf8 } from "node:buffer";
import { createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { AUDIT_READING_MS, MAX_PARSED_BYTES } from "../../runtime/constants.ts";
import { rateLimitHeaders } from "../../domain/http/stored-headers.ts";
import { readResponse as assemble } from "../../domain/messages/read-response.ts";
import { parseJson } from "../../domain/json/json.ts";
import { unpackTiming } from "../../domain/messages/chunk-timing.ts";
import { Outcome } from "../../schemas/exchange.ts";
import { RequestDetail, RequestList, RequestParameter, RequestQuery } from "../../schemas/api/requests.ts";
import { writeAudit, writeAuditOnce } from "../../store/admin/audit.ts";
import { listRequests } from "../../store/requests/list.ts";
import {
  responseMessage,
  type Body,
  findRequest,
  requestBody,
  requestHeaders,
  responseHeaders,
  responseBody,
  toRow,
  type StoredRequest,
} from "../../store/requests/read.ts";
import { auditActor } from "../admin/audit-context.ts";
import { type ApiEnv, newRoutes } from "../http/context.ts";
import { goneResponse, json, notFoundResponse, errorResponses } from "../http/openapi.ts";
import { ApiError } from "../http/errors.ts";
import { listParameters } from "../http/parameters.ts";

/** Of random bytes about half the characters are replaced, of Latin-1 text a few in a hundred. */
const MAX_REPLACED_SHARE = 0.1;

/** Deeper JSON is returned as text, because its readers recurse. Real bodies have about 20 levels. */
const MAX_JSON_DEPTH = 500;

const HistoryMessage = z.looseObject({ role: z.literal("assistant"), content: z.string() });

const tags = ["Requests"];
const downloadResponses = {
  200: {
    description: "A download.",
    content: { "application/octet-stream": { schema: z.string().openapi({ format: "binary" }) } },
  },
  ...errorResponses,
  ...notFoundResponse,
  ...goneResponse,
} as const;

const list = createRoute({
  method: "get",
  path: "/api/requests",
  tags,
  summary: "Exchanges, newest first",
  request: { query: RequestQuery },
  responses: { 200: json("One page.", RequestList), ...errorResponses },
});
const read = createRoute({
  method: "get",
  path: "/api/requests/{id}",
  tags,
  summary: "One exchange with both bodies",
  request: { params: RequestParameter },
  responses: { 200: json("The row and its bodies.", RequestDetail), ...errorResponses, ...notFoundResponse },
});
const body = createRoute({
  method: "get",
  path: "/api/requests/{id}/body",
  tags,
  summary: "The request body as received",
  request: { params: RequestParameter },
  responses: downloadResponses,
});
const response = createRoute({
  method: "get",
  path: "/api/requests/{id}/response",
  tags,
  summary: "The response body, decoded",
  request: { params: RequestParameter },
  responses: downloadResponses,
});

export const requestRoutes = newRoutes()
  .openapi(list, async (c) => {
    const { cursor, ...filter } = c.req.valid("query");
    const before = listParameters({ cursor, ...filter });
    return c.json(await listRequests(c.get("config"), { ...filter, before }), 200);
  })
  .openapi(read, async (c) => {
    const row = await requireRequest(c, c.req.valid("param").id);
    const [detail] = await Promise.all([readDetail(c, row), audit(c, "transcript.open", row)]);
    return c.json(detail, 200);
  })
  .openapi(body, async (c) => {
    const row = await requireRequest(c, c.req.valid("param").id);
    return download(c, row, "request", await requestBody(c.get("config"), row, "received"));
  })
  .openapi(response, async (c) => {
    const row = await requireRequest(c, c.req.valid("param").id);
    return download(c, row, "response", await responseBody(c.get("config"), row));
  });

async function requireRequest(c: Context<ApiEnv>, id: string): Promise<StoredRequest> {
  const row = await findRequest(c.get("config"), id);
  if (!row) throw new ApiError("not_found", `There is no request ${id}.`);
  return row;
}

async function readDetail(c: Context<ApiEnv>, row: StoredRequest): Promise<RequestDetail> {
  const config = c.get("config");
  const [request, response, sentHeaders, receivedHeaders] = await Promise.all([
    inlineRequestBody(c, row),
    readResponse(c, row),
    requestHeaders(config, row),
    responseHeaders(config, row),
  ]);
  return {
    ...toRow(row),
    query: row.query,
    requestBody: decodeBody(request?.bytes ?? null),
    requestBodyState: request?.state ?? "large",
    responseBody: response.shown,
    responseBodyState: response.state,
    usageData: row.usage,
    rateLimit: receivedHeaders && rateLimitHeaders(receivedHeaders),
    requestHeaders: sentHeaders,
    responseHeaders: receivedHeaders,
    ...timingOf(row),
    storedAt: row.storedAt.toISOString(),
  };
}

/** The text of the request body; null where it is too large. A compressed body is larger than its recorded size. */
async function inlineRequestBody(c: Context<ApiEnv>, row: StoredRequest): Promise<Body | null> {
  if (row.bodyBytes > MAX_PARSED_BYTES && !row.bodyTruncated) return null;
  const body = await requestBody(c.get("config"), row, "text");
  return body.bytes && body.bytes.length > MAX_PARSED_BYTES ? null : body;
}

/** Arrival times of the chunks of a stream, if they were sampled. */
function timingOf({
  timing,
  startedAt,
}: StoredRequest): Pick<RequestDetail, "streamTiming" | "streamingChunks"> {
  const unpacked = timing && unpackTiming(timing);
  if (!unpacked) return { streamTiming: null, streamingChunks: [] };
  return {
    streamTiming: { resolutionMs: unpacked.resolutionMs },
    streamingChunks: unpacked.chunks.map(({ ms, end }, chunkIndex) => ({
      chunkIndex,
      timestamp: new Date(startedAt.getTime() + ms).toISOString(),
      offsetMs: ms,
      endByte: end,
    })),
  };
}

/**
 * The assembled message of a stream, else the body as received: an error's JSON, the response of another endpoint, a broken
 * stream. If the raw bytes were deleted, the message stored in the history.
 */
async function readResponse(
  c: Context<ApiEnv>,
  row: StoredRequest,
): Promise<{ shown: unknown; state: RequestDetail["responseBodyState"] }> {
  const config = c.get("config");
  const isLarge = row.responseBytes > MAX_PARSED_BYTES && !row.responseTruncated;
  const raw = isLarge ? null : await responseBody(config, row);
  if (raw?.bytes) {
    const { status, outcome, responseHeaders } = row;
    const contentType = responseHeaders?.["content-type"] ?? null;
    const { message } = assemble({
      status,
      contentType,
      body: raw.bytes,
      outcome: Outcome.parse(outcome),
    });
    return { shown: message ?? decodeBody(raw.bytes), state: raw.state };
  }
  return {
    shown: withBlockContent(decodeBody(await responseMessage(config, row))),
    state: raw?.state ?? "large",
  };
}

/** A history may store a single text as a string; the content of a response is always a list. */
function withBlockContent(message: unknown): unknown {
  const parsed = HistoryMessage.safeParse(message);
  return parsed.success
    ? { ...parsed.data, content: [{ type: "text", text: parsed.data.content }] }
    : message;
}

/** Parsed JSON, else text, else null: other bytes can be downloaded. */
function decodeBody(bytes: Uint8Array | null): unknown {
  if (!bytes) return null;
  const text = new TextDecoder().decode(bytes);
  const value = parseJson(text, MAX_JSON_DEPTH);
  if (value !== undefined) return value;
  return isUtf8(bytes) || isMostlyText(text) ? text : null;
}

/** Whether few characters of a decoded text stand for bytes that are not UTF-8: it was cut in a character, or a few bytes are damaged. */
function isMostlyText(text: string): boolean {
  const replaced = text.split("\ufffd").length - 1;
  return !text.includes("\0") && replaced <= 1 + text.length * MAX_REPLACED_SHARE;
}

/** The headers keep a browser from rendering these untrusted bytes. */
async function download(
  c: Context<ApiEnv>,
  row: StoredRequest,
  part: "request" | "response",
  body: Body,
): Promise<Response> {
  if (body.state === "none") throw new ApiError("not_found", `No ${part} body was recorded for ${row.id}.`);
  if (body.state === "removed") throw new ApiError("gone", `The ${part} body of ${row.id} was deleted.`);
  await audit(c, "body.download", row, { part });
  return c.body(body.bytes as Uint8Array<ArrayBuffer>, 200, {
    "content-type": "application/octet-stream",
    "content-disposition": `attachment; filename="${row.id}-${part}.bin"`,
    "content-security-policy": "sandbox; default-src 'none'",
    "x-content-type-options": "nosniff",
    "x-nexus-truncated": String(body.state === "head"),
  });
}

/** Every download is an entry; opening is one entry per AUDIT_READING_MS. */
async function audit(
  c: Context<ApiEnv>,
  action: "transcript.open" | "body.download",
  row: StoredRequest,
  details: Record<string, unknown> = {},
): Promise<void> {
  const entry = { ...auditActor(c), action, target: row.id, details: { ...details, domain: row.domain } };
  if (action === "transcript.open") await writeAuditOnce(c.get("config"), entry, AUDIT_READING_MS);
  else await writeAudit(c.get("config"), entry);
}
