/**
 * Splits a rolling window into whole minutes, which are stored as sums, and two edges, which are read exchange by exchange, so
 * that totals are exact to the millisecond. Called by the AccountWindow object.
 */
import { MINUTE_MS } from "../../runtime/constants.ts";

/** Half-open: `from` ≤ startedAt < `to`, epoch milliseconds. */
export interface Span {
  from: number;
  to: number;
}

export interface SplitSpan {
  /** Whole minutes as their numbers since the epoch, half-open; empty where `from` = `to`. */
  minutes: Span;
  /** The partial minutes at the ends; none where the window begins or ends on a minute. */
  edges: Span[];
}

/** The number of the minute, since the epoch. */
export function minuteOf(at: number): number {
  return Math.floor(at / MINUTE_MS);
}

/** The window of `length` milliseconds that ends at `end`, inclusive. */
export function rollingSpan(end: number, length: number): Span {
  return { from: end - length + 1, to: end + 1 };
}

/**
 * The vendor's window of `length` milliseconds up to `now`, by its last reported reset: it began `length` before a reset to come, and at the
 * earliest at a reset that has passed. The rolling window where no reset is known or it has passed that long ago.
 */
export function currentSpan(resetAt: number | null, now: number, length: number): Span {
  const rolling = rollingSpan(now, length);
  if (resetAt === null) return rolling;
  return { from: Math.max(rolling.from, resetAt > now ? resetAt - length : resetAt), to: rolling.to };
}

export function splitSpan({ from, to }: Span): SplitSpan {
  const first = Math.ceil(from / MINUTE_MS);
  const after = Math.max(first, Math.floor(to / MINUTE_MS));
  if (after === first) return { minutes: { from: first, to: first }, edges: to > from ? [{ from, to }] : [] };
  const edges = [
    { from, to: first * MINUTE_MS },
    { from: after * MINUTE_MS, to },
  ];
  return { minutes: { from: first, to: after }, edges: edges.filter((edge) => edge.to > edge.from) };
}
