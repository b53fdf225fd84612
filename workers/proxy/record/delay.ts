/**
 * When recording may have the processor. An isolate has one thread: what is done for the archive in the moment in which other
 * answers end, or the client sends its next request, is what they wait for.
 */
import { AFTER_ANSWER_MS, BETWEEN_RECORDINGS_MS, MAX_AFTER_ANSWER_MS } from "../../runtime/constants.ts";

/** When the next recording may begin (epoch milliseconds); those of a crowd that ends at once follow one another. */
let nextAt = 0;

/** Milliseconds to wait between the end of an answer and its recording. */
export function pauseAfterAnswer(now = Date.now()): number {
  nextAt = Math.min(
    Math.max(now + AFTER_ANSWER_MS, nextAt + BETWEEN_RECORDINGS_MS),
    now + MAX_AFTER_ANSWER_MS,
  );
  return nextAt - now;
}
