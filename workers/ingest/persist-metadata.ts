/**
 * Facts that are only in a bell, because R2 did not take the exchange. No queue keeps a message for ever: when their bell has waited
 * long they move into the journal, where the sweep finds them. Used by the consumer.
 */
import { JOURNAL_TIMEOUT_MS } from "../runtime/constants.ts";
import { errorText, log } from "../runtime/log.ts";
import type { ExchangeMessage } from "../schemas/exchange.ts";
import { writeJournalMetadata } from "../store/journal/objects.ts";
import { withTimeout } from "../store/db/timeout.ts";
import type { Delivery } from "./batches.ts";

/** Tries, a quarter of an hour together. */
const PERSIST_AFTER_ATTEMPTS = 10;

export const carriesMetadata = ({ request, response }: ExchangeMessage) =>
  request !== null || response !== null;

/** Whether a bell with facts has waited so long that they are better kept elsewhere. */
export function isLongRetried({ bell, message, isDead }: Delivery): boolean {
  return carriesMetadata(bell) && (isDead || message.attempts >= PERSIST_AFTER_ATTEMPTS);
}

/** Moves the facts of a bell into the journal. Answers whether the bell is needed no more. */
export async function persistMetadata(env: Env, { bell }: Delivery): Promise<boolean> {
  try {
    await withTimeout(JOURNAL_TIMEOUT_MS, writeJournalMetadata(env.JOURNAL, bell));
    return true;
  } catch (thrown) {
    log.warn("ingest: facts of a bell not in the journal", { id: bell.id, error: errorText(thrown) });
    return false;
  }
}
