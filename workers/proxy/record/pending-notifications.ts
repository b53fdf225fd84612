/**
 * Messages with metadata that neither R2 nor the queue took, kept in memory until the queue takes them: there is no
 * other copy. An isolate keeps at most MAX_PENDING_CHARACTERS; what exceeds that is lost and counted. Filled by notify.ts, sent by
 * counters.ts with the next counters.
 */
import { MAX_QUEUE_BATCH_MESSAGES } from "../../runtime/constants.ts";
import type { ExchangeMessage } from "../../schemas/exchange.ts";

/** A thousand exchanges or more: metadata takes one or two thousand characters. */
const MAX_PENDING_CHARACTERS = 2_000_000;
/** A queue takes at most 256 KB per batch; a character may be three bytes. /queues/platform/limits */
const MAX_BATCH_CHARACTERS = 80_000;

let pending: { message: ExchangeMessage; characters: number }[] = [];
/** Of `pending`. */
let pendingCharacters = 0;

/** Returns false when the message does not fit. */
export function addPendingMessage(message: ExchangeMessage): boolean {
  const characters = JSON.stringify(message).length;
  if (pendingCharacters + characters > MAX_PENDING_CHARACTERS) return false;
  pending.push({ message, characters });
  pendingCharacters += characters;
  return true;
}

export const hasPendingMessages = () => pending.length > 0;

/** Sends all of them in batches and forgets those that were sent. Rejects when `send` does. */
export async function sendPendingMessages(
  send: (messages: ExchangeMessage[]) => Promise<unknown>,
): Promise<void> {
  while (pending.length > 0) {
    const batch = pending.slice(0, fittingCount(pending));
    await send(batch.map(({ message }) => message));
    // Not by position: a slow send may be overtaken by the next, which sends the same messages again.
    const isSent = new Set(batch);
    pending = pending.filter((each) => !isSent.has(each));
    pendingCharacters = pending.reduce((sum, { characters }) => sum + characters, 0);
  }
}

/** How many of the first messages fit into one batch; at least one. */
function fittingCount(messages: typeof pending): number {
  let charactersLeft = MAX_BATCH_CHARACTERS;
  const end = messages.findIndex(
    ({ characters }, n) => n === MAX_QUEUE_BATCH_MESSAGES || (charactersLeft -= characters) < 0,
  );
  return end === -1 ? messages.length : Math.max(1, end);
}
