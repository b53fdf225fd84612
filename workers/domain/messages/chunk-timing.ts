/**
 * When the pieces of a streamed answer came: which exchanges are timed, and their points, bounded in number however long the
 * stream is. Noted by workers/proxy, packed for the database by ingest, unpacked by the API.
 */
import { MAX_TIMING_POINTS, type StreamTiming } from "../../schemas/exchange.ts";

const DRAWS = 2 ** 32;

/** Whether this exchange is one of the share (0 to 1) that is timed. The id's own randomness decides, so the answer is always the same. */
export function isTimed(id: string, share: number): boolean {
  return Number.parseInt(id.slice(-8), 16) < share * DRAWS;
}

/** Points noted while a stream comes. */
export interface TimingNotes {
  resolutionMs: number;
  /** Ascending: milliseconds since the start of the exchange. */
  times: number[];
  /** Ascending: bytes that had come by then. */
  ends: number[];
}

export const newTimingNotes = (): TimingNotes => ({ resolutionMs: 1, times: [], ends: [] });

/**
 * Notes that by `ms` so many bytes have come in all. A clock that was set back stands still. Points within the same `resolutionMs`
 * are one, the last of them; where there are too many, the resolution is doubled. The first point stays as it is.
 */
export function noteArrival(notes: TimingNotes, ms: number, end: number, limit = MAX_TIMING_POINTS): void {
  const { times, ends } = notes;
  const last = times.length - 1;
  const time = Math.max(Math.round(ms), last < 0 ? 0 : times[last]!);
  if (last > 0 ? isOne(notes, times[last]!, time) : times[0] === time) {
    times[last] = time;
    ends[last] = end;
    return;
  }
  times.push(time);
  ends.push(end);
  while (times.length > limit) coarsen(notes);
}

const isOne = ({ resolutionMs }: TimingNotes, a: number, b: number) =>
  Math.floor(a / resolutionMs) === Math.floor(b / resolutionMs);

function coarsen(notes: TimingNotes): void {
  notes.resolutionMs *= 2;
  const { times, ends } = notes;
  let kept = 1;
  for (let at = 1; at < times.length; at++) {
    if (kept > 1 && isOne(notes, times[kept - 1]!, times[at]!)) kept--;
    times[kept] = times[at]!;
    ends[kept] = ends[at]!;
    kept++;
  }
  times.length = kept;
  ends.length = kept;
}

/** The notes as they travel; null when nothing came. */
export function timingOf({ resolutionMs, times, ends }: TimingNotes): StreamTiming | null {
  if (times.length === 0) return null;
  return { resolutionMs, gapsMs: differences(times), bytes: differences(ends) };
}

const differences = (sums: readonly number[]) => sums.map((sum, at) => sum - (sums[at - 1] ?? 0));

/**
 * As it is stored: each number in as few bytes as it needs, seven bits at a time, the lowest first (LEB128): the resolution, then
 * of each piece its gap and its bytes. A stream of a hundred events takes some 250 bytes.
 */
export function packTiming({ resolutionMs, gapsMs, bytes }: StreamTiming): Uint8Array {
  const packed: number[] = [];
  for (let left of [resolutionMs, ...gapsMs.flatMap((gap, at) => [gap, bytes[at]!])]) {
    // No shifts: they are of 32 bits.
    for (; left >= 128; left = Math.floor(left / 128)) packed.push((left % 128) + 128);
    packed.push(left);
  }
  return Uint8Array.from(packed);
}

/** A piece of a stream, or several that came together. */
export interface TimedPiece {
  /** When it had come, in milliseconds since the start of the exchange. */
  ms: number;
  /** Bytes of the stream up to its end. */
  end: number;
}

/** What packTiming packed; null where these bytes are not that. */
export function unpackTiming(packed: Uint8Array): { resolutionMs: number; pieces: TimedPiece[] } | null {
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
  const pieces: TimedPiece[] = [];
  for (let at = 0; at < rest.length; at += 2)
    pieces.push({ ms: (ms += rest[at]!), end: (end += rest[at + 1]!) });
  return { resolutionMs, pieces };
}
