/**
 * The ways of an answer's body to client and archive at once. A model's words, and what is known to be small, are split by the
 * runtime, and the archive's branch is left alone until the client has got its own: reading it along costs 40 µs per event or
 * holds the client's events back, and a pump to somebody who may wait costs memory. What could be larger is pumped to
 * the Recorder as it comes, and what could be larger than memory goes to both in step. Only a stream that is timed (stream-timing)
 * is read along all the same. Used by response-stream.
 */
import type { ResponseFacts } from "../schemas/exchange.ts";
import type { OpenFacts } from "../store/journal.ts";
import { inStep, isBulk } from "./bulk.ts";
import type { Exchange } from "./exchange.ts";
import { pauseAfterAnswer } from "./pace.ts";
import type { StoredHalf } from "./recorder.ts";
import { pumped, recordBranch, recordCopy } from "./recording.ts";
import { type StreamClock, streamClock } from "./stream-timing.ts";

/** Of known length: up to this size the archive's branch may lie in the tee. */
const MAX_LYING_BYTES = 1_048_576;
/** The client's pipe fails alike when the client leaves and when upstream breaks: before we turn upstream off it may say which. */
const LAST_WORD_MS = 10;
const EVENT_STREAM = /^text\/event-stream\b/i;

/** An answer's body on its way. */
export interface Passage {
  /** Whether the client took all of it. */
  served: Promise<boolean>;
  /** A moment after that: now recording is in nobody's way. */
  rested: Promise<unknown>;
  /** Brings the archive its copy; see recordCopy. */
  record: (conclude: (broken: unknown) => Promise<OpenFacts<ResponseFacts>>) => Promise<StoredHalf>;
}

/** Sets the body on its way to the client, in the way that suits its type and length (null: not known). */
export function passBody(
  exchange: Exchange,
  body: ReadableStream,
  client: WritableStream,
  type: string | null,
  length: number | null,
): Passage {
  if (isBulk(type, length)) return steppedBody(exchange, body, client);
  const isStream = length === null && EVENT_STREAM.test(type ?? "");
  const mayLie = isStream || (length !== null && length <= MAX_LYING_BYTES);
  return teedBody(exchange, body, client, mayLie, isStream ? streamClock(exchange) : null);
}

/** Two branches, one pumped by the runtime, the other lying in the tee or pumped too; read along where there is a `clock`. */
function teedBody(
  exchange: Exchange,
  body: ReadableStream,
  client: WritableStream,
  mayLie: boolean,
  clock: StreamClock | null,
): Passage {
  const { env, ctx, abort } = exchange;
  const [toClient, toArchive] = body.tee();
  const served = toClient.pipeTo(client).then(
    () => true,
    () => {
      if (mayLie) ctx.waitUntil(scheduler.wait(LAST_WORD_MS).then(() => abort.abort()));
      else abort.abort();
      return false;
    },
  );
  const rested = served.then(rest);
  return {
    served,
    rested,
    record: (conclude) => {
      if (!mayLie) return recordCopy(env, ctx, "response", pumped(toArchive), conclude);
      const told = clock ? clock.told(conclude) : conclude;
      return recordBranch(env, "response", toArchive, served, rested, told, clock?.came);
    },
  };
}

/** One that may be larger than memory. */
function steppedBody({ env, ctx, abort }: Exchange, body: ReadableStream, client: WritableStream): Passage {
  const { served, fill } = inStep(body, client, abort.signal, () => abort.abort());
  return {
    served,
    rested: served.then(rest),
    record: (conclude) => recordCopy(env, ctx, "response", fill, conclude),
  };
}

const rest = () => scheduler.wait(pauseAfterAnswer());
