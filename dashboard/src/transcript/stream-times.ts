/** Arrival times of the events of a stream and its pauses, from the times of its chunks. Pure. */
import type { StreamingChunk } from "../../../workers/schemas/api/requests.ts";
import type { StreamEvent } from "./sse.ts";

export interface Pause {
  /** Number of the event that ended the pause, from 1; null if no event followed. */
  event: number | null;
  fromMs: number;
  toMs: number;
}

export interface StreamTimes {
  /**
   * Arrival of each event in milliseconds since the start of the exchange: of the chunk with its last byte. Null for events after
   * the last recorded chunk.
   */
  events: (number | null)[];
  /** Arrival of the first bytes. */
  firstMs: number;
  /** The end of the drawing: the exchange's, or the last chunk. */
  totalMs: number;
  /** Pauses shorter than this have no name. */
  pauseThresholdMs: number;
  /** After the first event, in order of time. */
  pauses: Pause[];
}

/** A pause is at least a twentieth of the total time, so that its name fits and there are at most twenty. */
const PAUSE_SHARE = 0.05;
/** The threshold is rounded up to one of these. */
const PAUSE_THRESHOLDS_MS = [250, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000, 120_000, 300_000];

/** Null if the stream was not timed. */
export function streamTimes(
  events: readonly StreamEvent[],
  chunks: readonly StreamingChunk[],
  durationMs: number | null,
): StreamTimes | null {
  const [first] = chunks;
  if (!first) return null;
  const totalMs = Math.max(durationMs ?? 0, chunks.at(-1)!.offsetMs, 1);
  const share = totalMs * PAUSE_SHARE;
  const pauseThresholdMs = PAUSE_THRESHOLDS_MS.find((one) => one >= share) ?? Math.ceil(share);
  const times = timesOf(events, chunks);
  return {
    events: times,
    firstMs: first.offsetMs,
    totalMs,
    pauseThresholdMs,
    pauses: pausesOf([...times, times.at(-1) === null ? null : totalMs], events.length, pauseThresholdMs),
  };
}

/** `times`: of `count` events and of the end. */
function pausesOf(times: readonly (number | null)[], count: number, pauseThresholdMs: number): Pause[] {
  return times.flatMap((toMs, at) => {
    const fromMs = at === 0 ? null : times[at - 1]!;
    if (fromMs === null || toMs === null || toMs - fromMs < pauseThresholdMs) return [];
    return [{ event: at < count ? at + 1 : null, fromMs, toMs }];
  });
}

function timesOf(events: readonly StreamEvent[], chunks: readonly StreamingChunk[]): StreamTimes["events"] {
  let at = 0;
  return events.map(({ end }) => {
    while (at < chunks.length && chunks[at]!.endByte < end) at++;
    return chunks[at]?.offsetMs ?? null;
  });
}

/** A name for a pause: A to Z, then numbers. There are fewer than twenty. */
export const pauseName = (index: number) => (index < 26 ? String.fromCharCode(65 + index) : `${index + 1}`);

/** A round time in few characters: 250 → "250 ms", 2000 → "2 s". */
export const formatRound = (ms: number) => (ms < 1_000 ? `${ms} ms` : `${ms / 1_000} s`);

/** 812 → "812 ms", 1234 → "1.234 s", 64230 → "64.230 s": to the millisecond. */
export function formatExactMs(ms: number): string {
  return ms < 1_000 ? `${ms} ms` : `${(ms / 1_000).toFixed(3)} s`;
}
