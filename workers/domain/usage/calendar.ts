/**
 * The calendar of a time zone: when its hours and days begin, and which instant a local time is. `Intl` has the zones' rules; it
 * gives the offset from UTC at an instant, from which local times are found.
 */
import { DAY_MS, HOUR_MS, MINUTE_MS, ROLLUP_BUCKET_MS } from "../../runtime/constants.ts";
import type { BucketUnit } from "../../schemas/calendar.ts";

/** Nominal lengths: days of a zone have 23 to 25 hours when its clocks change. */
export const BUCKET_MS: Readonly<Record<BucketUnit, number>> = {
  "5m": ROLLUP_BUCKET_MS,
  hour: HOUR_MS,
  day: DAY_MS,
};

/** The buckets of a series over a period. */
export interface Buckets {
  unit: BucketUnit;
  /** Starts in epoch milliseconds, ascending; the first is at or before the period's start. Each ends where the next begins. */
  starts: number[];
}

/** The buckets of `[from, to)` in a zone that `isTimeZone` accepts: 5 minutes up to 3 hours, hours up to 8 days, else days. */
export function bucketsOf(from: number, to: number, zone: string): Buckets {
  const span = to - from;
  const unit = span <= 3 * HOUR_MS ? "5m" : span <= 8 * DAY_MS ? "hour" : "day";
  return { unit, starts: startsOf(unit, from, to, zone) };
}

/** Starts of the buckets that overlap `[from, to)`, ascending. */
export function startsOf(unit: BucketUnit, from: number, to: number, zone: string): number[] {
  const starts: number[] = [];
  for (let start = startOfBucket(unit, from, zone); start < to; start = nextStart(unit, start, zone))
    starts.push(start);
  return starts;
}

/**
 * The instant at which the clocks of a zone show `local` (as if it were UTC, epoch milliseconds): the first if they show it twice, and
 * the one after it if they skip it.
 */
export function instantOf(local: number, zone: string): number {
  const candidates = [-DAY_MS, DAY_MS].map((apart) => local - offsetAt(local + apart, zone));
  const reached = candidates.filter((at) => at + offsetAt(at, zone) >= local);
  return Math.min(...reached);
}

function startOfBucket(unit: BucketUnit, at: number, zone: string): number {
  if (unit === "5m") return Math.floor(at / ROLLUP_BUCKET_MS) * ROLLUP_BUCKET_MS;
  const offset = offsetAt(at, zone);
  const local = Math.floor((at + offset) / BUCKET_MS[unit]) * BUCKET_MS[unit];
  return unit === "day" ? instantOf(local, zone) : local - offset;
}

function nextStart(unit: BucketUnit, start: number, zone: string): number {
  // The day of 26 hours later is the next one, also after a day of 23 or 25 hours.
  if (unit === "day") return startOfBucket(unit, start + 26 * HOUR_MS, zone);
  const later = start + BUCKET_MS[unit];
  const next = startOfBucket(unit, later, zone);
  // Clocks that change by half an hour begin an hour that has no start.
  return unit === "5m" || offsetAt(next, zone) === offsetAt(later, zone) ? next : later;
}

/** By zone: creating a format takes longer than a hundred uses of it. */
const formats = new Map<string, Intl.DateTimeFormat>();

function offsetFormat(zone: string): Intl.DateTimeFormat {
  let format = formats.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat("en-US", { timeZone: zone, timeZoneName: "longOffset" });
    formats.set(zone, format);
  }
  return format;
}

/** Milliseconds by which the clocks of a zone are ahead of UTC. */
function offsetAt(at: number, zone: string): number {
  const text = offsetFormat(zone)
    .formatToParts(at)
    .find(({ type }) => type === "timeZoneName")!.value;
  // "GMT", "GMT+05:30", "GMT-00:44:30".
  const [, sign, hours, minutes, seconds = "0"] = /^GMT([+-])(\d\d):(\d\d)(?::(\d\d))?$/.exec(text) ?? [];
  if (sign === undefined) return 0;
  const ms = Number(hours) * HOUR_MS + Number(minutes) * MINUTE_MS + Number(seconds) * 1_000;
  return sign === "-" ? -ms : ms;
}

/** ISO 8601 in UTC with milliseconds. */
export function iso(at: number): string {
  return new Date(at).toISOString();
}
