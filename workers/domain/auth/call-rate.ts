/** Limits calls per caller and minute. The clock is the caller's. */
import { MINUTE_MS } from "../../runtime/constants.ts";

/** Callers whose calls an isolate remembers; the one that has not called for longest is forgotten. */
const MAX_CALLERS = 1_000;

/**
 * Milliseconds until a caller may call again; 0: now. `times`: its calls in epoch milliseconds, oldest first, at least those of the
 * last minute.
 */
export function waitMs(times: readonly number[], limit: number, now: number): number {
  const recent = times.filter((at) => at > now - MINUTE_MS);
  return recent.length < limit ? 0 : recent[recent.length - limit]! + MINUTE_MS - now;
}

/** The calls of the last minute, by caller. */
export function callRates() {
  const callers = new Map<string, number[]>();
  return {
    /** Counts `calls` calls and returns 0, or the milliseconds to wait if they are beyond `limit` per minute; then none is counted. */
    take(caller: string, limit: number, now: number, calls = 1): number {
      const times = (callers.get(caller) ?? []).filter((at) => at > now - MINUTE_MS);
      const wait = waitMs(times, Math.max(1, limit - calls + 1), now);
      if (wait > 0) return wait;
      // Deleted first, so that the map's first entry is the caller that has not called for longest.
      callers.delete(caller);
      callers.set(caller, [...times, ...Array.from({ length: calls }, () => now)]);
      const [oldest] = callers.keys();
      if (callers.size > MAX_CALLERS && oldest !== undefined) callers.delete(oldest);
      return 0;
    },
  };
}
