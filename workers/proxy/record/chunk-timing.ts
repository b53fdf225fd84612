/**
 * Times the chunks of a streamed response, for the share of exchanges that STREAM_TIMING_SAMPLE selects. For these the archive's
 * branch is read as it comes, which costs 40 µs per event; the client's branch and the journal format are not affected. Used by copy-strategy.ts.
 */
import {
  isTimingSampled,
  newArrivalLog,
  recordArrival,
  streamTiming,
} from "../../domain/messages/chunk-timing.ts";
import { elapsed, type Exchange } from "../exchange.ts";
import type { FinishResponse } from "./record.ts";

export interface ChunkTimer {
  /** To be called after each chunk with the number of bytes so far. */
  onChunk: (bytes: number) => void;
  /** Adds the timing to the metadata written to the journal, and to no other metadata, so that a message sent without R2 stays small. */
  withTiming: (finish: FinishResponse) => FinishResponse;
}

/** Null where the exchange is not sampled. */
export function chunkTimer(exchange: Exchange): ChunkTimer | null {
  const share = exchange.config.STREAM_TIMING_SAMPLE;
  if (share === 0 || !isTimingSampled(exchange.id, share)) return null;
  const arrivals = newArrivalLog();
  return {
    onChunk: (bytes) => recordArrival(arrivals, elapsed(exchange), bytes),
    withTiming: (finish) => async (error) => {
      const metadata = await finish(error);
      const timing = streamTiming(arrivals);
      return timing && !metadata.body ? { ...metadata, timing } : metadata;
    },
  };
}
