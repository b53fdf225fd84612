/**
 * The ways of an answer's body to client and archive at once. What is known to be small passes piece by piece. A model's words, and
 * what fits into memory, are split by the runtime, and the archive's branch is left alone until the client has got its own: reading it along costs 40 µs per event or
 * holds the client's events back, and a pump to somebody who may wait costs memory. What could be larger is pumped to
 * the Recorder as it comes, and what could be larger than memory goes to both in step. Only a stream that is timed (stream-timing)
 * is read along all the same. Used by response-stream.
 */
import { MAX_BUNDLED_BODY_BYTES } from "../../runtime/constants.ts";
import type { ResponseMetadata } from "../../schemas/exchange.ts";
import type { DraftMetadata } from "../../store/journal/objects.ts";
import { copyLockstep, needsLockstep } from "../body/copy-lockstep.ts";
import type { Exchange } from "../exchange.ts";
import { readTeeBranch, type TeeReadResult } from "../body/tee-reader.ts";
import { copySmall } from "../body/copy-small.ts";
import { afterResponseDelay } from "../record/delay.ts";
import type { StoredPart } from "../record/recorder-entrypoint.ts";
import { pipedFrom, recordCopy, recordBody } from "../record/record.ts";
import { type ChunkTimer, chunkTimer } from "../record/chunk-timing.ts";

/** Of known length: up to this size the archive's branch may lie in the tee. */
const MAX_DEFERRED_BYTES = 1_048_576;
/** The client's pipe fails alike when the client leaves and when upstream breaks: before we turn upstream off it may say which. */
const UPSTREAM_ERROR_GRACE_MS = 10;
const EVENT_STREAM = /^text\/event-stream\b/i;

/** An answer's body on its way. */
export interface BodyCopy {
  /** Whether the client took all of it. */
  served: Promise<boolean>;
  /** A moment after that: now recording is in nobody's way. */
  delayElapsed: Promise<unknown>;
  /** Brings the archive its copy; see recordCopy. */
  record: (conclude: (broken: unknown) => Promise<DraftMetadata<ResponseMetadata>>) => Promise<StoredPart>;
  /** Of a body known to be small: what came of it, as soon as the client has its own. Who makes something of it needs no `record`. */
  readSmall?: () => Promise<TeeReadResult>;
}

/** Sets the body on its way to the client, in the way that suits its type and length (null: not known). */
export function startBodyCopy(
  exchange: Exchange,
  body: ReadableStream,
  client: WritableStream,
  type: string | null,
  length: number | null,
): BodyCopy {
  if (needsLockstep(type, length)) return lockstepCopy(exchange, body, client);
  const isSmall = length !== null && length <= MAX_BUNDLED_BODY_BYTES;
  if (isSmall) return smallCopy(exchange, body, client, length);
  if (length === null && EVENT_STREAM.test(type ?? ""))
    return deferredCopy(exchange, body, client, chunkTimer(exchange));
  const fitsInMemory = length !== null && length <= MAX_DEFERRED_BYTES;
  return fitsInMemory ? deferredCopy(exchange, body, client, null) : recorderCopy(exchange, body, client);
}

/** Passed on piece by piece, of which there is one or a few: that costs less than two branches and their pumps. */
function smallCopy(
  exchange: Exchange,
  body: ReadableStream,
  client: WritableStream,
  length: number,
): BodyCopy {
  const passing = copySmall(body, client, length, exchange.abort);
  const served = passing.then(({ wasServed }) => wasServed !== false);
  return {
    served,
    delayElapsed: served,
    record: async (conclude) => {
      const taken = await passing;
      await recordingDelay();
      return recordBody(exchange.env, "response", taken, conclude);
    },
    readSmall: () => passing,
  };
}

/** The other branch lies in the tee until it is in nobody's way; with a clock it is read along. */
function deferredCopy(
  exchange: Exchange,
  body: ReadableStream,
  client: WritableStream,
  clock: ChunkTimer | null,
): BodyCopy {
  const [toClient, toArchive] = body.tee();
  const served = pipeToClient(toClient, client, () => abortAfterGrace(exchange));
  const rested = served.then(recordingDelay);
  const record: BodyCopy["record"] = async (conclude) => {
    const taken = await readTeeBranch(toArchive, served, rested, clock?.onChunk);
    return recordBody(exchange.env, "response", taken, clock ? clock.withTiming(conclude) : conclude);
  };
  return { served, delayElapsed: rested, record };
}

/** The other branch is pumped as well. */
function recorderCopy({ env, ctx, abort }: Exchange, body: ReadableStream, client: WritableStream): BodyCopy {
  const [toClient, toArchive] = body.tee();
  const served = pipeToClient(toClient, client, () => abort.abort());
  return {
    served,
    delayElapsed: served.then(recordingDelay),
    record: (conclude) => recordCopy(env, ctx, "response", pipedFrom(toArchive), conclude),
  };
}

/** Resolves with whether the client took everything. */
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

/** One that may be larger than memory. */
function lockstepCopy({ env, ctx, abort }: Exchange, body: ReadableStream, client: WritableStream): BodyCopy {
  const { served, fill } = copyLockstep(body, client, abort.signal, () => abort.abort());
  return {
    served,
    delayElapsed: served.then(recordingDelay),
    record: (conclude) => recordCopy(env, ctx, "response", fill, conclude),
  };
}

const recordingDelay = () => scheduler.wait(afterResponseDelay());
