/**
 * Bells with facts that neither R2 nor the queue took, kept in memory until the queue takes them: what they say is nowhere
 * else. Of an isolate at most MAX_KEPT_CHARACTERS; what does not fit is lost, and counted. Filled by recording, sent by
 * counters with the next sums.
 */
import { MAX_QUEUE_BATCH_MESSAGES } from "../../runtime/constants.ts";
import type { ExchangeBell } from "../../schemas/exchange.ts";

/** A thousand exchanges or more: facts take one or two thousand characters. */
const MAX_KEPT_CHARACTERS = 2_000_000;
/** A queue takes at most 256 KB at once; a character may be three bytes. /queues/platform/limits */
const MAX_CHARACTERS_TOGETHER = 80_000;

let unsent: { bell: ExchangeBell; characters: number }[] = [];
/** Of `unsent`. */
let kept = 0;

/** Answers whether there was room. */
export function keepUnsent(bell: ExchangeBell): boolean {
  const characters = JSON.stringify(bell).length;
  if (kept + characters > MAX_KEPT_CHARACTERS) return false;
  unsent.push({ bell, characters });
  kept += characters;
  return true;
}

export const hasUnsent = () => unsent.length > 0;

/** Sends all of them, as many together as a queue takes. What was sent is forgotten; rejects when the queue does. */
export async function sendUnsent(send: (bells: ExchangeBell[]) => Promise<unknown>): Promise<void> {
  while (unsent.length > 0) {
    const together = unsent.slice(0, fitting(unsent));
    await send(together.map(({ bell }) => bell));
    // Not by position: a slow sending may be overtaken by the next, which sends the same again.
    const isSent = new Set(together);
    unsent = unsent.filter((each) => !isSent.has(each));
    kept = unsent.reduce((sum, { characters }) => sum + characters, 0);
  }
}

/** How many from the beginning on fit into one sending; one does in any case. */
function fitting(bells: typeof unsent): number {
  let room = MAX_CHARACTERS_TOGETHER;
  const end = bells.findIndex(
    ({ characters }, n) => n === MAX_QUEUE_BATCH_MESSAGES || (room -= characters) < 0,
  );
  return end === -1 ? bells.length : Math.max(1, end);
}
