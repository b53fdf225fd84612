/**
 * When recording may have the processor. An isolate has one thread: what is done for the archive in the moment in which other
 * answers end, or the client sends its next request, is what they wait for.
 */
import {
  AFTER_RESPONSE_DELAY_MS,
  RECORDING_INTERVAL_MS,
  MAX_AFTER_RESPONSE_DELAY_MS,
} from "../../runtime/constants.ts";

/** When the next recording may begin (epoch milliseconds); those of a crowd that ends at once follow one another. */
let nextAt = 0;

/** Milliseconds to wait between the end of an answer and its recording. */
export function afterResponseDelay(now = Date.now()): number {
  nextAt = Math.min(
    Math.max(now + AFTER_RESPONSE_DELAY_MS, nextAt + RECORDING_INTERVAL_MS),
    now + MAX_AFTER_RESPONSE_DELAY_MS,
  );
  return nextAt - now;
}
