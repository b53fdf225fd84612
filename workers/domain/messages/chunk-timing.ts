/**
 * Arrival times of the chunks of a streamed response: which exchanges are timed, and their points, at most MAX_TIMING_POINTS.
 * Recorded by workers/proxy, packed for the database by ingest, unpacked by the API.
 */
import { MAX_TIMING_POINTS, type StreamTiming } from "../../schemas/exchange.ts";

const RANDOM_VALUES = 2 ** 32;

/** Whether this exchange is one of the share (0 to 1) that is timed. The id's randomness decides, so the result is always the same. */
export function isTimingSampled(id: string, share: number): boolean {
  return Number.parseInt(id.slice(-8), 16) < share * RANDOM_VALUES;
}

/** Points recorded while a stream arrives. */
export interface ArrivalLog {
  resolutionMs: number;
  /** Ascending: milliseconds since the start of the exchange. */
  times: number[];
  /** Ascending: bytes received by then. */
  ends: number[];
}

export const newArrivalLog = (): ArrivalLog => ({ resolutionMs: 1, times: [], ends: [] });

/**
 * Records that `end` bytes had arrived at `ms`. Times never decrease, even if the clock does. Of the points within one `resolutionMs`
 * the last is kept; above `limit` points the resolution is doubled. The first point never changes.
 */
export function recordArrival(log: ArrivalLog, ms: number, end: number, limit = MAX_TIMING_POINTS): void {
  const { times, ends } = log;
  const last = times.length - 1;
  const time = Math.max(Math.round(ms), last < 0 ? 0 : times[last]!);
  if (last > 0 ? isSamePoint(log, times[last]!, time) : times[0] === time) {
    times[last] = time;
    ends[last] = end;
    return;
  }
  times.push(time);
  ends.push(end);
  while (times.length > limit) coarsen(log);
}

const isSamePoint = ({ resolutionMs }: ArrivalLog, a: number, b: number) =>
  Math.floor(a / resolutionMs) === Math.floor(b / resolutionMs);

function coarsen(log: ArrivalLog): void {
  log.resolutionMs *= 2;
  const { times, ends } = log;
  let kept = 1;
  for (let at = 1; at < times.length; at++) {
    if (kept > 1 && isSamePoint(log, times[kept - 1]!, times[at]!)) kept--;
    times[kept] = times[at]!;
    ends[kept] = ends[at]!;
    kept++;
  }
  times.length = kept;
  ends.length = kept;
}

/** The timing as it is recorded; null without a point. */
export function streamTiming({ resolutionMs, times, ends }: ArrivalLog): StreamTiming | null {
  if (times.length === 0) return null;
  return { resolutionMs, gapsMs: differences(times), bytes: differences(ends) };
}

const differences = (sums: readonly number[]) => sums.map((sum, at) => sum - (sums[at - 1] ?? 0));

/**
 * The timing as it is stored, in LEB128 (seven bits per byte, lowest first): the resolution, then the gap and the bytes of each
 * chunk. A stream of a hundred events takes about 250 bytes.
 */
export function packTiming({ resolutionMs, gapsMs, bytes }: StreamTiming): Uint8Array {
  const packed: number[] = [];
  for (let left of [resolutionMs, ...gapsMs.flatMap((gap, at) => [gap, bytes[at]!])]) {
    // Bit shifts would truncate to 32 bits.
    for (; left >= 128; left = Math.floor(left / 128)) packed.push((left % 128) + 128);
    packed.push(left);
  }
  return Uint8Array.from(packed);
}

/** A chunk of a stream, or several that arrived together. */
export interface TimedChunk {
  /** Its arrival, in milliseconds since the start of the exchange. */
  ms: number;
  /** Bytes of the stream up to its end. */
  end: number;
}

/** Reverses packTiming; null for invalid bytes. */
export function unpackTiming(packed: Uint8Array): { resolutionMs: number; chunks: TimedChunk[] } | null {
  const numbers: number[] = [];
  let value = 0;
  let unit = 1;
  for (const byte of packed) {
    value += (byte % 128) * unit;
    unit *= 128;
    if (byte >= 128) continue;
    numbers.push(value);
    [value, unit] = [0, 1];
  }
  const [resolutionMs, ...rest] = numbers;
  if (!resolutionMs || unit !== 1 || rest.length % 2 !== 0) return null;
  let ms = 0;
  let end = 0;
  const chunks: TimedChunk[] = [];
  for (let at = 0; at < rest.length; at += 2)
    chunks.push({ ms: (ms += rest[at]!), end: (end += rest[at + 1]!) });
  return { resolutionMs, chunks };
}
