/**
 * How a rolling window is cut: minutes that lie wholly inside are read as sums, the two ends exchange by exchange, so that
 * sums by minute are exact to the millisecond. Called by the AccountWindow object.
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
  /** What is left at the ends; none where a window begins or ends on the minute. */
  edges: Span[];
}

/** The minute, since the epoch, in which an instant lies. */
export function minuteOf(at: number): number {
  return Math.floor(at / MINUTE_MS);
}

/** The window of `length` milliseconds that ends at `end`: what started after its beginning, and up to `end` itself. */
export function rollingSpan(end: number, length: number): Span {
  return { from: end - length + 1, to: end + 1 };
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
