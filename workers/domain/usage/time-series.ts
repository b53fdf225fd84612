/** Usage over time from totals per slot: every point of a period, empty ones included. Called by workers/api/usage. */
import { MINUTE_MS } from "../../runtime/constants.ts";
import type { TokenTotals } from "../../schemas/tokens.ts";
import { addTotals, ZERO_TOTALS } from "./token-totals.ts";

/** Starts of the slots of `length` milliseconds since the epoch that overlap the span from `from` to `to` (exclusive). */
export function slotsBetween(from: number, to: number, length: number): number[] {
  const slots: number[] = [];
  for (let at = Math.floor(from / length) * length; at < to; at += length) slots.push(at);
  return slots;
}

/** One entry per slot, oldest first; `totals` by start of slot. */
export function filledSeries(
  slots: readonly number[],
  totals: ReadonlyMap<number, TokenTotals>,
): (TokenTotals & { time: number })[] {
  return slots.map((time) => ({ ...ZERO_TOTALS, ...totals.get(time), time }));
}

export interface SlidingPlan {
  /** Starts of the points' buckets. */
  points: number[];
  /** Length of the slots to read: the longest that divides both points and windows. */
  slotMs: number;
  /** Start of the first slot to read. */
  from: number;
}

/** What to read for points every `bucketMinutes` of the last `days`, each the total of `windowHours`. */
export function planSliding(
  now: number,
  { days, bucketMinutes, windowHours }: { days: number; bucketMinutes: number; windowHours: number },
): SlidingPlan {
  const bucketMs = bucketMinutes * MINUTE_MS;
  const points = slotsBetween(now - days * 86_400_000, now + 1, bucketMs);
  const slotMs = greatestDivisor(bucketMinutes, windowHours * 60) * MINUTE_MS;
  return { points, slotMs, from: points[0]! + bucketMs - windowHours * 3_600_000 };
}

/** For each point the total of the hours up to the end of its bucket, and whether one of `marks` (ascending) is within them. */
export function slidingTotals(
  { points, slotMs, from }: SlidingPlan,
  { bucketMinutes, windowHours }: { bucketMinutes: number; windowHours: number },
  totals: ReadonlyMap<number, TokenTotals>,
  marks: readonly number[],
): (TokenTotals & { time: number; isMarked: boolean })[] {
  const result: (TokenTotals & { time: number; isMarked: boolean })[] = [];
  let current = ZERO_TOTALS;
  let begin = from;
  let end = from;
  let mark = 0;
  for (const time of points) {
    const to = time + bucketMinutes * MINUTE_MS;
    const start = to - windowHours * 3_600_000;
    for (; end < to; end += slotMs) current = addTotals(current, totals.get(end) ?? ZERO_TOTALS);
    for (; begin < start; begin += slotMs) current = addTotals(current, totals.get(begin) ?? ZERO_TOTALS, -1);
    while (mark < marks.length && marks[mark]! < start) mark++;
    result.push({ ...current, time, isMarked: mark < marks.length && marks[mark]! < to });
  }
  return result;
}

/** What remains of a limit, and the share used in percent; nulls without a limit. */
export function limitFigures(
  limit: number | null,
  used: number,
): { remaining: number | null; percentageUsed: number | null } {
  if (limit === null) return { remaining: null, percentageUsed: null };
  return { remaining: Math.max(0, limit - used), percentageUsed: (used / limit) * 100 };
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}
