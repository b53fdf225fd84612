/**
 * Chooses how a response body is copied to client and archive.
 * - small (known length): chunk by chunk through JavaScript; a body has one or a few.
 * - deferred (event streams, and bodies that fit into memory): a native tee whose archive branch is read after the client has the whole body. Reading it
 *   as it comes costs 40 µs per event or delays the client's events; a pump to another invocation costs memory. A timed stream (chunk-timing.ts) is an exception.
 * - recorder (could be larger): the archive's branch is pumped to the Recorder as it comes.
 * - lockstep (could be larger than memory): see copy-lockstep.ts.
 * Used by respond.ts.
 */
import { MAX_BUNDLED_BODY_BYTES } from "../../runtime/constants.ts";
import type { EncodingDecision } from "../../domain/http/content-coding.ts";
import { copyLockstep, needsLockstep } from "../body/copy-lockstep.ts";
import { copySmall } from "../body/copy-small.ts";
import { readTeeBranch, type TeeReadResult } from "../body/tee-reader.ts";
import type { Exchange } from "../exchange.ts";
import { type ChunkTimer, chunkTimer } from "../record/chunk-timing.ts";
import { afterResponseDelay } from "../record/delay.ts";
import type { FinishResponse } from "../record/record.ts";
import { pipedFrom, recordBody, recordCopy } from "../record/record.ts";
import type { StoredPart } from "../record/recorder-entrypoint.ts";

/** Up to this length, where it is known, the archive's branch may stay in the tee. */
const MAX_DEFERRED_BYTES = 1_048_576;
/**
 * The client's pipe fails both when the client disconnects and when upstream fails. Waits this long before aborting upstream, so that upstream's
 * error shows which of the two it was.
 */
const UPSTREAM_ERROR_GRACE_MS = 10;
const EVENT_STREAM = /^text\/event-stream\b/i;

export interface BodyCopy {
  /** Whether the client received all of it. */
  served: Promise<boolean>;
  /** Resolves when recording may start: some time after `served`. */
  delayElapsed: Promise<unknown>;
  /** Stores the archive's copy; see recordCopy. */
  record: (finish: FinishResponse) => Promise<StoredPart>;
  /** Of a small body: resolves with its bytes when the client has them. A caller that stores these does not call `record`. */
  readSmall?: () => Promise<TeeReadResult>;
}

/** Starts copying the prepared body to the client. */
export function startBodyCopy(
  exchange: Exchange,
  body: ReadableStream,
  client: WritableStream,
  type: string | null,
  { length, undone }: EncodingDecision,
): BodyCopy {
  // The runtime cannot pump a body that is decoded here from its identity stream into the client's.
  if (undone.length > 0 || needsLockstep(type, length)) return lockstepCopy(exchange, body, client);
  const isSmall = length !== null && length <= MAX_BUNDLED_BODY_BYTES;
  if (isSmall) return smallCopy(exchange, body, client, length);
  if (length === null && EVENT_STREAM.test(type ?? ""))
    return deferredCopy(exchange, body, client, chunkTimer(exchange));
  const fitsInMemory = length !== null && length <= MAX_DEFERRED_BYTES;
  return fitsInMemory ? deferredCopy(exchange, body, client, null) : recorderCopy(exchange, body, client);
}

function smallCopy(
  exchange: Exchange,
  body: ReadableStream,
  client: WritableStream,
  length: number,
): BodyCopy {
  const copying = copySmall(body, client, length, exchange.abort);
  const served = copying.then(({ wasServed }) => wasServed !== false);
  return {
    served,
    delayElapsed: served,
    record: async (finish) => {
      const read = await copying;
      await recordingDelay();
      return recordBody(exchange.env, "response", read, finish);
    },
    readSmall: () => copying,
  };
}

function deferredCopy(
  exchange: Exchange,
  body: ReadableStream,
  client: WritableStream,
  timer: ChunkTimer | null,
): BodyCopy {
  const [toClient, toArchive] = body.tee();
  const served = pipeToClient(toClient, client, () => abortAfterGrace(exchange));
  const delayElapsed = served.then(recordingDelay);
  const record: BodyCopy["record"] = async (finish) => {
    const read = await readTeeBranch(toArchive, served, delayElapsed, timer?.onChunk);
    return recordBody(exchange.env, "response", read, timer ? timer.withTiming(finish) : finish);
  };
  return { served, delayElapsed, record };
}

function recorderCopy({ env, ctx, abort }: Exchange, body: ReadableStream, client: WritableStream): BodyCopy {
  const [toClient, toArchive] = body.tee();
  const served = pipeToClient(toClient, client, () => abort.abort());
  return {
    served,
    delayElapsed: served.then(recordingDelay),
    record: (finish) => recordCopy(env, ctx, "response", pipedFrom(toArchive), finish),
  };
}

function lockstepCopy({ env, ctx, abort }: Exchange, body: ReadableStream, client: WritableStream): BodyCopy {
  const { served, fill } = copyLockstep(body, client, abort.signal, () => abort.abort());
  return {
    served,
    delayElapsed: served.then(recordingDelay),
    record: (finish) => recordCopy(env, ctx, "response", fill, finish),
  };
}

/** Resolves with whether the client received everything. */
function pipeToClient(body: ReadableStream, client: WritableStream, failed: () => void): Promise<boolean> {
  return body.pipeTo(client).then(
    () => true,
    () => {
      failed();
      return false;
    },
  );
}

function abortAfterGrace({ ctx, abort }: Exchange): void {
  ctx.waitUntil(scheduler.wait(UPSTREAM_ERROR_GRACE_MS).then(() => abort.abort()));
}

const recordingDelay = () => scheduler.wait(afterResponseDelay());
