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

/** A token bucket per caller: `limit` calls at once, and as many in each further minute, evenly. */
export function callRates() {
  const callers = new Map<string, { tokens: number; at: number }>();
  return {
    /** Counts `calls` calls and returns 0, or the milliseconds to wait if they are too many; then none is counted. */
    take(caller: string, limit: number, now: number, calls = 1): number {
      const last = callers.get(caller) ?? { tokens: limit, at: now };
      const tokens = Math.min(limit, last.tokens + ((now - last.at) * limit) / MINUTE_MS);
      // More calls than ever fit need a full bucket.
      const missing = Math.min(calls, limit) - tokens;
      if (missing > 0) return Math.ceil((missing * MINUTE_MS) / limit);
      // Deleted first, so that the map's first entry is the caller that has not called for longest.
      callers.delete(caller);
      callers.set(caller, { tokens: tokens - calls, at: now });
      const [oldest] = callers.keys();
      if (callers.size > MAX_CALLERS && oldest !== undefined) callers.delete(oldest);
      return 0;
    },
  };
}
