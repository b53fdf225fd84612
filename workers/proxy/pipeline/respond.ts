/**
 * Passes upstream's response to the client and records it. The client's branch goes through an IdentityTransformStream written under `waitUntil`,
 * because its next write after a disconnect rejects; a stream made in JavaScript is not notified. copy-strategy.ts decides how the archive
 * gets its copy.
 */
import { CLIENT_GRACE_MS } from "../../runtime/constants.ts";
import { storedResponseHeaders } from "../../domain/http/stored-headers.ts";
import { carriesCredentials } from "../../domain/http/paths.ts";
import { clientResponseHeaders } from "../../domain/http/forwarded-headers.ts";
import type { Outcome, ResponseMetadata } from "../../schemas/exchange.ts";
import type { DraftMetadata } from "../../store/journal/objects.ts";
import { elapsed, type Exchange } from "../exchange.ts";
import { addToBundle, writeOverdueBundles } from "../record/batch-writer.ts";
import { BODY_NOT_RECORDED, finishExchange, recordBuffered } from "../record/record.ts";
import type { RequestRecording } from "../record/request-record.ts";
import { reportRateLimits } from "../report/rate-limit-reports.ts";
import { startBodyCopy } from "./copy-strategy.ts";
import type { PreparedBody } from "./prepare-body.ts";

/** Passes upstream's response on, whatever its status, and records it. */
export function passResponse(
  exchange: Exchange,
  upstream: Response,
  { stream, encoding }: PreparedBody,
  recording: RequestRecording,
): Response {
  const { abort, env, ctx, id, config } = exchange;
  const timeToFirstByteMs = elapsed(exchange);
  let headers: Record<string, string> | undefined;
  const storedHeaders = () => (headers ??= storedResponseHeaders(upstream.headers));
  const metadataFor = (outcome: Outcome, durationMs: number): DraftMetadata<ResponseMetadata> => ({
    v: 1,
    id,
    outcome,
    status: upstream.status,
    errorType: null,
    headers: storedHeaders(),
    timeToFirstByteMs,
    upstreamAttempts: exchange.upstreamAttempts,
    durationMs,
    bodyCoding: encoding.storedEncoding,
    asked: recording.summary(),
    ...(carriesCredentials(exchange.target.path) ? { body: BODY_NOT_RECORDED } : {}),
  });
  const init = {
    status: upstream.status,
    statusText: upstream.statusText,
    headers: clientResponseHeaders(upstream.headers, encoding, id),
  };
  if (stream === null) {
    const metadata = metadataFor("complete", elapsed(exchange));
    reportRateLimits(env, ctx, exchange.admission.record, metadata.headers, Date.now());
    recording.responseEnded();
    const storing = recordBuffered(env, "response", metadata, new Uint8Array(0));
    ctx.waitUntil(finishExchange(env, ctx, recording.stored, metadata, storing));
    return new Response(null, init);
  }

  const pipe =
    encoding.length === null ? new IdentityTransformStream() : new FixedLengthStream(encoding.length);
  const response = new Response(pipe.readable, init); // first: an invalid status throws here, before any pump has started
  const type = upstream.headers.get("content-type");
  const { served, delayElapsed, record, readSmall } = startBodyCopy(
    exchange,
    stream,
    pipe.writable,
    type,
    encoding,
  );
  let hasTimedOut = false;
  const timer = setTimeout(() => {
    hasTimedOut = true;
    abort.abort();
  }, config.STREAM_MAX_MS);

  let wasServed: boolean | null = null;
  let durationMs: number | null = null;
  const recordResponse = async () => {
    // The headers and the first bytes are sent before anything else is done; the archive's branch waits in memory.
    if (!readSmall) await scheduler.wait(0);
    void served.then((was) => {
      wasServed = was;
      durationMs ??= elapsed(exchange);
    });
    const small = await readSmall?.();
    if (small) wasServed = await served;
    writeOverdueBundles(exchange, Date.now());
    reportRateLimits(env, ctx, exchange.admission.record, storedHeaders(), Date.now());
    const bundled = small?.error === null && wasServed ? recording.detach() : null;
    if (small && bundled) {
      clearTimeout(timer);
      const { chunks, bytes } = small.buffered;
      const metadata = metadataFor("complete", durationMs ?? elapsed(exchange));
      return addToBundle(exchange, { request: bundled, response: { metadata, chunks, bytes } });
    }
    let metadata: DraftMetadata<ResponseMetadata> | undefined;
    const finish = async (error: unknown) => {
      clearTimeout(timer);
      durationMs ??= elapsed(exchange);
      if (error === null)
        await (wasServed === null
          ? Promise.race([delayElapsed, scheduler.wait(CLIENT_GRACE_MS)])
          : delayElapsed);
      recording.responseEnded();
      metadata = metadataFor(hasTimedOut ? "upstream_failed" : outcomeOf(error, wasServed), durationMs);
      return metadata;
    };
    const storing = record(finish);
    await storing;
    metadata ??= metadataFor("interrupted", elapsed(exchange));
    await finishExchange(env, ctx, recording.stored, metadata, storing);
  };
  ctx.waitUntil(recordResponse());
  return response;
}

/**
 * How the response ended. The archive's branch decides: it fails with our own AbortError when the client disconnected, with the connection's error
 * when upstream failed. (The client's pipe fails in both cases.) After upstream has ended, `wasServed` is whether the client received
 * everything; null: the client is still reading.
 */
function outcomeOf(error: unknown, wasServed: boolean | null): Outcome {
  if (error === null) return wasServed === false ? "client_gone" : "complete";
  return error instanceof Error && error.name === "AbortError" ? "client_gone" : "upstream_failed";
}
