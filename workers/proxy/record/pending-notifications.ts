/**
 * Bells with facts that neither R2 nor the queue took, kept in memory until the queue takes them: what they say is nowhere
 * else. Of an isolate at most MAX_KEPT_CHARACTERS; what does not fit is lost, and counted. Filled by recording, sent by
 * counters with the next sums.
 */
import { MAX_QUEUE_BATCH_MESSAGES } from "../../runtime/constants.ts";
import type { ExchangeMessage } from "../../schemas/exchange.ts";

/** A thousand exchanges or more: facts take one or two thousand characters. */
const MAX_PENDING_CHARACTERS = 2_000_000;
/** A queue takes at most 256 KB at once; a character may be three bytes. /queues/platform/limits */
const MAX_BATCH_CHARACTERS = 80_000;

let pending: { message: ExchangeMessage; characters: number }[] = [];
/** Of `unsent`. */
let pendingCharacters = 0;

/** Answers whether there was room. */
export function addPendingMessage(bell: ExchangeMessage): boolean {
  const characters = JSON.stringify(bell).length;
  if (pendingCharacters + characters > MAX_PENDING_CHARACTERS) return false;
  pending.push({ message: bell, characters });
  pendingCharacters += characters;
  return true;
}

export const hasPendingMessages = () => pending.length > 0;

/** Sends all of them, as many together as a queue takes. What was sent is forgotten; rejects when the queue does. */
export async function sendPendingMessages(
  send: (bells: ExchangeMessage[]) => Promise<unknown>,
): Promise<void> {
  while (pending.length > 0) {
    const together = pending.slice(0, fittingCount(pending));
    await send(together.map(({ message: bell }) => bell));
    // Not by position: a slow sending may be overtaken by the next, which sends the same again.
    const isSent = new Set(together);
    pending = pending.filter((each) => !isSent.has(each));
    pendingCharacters = pending.reduce((sum, { characters }) => sum + characters, 0);
  }
}

/** How many from the beginning on fit into one sending; one does in any case. */
function fittingCount(bells: typeof pending): number {
  let room = MAX_BATCH_CHARACTERS;
  const end = bells.findIndex(
    ({ characters }, n) => n === MAX_QUEUE_BATCH_MESSAGES || (room -= characters) < 0,
  );
  return end === -1 ? bells.length : Math.max(1, end);
}
