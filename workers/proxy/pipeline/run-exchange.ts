/**
 * Runs one authorized exchange: forwards the request, responds, records. The runtime pumps the client's bytes in both
 * directions; JavaScript sees headers, and the copies that are recorded.
 */
import { clientResponseHeaders, upstreamRequestHeaders } from "../../domain/http/forwarded-headers.ts";
import { storedResponseHeaders } from "../../domain/http/stored-headers.ts";
import { plainText } from "../../domain/truncate.ts";
import { describe, errorResponse, type ProxyError } from "../../runtime/anthropic-errors.ts";
import { errorText, log } from "../../runtime/log.ts";
import type { ResponseMetadata } from "../../schemas/exchange.ts";
import type { DraftMetadata } from "../../store/journal/objects.ts";
import { readRequestBody, type RequestBody } from "../body/request-body.ts";
import { elapsed, type Exchange } from "../exchange.ts";
import { count } from "../record/counters.ts";
import { recordRejection } from "../record/batch-writer.ts";
import { finishExchange, recordBuffered } from "../record/record.ts";
import { recordRequest, type RequestRecording } from "../record/request-record.ts";
import { reportRateLimits } from "../report/rate-limit-reports.ts";
import { forward, type UpstreamResult } from "./forward.ts";
import { prepareBody } from "./prepare-body.ts";
import { passResponse } from "./respond.ts";

const MAX_CODING_CHARACTERS = 100;
/** Other statuses than 200 to 599 are no status of a final response, and the runtime cannot send them. RFC 9110 15 */
const MAX_STATUS = 599;
const BODY_CUT: ProxyError = {
  reason: "bad_request",
  message: "Nexus: the request body ended before it was complete.",
};

/** Resolves with the response; what is left of the exchange runs under `waitUntil`. */
export async function runExchange(exchange: Exchange): Promise<Response> {
  const { request, abort, ctx, id } = exchange;
  // Detects a disconnect while waiting for upstream's headers; later the client's pipe may fail first.
  request.signal.addEventListener("abort", () => abort.abort());

  let body: RequestBody;
  let isCut = false;
  try {
    body = await readRequestBody(request, ctx, () => {
      isCut = true;
      count("request_cut");
      abort.abort();
    });
  } catch (thrown) {
    log.info("exchange: the request body did not arrive", { id, error: errorText(thrown) });
    count("request_cut");
    return errorResponse(BODY_CUT, id);
  }
  if (body.kind !== "none" && (request.method === "GET" || request.method === "HEAD")) {
    count("refused_path");
    const message = `Nexus: a ${request.method} request cannot carry a body here.`;
    const error: ProxyError = { reason: "bad_request", message };
    recordRejection(exchange, error);
    return errorResponse(error, id);
  }
  const forwarding = forward(upstreamRequest(exchange, body), exchange);
  const recording = recordRequest(exchange, body);
  ctx.waitUntil(recording.done);

  const result = await retryOnUnauthorized(exchange, body, await forwarding);
  switch (result.kind) {
    case "response": {
      const { status } = result.response;
      if (status < 200 || status > MAX_STATUS)
        return unreadableResponse(exchange, result.response, recording, { reason: "invalid_status" });
      const preparing = prepareBody(exchange, result.response);
      const prepared = preparing instanceof Promise ? await preparing : preparing;
      if (prepared !== null) return passResponse(exchange, result.response, prepared, recording);
      const coding = plainText(result.response.headers.get("content-encoding") ?? "", MAX_CODING_CHARACTERS);
      return unreadableResponse(exchange, result.response, recording, {
        reason: "undecodable_response",
        coding,
      });
    }
    case "failed":
      return ownErrorResponse(exchange, result.error, recording);
    case "client_gone":
      if (isCut && !request.signal.aborted)
        return ownErrorResponse(exchange, BODY_CUT, recording, { outcome: "client_gone" });
      return clientGone(exchange, recording);
  }
}

/**
 * A 401 may mean that upstream ended an access token early. The token is renewed, and the request is sent again if its body is in
 * memory; otherwise the client gets the 401, and its next request uses the new token.
 */
