/**
 * Delays recording after a response, because an isolate has one thread: work for the archive at the moment when other
 * responses end, or the client sends its next request, delays those.
 */
import {
  AFTER_RESPONSE_DELAY_MS,
  MAX_AFTER_RESPONSE_DELAY_MS,
  RECORDING_INTERVAL_MS,
} from "../../runtime/constants.ts";

/** When the next recording may begin (epoch milliseconds). Recordings of responses that end together start one after the other. */
let nextAt = 0;

/** Milliseconds to wait between the end of a response and its recording. */
export function afterResponseDelay(now = Date.now()): number {
  nextAt = Math.min(
    Math.max(now + AFTER_RESPONSE_DELAY_MS, nextAt + RECORDING_INTERVAL_MS),
    now + MAX_AFTER_RESPONSE_DELAY_MS,
  );
  return nextAt - now;
}
