/**
 * The answer on its way down. The client's branch goes through an IdentityTransformStream written under `waitUntil`, because its
 * next write after a hang-up rejects; a stream made by JavaScript never hears of it. How the archive gets its copy is
 * answer-body's business.
 */
import { CLIENT_GRACE_MS } from "../../runtime/constants.ts";
import { storedResponseHeaders } from "../../domain/http/stored-headers.ts";
import { isOAuthPath } from "../../domain/http/paths.ts";
import { negotiateEncoding, clientResponseHeaders } from "../../domain/http/forwarded-headers.ts";
import type { Outcome, ResponseMetadata } from "../../schemas/exchange.ts";
import type { DraftMetadata } from "../../store/journal/objects.ts";
import { startBodyCopy } from "./copy-strategy.ts";
import { addToBundle, writeOverdueBundles } from "../record/batch-writer.ts";
import { elapsed, type Exchange } from "../exchange.ts";
import { reportRateLimits } from "../report/rate-limit-reports.ts";
import { BODY_NOT_RECORDED, finishExchange, recordBuffered } from "../record/record.ts";
import type { RequestRecording } from "../record/request-record.ts";

/** Answers that have no body, whatever their headers say. */
const NO_BODY_STATUSES: ReadonlySet<number> = new Set([204, 205, 304]);

/** Passes upstream's answer on, whatever its status, and records it. */
export function passResponse(exchange: Exchange, upstream: Response, recording: RequestRecording): Response {
  const { request, abort, env, ctx, id, config } = exchange;
  const passage = negotiateEncoding(
    upstream.headers.get("content-encoding"),
    upstream.headers.get("content-length"),
    request.headers.get("accept-encoding"),
  );
  const timeToFirstByteMs = elapsed(exchange);
  let headers: Record<string, string> | undefined;
  const headersStored = () => (headers ??= storedResponseHeaders(upstream.headers));
  const factsOf = (outcome: Outcome, durationMs: number): DraftMetadata<ResponseMetadata> => ({
    v: 1,
    id,
    outcome,
    status: upstream.status,
    errorType: null,
    headers: headersStored(),
    timeToFirstByteMs,
    durationMs,
    bodyCoding: passage.storedEncoding,
    asked: recording.summary(),
    ...(isOAuthPath(exchange.target.path) ? { body: BODY_NOT_RECORDED } : {}),
  });
  const init = {
    status: upstream.status,
    statusText: upstream.statusText,
    headers: clientResponseHeaders(upstream.headers, passage.keepsEncoding, id),
  };
  if (upstream.body === null || request.method === "HEAD" || NO_BODY_STATUSES.has(upstream.status)) {
    const facts = factsOf("complete", elapsed(exchange));
    reportRateLimits(env, ctx, exchange.admission.record, facts.headers, Date.now());
    recording.responseEnded();
    const storing = recordBuffered(env, "response", facts, new Uint8Array(0));
    ctx.waitUntil(finishExchange(env, ctx, recording.stored, facts, storing));
    return new Response(null, init);
  }

  const pipe =
    passage.length === null ? new IdentityTransformStream() : new FixedLengthStream(passage.length);
  const response = new Response(pipe.readable, init); // first: a status that cannot be passed on must leave no pumps behind
  const type = upstream.headers.get("content-type");
  const {
    served,
    delayElapsed: rested,
    record,
    readSmall: taken,
  } = startBodyCopy(exchange, upstream.body, pipe.writable, type, passage.length);
  let isCapped = false;
  const cap = setTimeout(() => {
    isCapped = true;
    abort.abort();
  }, config.STREAM_MAX_MS);

  let wasServed: boolean | null = null;
  let durationMs: number | null = null;
  const copied = async () => {
    // The headers and the first bytes leave before anything else is done; the archive's branch waits in memory.
    if (!taken) await scheduler.wait(0);
    void served.then((was) => {
      wasServed = was;
      durationMs ??= elapsed(exchange);
    });
    const small = await taken?.();
    if (small) wasServed = await served;
    writeOverdueBundles(exchange, Date.now());
    reportRateLimits(env, ctx, exchange.admission.record, headersStored(), Date.now());
    const request = small?.error === null && wasServed ? recording.detach() : null;
    if (small && request) {
      clearTimeout(cap);
      const { chunks: pieces, bytes } = small.buffered;
      const response = { facts: factsOf("complete", durationMs ?? elapsed(exchange)), pieces, bytes };
      return addToBundle(exchange, { request, response });
    }
    let facts: DraftMetadata<ResponseMetadata> | undefined;
    const conclude = async (broken: unknown) => {
      clearTimeout(cap);
      durationMs ??= elapsed(exchange);
      if (broken === null)
        await (wasServed === null ? Promise.race([rested, scheduler.wait(CLIENT_GRACE_MS)]) : rested);
      recording.responseEnded();
      facts = factsOf(isCapped ? "upstream_failed" : outcomeOf(broken, wasServed), durationMs);
      return facts;
    };
    const storing = record(conclude);
    await storing;
    facts ??= factsOf("interrupted", elapsed(exchange));
    await finishExchange(env, ctx, recording.stored, facts, storing);
  };
  ctx.waitUntil(copied());
  return response;
}

/**
 * How it ended. The archive's branch tells: it breaks with our own AbortError when the client left, with the connection's error
 * when upstream did. (The client's pipe reads the same in both cases.) When upstream has said everything, the client's pipe
 * tells whether it was heard; null: the client is still reading.
 */
function outcomeOf(broken: unknown, wasServed: boolean | null): Outcome {
  if (broken === null) return wasServed === false ? "client_gone" : "complete";
  return broken instanceof Error && broken.name === "AbortError" ? "client_gone" : "upstream_failed";
}
