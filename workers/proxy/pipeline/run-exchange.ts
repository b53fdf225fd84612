/**
 * Runs one admitted exchange, from the client's body to the bell. The client's bytes are pumped by the runtime in both
 * directions; JavaScript sees headers, and copies that other streams carry to the Recorder.
 */
import { upstreamRequestHeaders } from "../../domain/http/forwarded-headers.ts";
import { describe, errorResponse, type ProxyError } from "../../runtime/anthropic-errors.ts";
import { errorText, log } from "../../runtime/log.ts";
import type { ResponseMetadata } from "../../schemas/exchange.ts";
import type { DraftMetadata } from "../../store/journal/objects.ts";
import { count } from "../record/counters.ts";
import { elapsed, type Exchange } from "../exchange.ts";
import { type UpstreamResult, forward } from "./forward.ts";
import { finishExchange, recordBuffered } from "../record/record.ts";
import { readRequestBody, type RequestBody } from "../body/request-body.ts";
import { recordRequest, type RequestRecording } from "../record/request-record.ts";
import { passResponse } from "./respond.ts";

/** Resolves with the response; what is left of the exchange goes on under `waitUntil`. */
export async function runExchange(exchange: Exchange): Promise<Response> {
  const { request, abort, ctx, id } = exchange;
  // Heard while we wait for upstream's headers; later the client's pipe may know first.
  request.signal.addEventListener("abort", () => abort.abort());

  let body: RequestBody;
  try {
    body = await readRequestBody(request);
  } catch (thrown) {
    log.info("exchange: the request body did not arrive", { id, error: errorText(thrown) });
    count("request_cut");
    const message = "Nexus: the request body ended before it was complete.";
    return errorResponse({ reason: "bad_request", message }, id);
  }
  const upstreamPromise = forward(upstreamRequest(exchange, body), exchange.config, abort);
  const recording = recordRequest(exchange, body);
  ctx.waitUntil(recording.done);

  const result = await retryOnUnauthorized(exchange, body, await upstreamPromise);
  switch (result.kind) {
    case "answered":
      return passResponse(exchange, result.response, recording);
    case "failed":
      return proxyErrorResponse(exchange, result.error, recording);
    case "gone":
      recordProxyError(
        exchange,
        recording,
        proxyErrorMetadata(exchange, recording, "client_gone"),
        new Uint8Array(0),
      );
      return new Response(null, { status: 499 }); // nobody reads it
  }
}

/**
 * A 401 may mean that an access token ended before its time. Then it is renewed, and the request is made once more if its body is
 * at hand; otherwise the client hears what upstream said, and its next request finds the new token.
 */
async function retryOnUnauthorized(
  exchange: Exchange,
  body: RequestBody,
  first: UpstreamResult,
): Promise<UpstreamResult> {
  const { renew } = exchange.credential;
  if (first.kind !== "answered" || first.response.status !== 401 || !renew) return first;
  if (body.kind === "streamed") {
    exchange.ctx.waitUntil(renew());
    return first;
  }
  const credential = await renew();
  if (credential === null) return first;
  await first.response.body?.cancel();
  if ("error" in credential) return { kind: "failed", error: credential.error };
  return forward(upstreamRequest({ ...exchange, credential }, body), exchange.config, exchange.abort);
}

function upstreamRequest({ request, target, credential, config }: Exchange, body: RequestBody) {
  return {
    // The base may have a path of its own; path and query go on as the client spelt them.
    url: config.CLAUDE_API_BASE_URL.replace(/\/+$/, "") + target.path + target.query,
    method: request.method,
    headers: upstreamRequestHeaders(request.headers, credential.headers),
    body,
  };
}

/** Upstream gave no answer: ours, in the same shape, and stored like one. */
async function proxyErrorResponse(
  exchange: Exchange,
  error: ProxyError,
  recording: RequestRecording,
): Promise<Response> {
  const response = errorResponse(error, exchange.id);
  const body = new Uint8Array(await response.clone().arrayBuffer());
  const told = { status: response.status, errorType: describe(error).type };
  recordProxyError(
    exchange,
    recording,
    proxyErrorMetadata(exchange, recording, "upstream_failed", told),
    body,
  );
  return response;
}

function recordProxyError(
  exchange: Exchange,
  recording: RequestRecording,
  facts: DraftMetadata<ResponseMetadata>,
  body: Uint8Array,
): void {
  recording.responseEnded();
  const storing = recordBuffered(exchange.env, "response", facts, body);
  exchange.ctx.waitUntil(finishExchange(exchange.env, exchange.ctx, recording.stored, facts, storing));
}

function proxyErrorMetadata(
  exchange: Exchange,
  recording: RequestRecording,
  outcome: "client_gone" | "upstream_failed",
  told: { status: number | null; errorType: string | null } = { status: null, errorType: null },
): DraftMetadata<ResponseMetadata> {
  return {
    v: 1,
    id: exchange.id,
    outcome,
    ...told,
    headers: {},
    timeToFirstByteMs: null,
    durationMs: elapsed(exchange),
    bodyCoding: "identity",
    asked: recording.summary(),
  };
}
