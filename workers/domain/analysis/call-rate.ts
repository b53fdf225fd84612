/** Limits calls per caller and minute. Pure: the state is the times of the calls. */
import { MINUTE_MS } from "../../runtime/constants.ts";

/**
 * Milliseconds until a caller may call again; 0: now. `times`: its calls in epoch milliseconds, oldest first, at least those of the
 * last minute.
 */
export function waitMs(times: readonly number[], limit: number, now: number): number {
  const recent = times.filter((at) => at > now - MINUTE_MS);
  return recent.length < limit ? 0 : recent[recent.length - limit]! + MINUTE_MS - now;
}
