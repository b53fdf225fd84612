/**
 * One admitted exchange, from the client's body to the bell. The client's bytes are pumped by the runtime in both directions;
 * JavaScript sees headers, and copies that other streams carry to the Recorder.
 */
import type { Config } from "../config.ts";
import { isOAuthPath, type RawTarget } from "../domain/paths.ts";
import { headersUp } from "../domain/upstream-headers.ts";
import { describe, errorResponse, type ProxyError } from "../errors.ts";
import { errorText, log } from "../log.ts";
import { storedRequestHeaders } from "../domain/headers.ts";
import type { RequestFacts, ResponseFacts } from "../schemas/exchange.ts";
import type { OpenFacts } from "../store/journal.ts";
import type { Admission } from "./admission.ts";
import { count } from "./counters.ts";
import { forward } from "./forward.ts";
import type { StoredHalf } from "./recorder.ts";
import { BODY_NOT_RECORDED, recordCopy, recordHeld, ringBell } from "./recording.ts";
import { takeBody, type RequestBody } from "./request-body.ts";
import { passAnswer } from "./response-stream.ts";

export interface Exchange {
  id: string;
  /** Epoch milliseconds. */
  startedAt: number;
  request: Request;
  target: RawTarget;
  admission: Admission;
  /** What authenticates us with Claude; null leaves the client's own. */
  credential: Readonly<Record<string, string>> | null;
  env: Env;
  ctx: ExecutionContext;
  config: Config;
}

/** Our end of the exchange: one switch for everything upstream, and who turned it. */
export interface Ending {
  abort: AbortController;
  /** The client left; else it was a time limit of ours. */
  isClientGone: boolean;
}

const NOTHING = new Uint8Array(0);

/** Runs the exchange up to the response; what is left of it goes on under `waitUntil`. */
export async function runExchange(exchange: Exchange): Promise<Response> {
  const { request, ctx, id } = exchange;
  const ending: Ending = { abort: new AbortController(), isClientGone: false };
  // Heard while we wait for upstream's headers; later the client's pipe usually knows first.
  request.signal.addEventListener("abort", () => {
    ending.isClientGone = true;
    ending.abort.abort();
  });

  let body: RequestBody;
  try {
    body = await takeBody(request);
  } catch (thrown) {
    log.info("exchange: the request body did not arrive", { id, error: errorText(thrown) });
    count("request_cut");
    return errorResponse(
      { reason: "bad_request", message: "Nexus: the request body ended before it was complete." },
      id,
    );
  }

  const answering = forward(upstreamRequest(exchange, body), exchange.config, ending.abort);
  const uploadCut = new AbortController();
  const facts = requestFacts(exchange);
  const requestStored = recordRequest(exchange, facts, body, uploadCut.signal);
  /** The end of every exchange: both halves, then the bell. */
  const finish = async (response: OpenFacts<ResponseFacts>, storing: Promise<StoredHalf>) => {
    const responseStored = await storing;
    uploadCut.abort(); // an upload that upstream did not wait for is over now
    await ringBell(
      exchange.env,
      facts.domain,
      { facts, stored: await requestStored },
      { facts: response, stored: responseStored },
    );
  };
  ctx.waitUntil(requestStored);

  const answer = await answering;
  switch (answer.kind) {
    case "answered":
      return passAnswer(exchange, answer.response, ending, finish);
    case "failed":
      return ownAnswer(exchange, answer.error, finish);
    case "gone": {
      const gone = ownResponseFacts(exchange, "client_gone", null, null);
      ctx.waitUntil(finish(gone, recordHeld(exchange.env, "response", gone, NOTHING)));
      return new Response(null, { status: 499 }); // nobody reads it
    }
  }
}

export type Finish = (facts: OpenFacts<ResponseFacts>, storing: Promise<StoredHalf>) => Promise<void>;

/** Milliseconds since the exchange began. */
export const elapsed = (exchange: Exchange) => Date.now() - exchange.startedAt;

function upstreamRequest({ request, target, credential, config }: Exchange, body: RequestBody) {
  return {
    // The base may have a path of its own; path and query go on as the client spelt them.
    url: config.CLAUDE_API_BASE_URL.replace(/\/+$/, "") + target.path + target.query,
    method: request.method,
    headers: headersUp(request.headers, credential),
    body,
  };
}

function requestFacts({ id, startedAt, request, target, admission }: Exchange): OpenFacts<RequestFacts> {
  const { domain, accountId, credentialType } = admission.record;
  return {
    v: 1,
    id,
    startedAt,
    domain,
    accountId,
    credentialType,
    clientKeyId: admission.clientKeyId,
    method: request.method,
    path: target.path,
    query: target.query,
    headers: storedRequestHeaders(request.headers),
    ...(isOAuthPath(target.path) ? { body: BODY_NOT_RECORDED } : {}),
  };
}

function recordRequest(
  { env, ctx }: Exchange,
  facts: OpenFacts<RequestFacts>,
  body: RequestBody,
  cut: AbortSignal,
): Promise<StoredHalf> {
  switch (body.kind) {
    case "none":
      return recordHeld(env, "request", facts, NOTHING);
    case "held": {
      if (!facts.body) return recordHeld(env, "request", facts, body.bytes);
      const unrecorded = { ...facts, body: { ...facts.body, bytes: body.bytes.length } };
      return recordHeld(env, "request", unrecorded, NOTHING);
    }
    case "streamed":
      return recordCopy(
        env,
        ctx,
        "request",
        body.copy,
        async (broken) =>
          broken === null || facts.body
            ? facts
            : { ...facts, body: { recorded: "head", bytes: 0, sha256: null } },
        cut,
      );
  }
}

/** Upstream gave no answer: ours, in the same shape, and stored like one. */
async function ownAnswer(exchange: Exchange, error: ProxyError, finish: Finish): Promise<Response> {
  const response = errorResponse(error, exchange.id);
  const bytes = new Uint8Array(await response.clone().arrayBuffer());
  const facts = ownResponseFacts(exchange, "upstream_failed", response.status, describe(error).type);
  exchange.ctx.waitUntil(finish(facts, recordHeld(exchange.env, "response", facts, bytes)));
  return response;
}

function ownResponseFacts(
  exchange: Exchange,
  outcome: "client_gone" | "upstream_failed",
  status: number | null,
  errorType: string | null,
): OpenFacts<ResponseFacts> {
  return {
    v: 1,
    id: exchange.id,
    outcome,
    status,
    errorType,
    headers: {},
    timeToFirstByteMs: null,
    durationMs: elapsed(exchange),
    bodyCoding: "identity",
  };
}
