/** Axes of charts: round values upwards from zero, and which points of time get a label. */
import { scaleLinear } from "d3-scale";
import { BUCKET_MS, startsOf } from "../../../workers/domain/usage/calendar.ts";

export interface Axis {
  /** Value at the upper edge; 0 when there is nothing to draw. */
  top: number;
  /** Labelled values from 0 to `top`, rising. */
  ticks: number[];
}

/** About `count` round steps that reach `highest`; of things that are counted (`isWhole`) no half ones. */
export function niceAxis(highest: number, { count = 4, isWhole = false } = {}): Axis {
  if (!Number.isFinite(highest) || highest <= 0) return { top: 0, ticks: [0] };
  if (isWhole && highest < count) {
    const top = Math.ceil(highest);
    return { top, ticks: Array.from({ length: top + 1 }, (_, value) => value) };
  }
  const scale = scaleLinear([0, highest], [0, 1]).nice(count);
  return { top: scale.domain()[1]!, ticks: scale.ticks(count) };
}

/** `most` entries spread evenly from the first to the last. */
export function sampleEvenly<T>(entries: readonly T[], limit: number): T[] {
  const count = Math.min(limit, entries.length);
  return Array.from(
    { length: count },
    (_, index) => entries[count === 1 ? 0 : Math.round((index * (entries.length - 1)) / (count - 1))]!,
  );
}

/** Most labels of a time axis. */
const MAX_LABELS = 6;
const HOUR_MS = 3_600_000;

/** Evenly spread full hours of the zone, or days of more than two, the first at or before `from` and the last at or after `to`. */
export function timeAxis(from: number, to: number, zone: string): number[] {
  const unit = to - from > 48 * HOUR_MS ? "day" : "hour";
  const [first] = startsOf(unit, from, from + 1, zone);
  const needed = Math.ceil((to - first!) / BUCKET_MS[unit]);
  const step = Math.ceil(needed / (MAX_LABELS - 1));
  const count = Math.ceil(needed / step);
  // Two hours more, for days of 25 hours.
  const end = from + (count * step + 1) * BUCKET_MS[unit] + 2 * HOUR_MS;
  const starts = startsOf(unit, from, end, zone);
  return Array.from({ length: count + 1 }, (_, index) => starts[index * step]!);
}
