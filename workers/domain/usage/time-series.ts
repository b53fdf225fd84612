/** Courses of usage over time, out of sums per slot: every point there is, empty ones included. Called by workers/api/usage. */
import { MINUTE_MS } from "../../runtime/constants.ts";

/** Figures that can be added up; `costPico` in integer pico-dollars. */
export interface SlotSums {
  requests: number;
  inputTokens: number;
  outputTokens: number;
  cacheReadInputTokens: number;
  cacheCreationInputTokens: number;
  costPico: bigint;
  unpricedCount: number;
}

const NOTHING: SlotSums = {
  requests: 0,
  inputTokens: 0,
  outputTokens: 0,
  cacheReadInputTokens: 0,
  cacheCreationInputTokens: 0,
  costPico: 0n,
  unpricedCount: 0,
};

/** Starts of the slots of `length` milliseconds, since the epoch, in which something between `from` and `to` (exclusive) can lie. */
export function slotsBetween(from: number, to: number, length: number): number[] {
  const slots: number[] = [];
  for (let at = Math.floor(from / length) * length; at < to; at += length) slots.push(at);
  return slots;
}

/** One entry per slot, oldest first; `sums` by start of slot. */
export function filledSeries(
  slots: readonly number[],
  sums: ReadonlyMap<number, SlotSums>,
): (SlotSums & { time: number })[] {
  return slots.map((time) => ({ ...NOTHING, ...sums.get(time), time }));
}

export interface SlidingPlan {
  /** Starts of the points' buckets. */
  points: number[];
  /** Length of the slots whose sums are needed: the longest that cut neither points nor windows in two. */
  slotMs: number;
  /** What is needed begins here. */
  from: number;
}

/** What has to be read for points every `bucketMinutes` of the last `days`, each summing up `windowHours`. */
export function planSliding(
  now: number,
  { days, bucketMinutes, windowHours }: { days: number; bucketMinutes: number; windowHours: number },
): SlidingPlan {
  const bucketMs = bucketMinutes * MINUTE_MS;
  const points = slotsBetween(now - days * 86_400_000, now + 1, bucketMs);
  const slotMs = greatestDivisor(bucketMinutes, windowHours * 60) * MINUTE_MS;
  return { points, slotMs, from: points[0]! + bucketMs - windowHours * 3_600_000 };
}

/** For every point the sums of the hours up to the end of its bucket, and whether one of `marks` (ascending) lies in them. */
export function slidingSums(
  { points, slotMs, from }: SlidingPlan,
  { bucketMinutes, windowHours }: { bucketMinutes: number; windowHours: number },
  sums: ReadonlyMap<number, SlotSums>,
  marks: readonly number[],
): (SlotSums & { time: number; isMarked: boolean })[] {
  const result: (SlotSums & { time: number; isMarked: boolean })[] = [];
  let current = NOTHING;
  let begin = from; // of what is summed up
  let end = from;
  let mark = 0;
  for (const time of points) {
    const to = time + bucketMinutes * MINUTE_MS;
    const start = to - windowHours * 3_600_000;
    for (; end < to; end += slotMs) current = plus(current, sums.get(end), 1);
    for (; begin < start; begin += slotMs) current = plus(current, sums.get(begin), -1);
    while (mark < marks.length && marks[mark]! < start) mark++;
    result.push({ ...current, time, isMarked: mark < marks.length && marks[mark]! < to });
  }
  return result;
}

/** What is left of a limit and how much is used, in percent; nulls without a limit. */
export function limitFigures(
  limit: number | null,
  used: number,
): { remaining: number | null; percentageUsed: number | null } {
  if (limit === null) return { remaining: null, percentageUsed: null };
  return { remaining: Math.max(0, limit - used), percentageUsed: (used / limit) * 100 };
}

function plus(a: SlotSums, b: SlotSums | undefined, sign: 1 | -1): SlotSums {
  if (!b) return a;
  return {
    requests: a.requests + sign * b.requests,
    inputTokens: a.inputTokens + sign * b.inputTokens,
    outputTokens: a.outputTokens + sign * b.outputTokens,
    cacheReadInputTokens: a.cacheReadInputTokens + sign * b.cacheReadInputTokens,
    cacheCreationInputTokens: a.cacheCreationInputTokens + sign * b.cacheCreationInputTokens,
    costPico: a.costPico + BigInt(sign) * b.costPico,
    unpricedCount: a.unpricedCount + sign * b.unpricedCount,
  };
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}
