/**
 * Times the pieces of a streamed answer, for the share of exchanges that STREAM_TIMING_SAMPLE asks for. For these the archive's
 * branch is read as it comes, which costs 40 µs per event; the client's branch and the journal do not know of it. Used by answer-body.
 */
import {
  isTimingSampled,
  newArrivalLog,
  recordArrival,
  streamTiming,
} from "../../domain/messages/chunk-timing.ts";
import type { ResponseMetadata } from "../../schemas/exchange.ts";
import type { DraftMetadata } from "../../store/journal/objects.ts";
import { elapsed, type Exchange } from "../exchange.ts";

/** Stands beside a stream that is timed. */
export interface ChunkTimer {
  /** Told whenever a piece has come how many bytes that makes. */
  onChunk: (bytes: number) => void;
  /**
   * Adds the times to the facts that go into the journal with the answer. They are left out of the facts that the rest of the
   * exchange knows, so that without R2 the bell stays small.
   */
  withTiming: (
    conclude: (broken: unknown) => Promise<DraftMetadata<ResponseMetadata>>,
  ) => (broken: unknown) => Promise<DraftMetadata<ResponseMetadata>>;
}

/** Null where this exchange is not one of those. */
export function chunkTimer(exchange: Exchange): ChunkTimer | null {
  const share = exchange.config.STREAM_TIMING_SAMPLE;
  if (share === 0 || !isTimingSampled(exchange.id, share)) return null;
  const notes = newArrivalLog();
  return {
    onChunk: (bytes) => recordArrival(notes, elapsed(exchange), bytes),
    withTiming: (conclude) => async (broken) => {
      const facts = await conclude(broken);
      const timing = streamTiming(notes);
      return timing && !facts.body ? { ...facts, timing } : facts;
    },
  };
}
