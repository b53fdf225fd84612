/**
 * Metadata that exists only in a queue message, because R2 did not take the exchange. Queues keep a message for a limited time, so the
 * metadata of a message that was retried for long moves into the journal, where the sweep finds it. Used by acknowledge.ts.
 */
import { JOURNAL_TIMEOUT_MS } from "../runtime/constants.ts";
import { errorText, log } from "../runtime/log.ts";
import { withTimeout } from "../runtime/timeout.ts";
import type { ExchangeMessage } from "../schemas/exchange.ts";
import { writeJournalMetadata } from "../store/journal/objects.ts";
import type { Delivery } from "./batches.ts";

/** Ten attempts take a quarter of an hour. */
const PERSIST_AFTER_ATTEMPTS = 10;

export const carriesMetadata = ({ request, response }: ExchangeMessage) =>
  request !== null || response !== null;

export function isLongRetried({ exchange, message, isDead }: Delivery): boolean {
  return carriesMetadata(exchange) && (isDead || message.attempts >= PERSIST_AFTER_ATTEMPTS);
}

/** Writes the metadata of a message into the journal. Returns whether that succeeded, so that the message is no longer needed. */
export async function persistMetadata(env: Env, exchange: ExchangeMessage): Promise<boolean> {
  try {
    await withTimeout(JOURNAL_TIMEOUT_MS, writeJournalMetadata(env.JOURNAL, exchange));
    return true;
  } catch (thrown) {
    log.warn("ingest: metadata not written to the journal", { id: exchange.id, error: errorText(thrown) });
    return false;
  }
}