async function retryOnUnauthorized(
  exchange: Exchange,
  body: RequestBody,
  first: UpstreamResult,
): Promise<UpstreamResult> {
  const { renew } = exchange.credential;
  if (first.kind !== "response" || first.response.status !== 401 || !renew) return first;
  if (body.kind === "streamed") {
    exchange.ctx.waitUntil(renew());
    return first;
  }
  const credential = await renew();
  if (credential === null) return first;
  await first.response.body?.cancel();
  if ("error" in credential) return { kind: "failed", error: credential.error };
  return forward(upstreamRequest({ ...exchange, credential }, body), exchange);
}

function upstreamRequest({ request, headers, target, credential, config }: Exchange, body: RequestBody) {
  return {
    // The base URL may have a path of its own; path and query are sent as the client spelt them.
    url: config.CLAUDE_API_BASE_URL.replace(/\/+$/, "") + target.path + target.query,
    method: request.method,
    headers: upstreamRequestHeaders(request.headers, credential.headers, headers),
    body,
  };
}

function clientGone(exchange: Exchange, recording: RequestRecording): Response {
  recordOwnResponse(exchange, recording, { outcome: "client_gone", status: null, errorType: null });
  return new Response(null, { status: 499 }); // the client has disconnected
}

type Unreadable = { reason: "invalid_status" } | { reason: "undecodable_response"; coding: string };

/**
 * Upstream sent what the client could not read: the body is given up. Its headers are kept, and its status where the status alone says
 * what happened.
 */
function unreadableResponse(
  exchange: Exchange,
  { status, headers }: Response,
  recording: RequestRecording,
  problem: Unreadable,
): Response | Promise<Response> {
  if (exchange.abort.signal.aborted) return clientGone(exchange, recording);
  const timeToFirstByteMs = elapsed(exchange);
  exchange.abort.abort();
  const { env, ctx, id, admission, config } = exchange;
  const { host } = new URL(config.CLAUDE_API_BASE_URL);
  const error: ProxyError = { ...problem, host, status };
  const stored = { ...storedResponseHeaders(headers), "content-type": "application/json" };
  reportRateLimits(env, ctx, admission.record, stored, Date.now());
  const known = {
    headers: stored,
    // Null: the error is the proxy's.
    timeToFirstByteMs: describe(error).status === status ? timeToFirstByteMs : null,
  };
  const toClient = clientResponseHeaders(headers, { contentEncoding: null, length: null }, id);
  return ownErrorResponse(exchange, error, recording, known, toClient);
}

/** Responds with an error in Anthropic's shape and records it like a response. `known` is recorded with it; see errorResponse for `upstream`. */
async function ownErrorResponse(
  exchange: Exchange,
  error: ProxyError,
  recording: RequestRecording,
  known: Partial<ResponseMetadata> = {},
  upstream?: Headers,
): Promise<Response> {
  const response = errorResponse(error, exchange.id, upstream);
  const body = new Uint8Array(await response.clone().arrayBuffer());
  const { status, type: errorType } = describe(error);
  const result = { outcome: "upstream_failed" as const, ...known, status, errorType };
  recordOwnResponse(exchange, recording, result, body);
  return response;
}

function recordOwnResponse(
  exchange: Exchange,
  recording: RequestRecording,
  result: Pick<ResponseMetadata, "outcome" | "status" | "errorType"> & Partial<ResponseMetadata>,
  body = new Uint8Array(0),
): void {
  const { env, ctx, id } = exchange;
  const metadata: DraftMetadata<ResponseMetadata> = {
    v: 1,
    id,
    headers: {},
    timeToFirstByteMs: null,
    upstreamAttempts: exchange.upstreamAttempts,
    durationMs: elapsed(exchange),
    bodyCoding: "identity",
    asked: recording.summary(),
    ...result,
  };
  recording.responseEnded();
  const storing = recordBuffered(env, "response", metadata, body);
  ctx.waitUntil(finishExchange(env, ctx, recording.stored, metadata, storing));
}
