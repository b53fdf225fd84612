/**
 * Bundles of small exchanges in ingest. Their exchanges are stored like any others; those that cannot be stored are written to the journal and
 * enqueued one by one, so that one bad exchange does not hold back the rest. Used by read-batch.ts and acknowledge.ts.
 */
import { JOURNAL_TIMEOUT_MS, MAX_QUEUE_BATCH_MESSAGES } from "../runtime/constants.ts";
import { errorText, log } from "../runtime/log.ts";
import { withTimeout } from "../runtime/timeout.ts";
import type { ExchangeMessage } from "../schemas/exchange.ts";
import {
  type BundledExchange,
  bundlePartName,
  readJournalBundle,
  unbundle,
} from "../store/journal/bundles.ts";

/** Delay of the first attempt by itself: the exchange has just failed. */
const RETRY_DELAY_SECONDS = 2;

/** The exchanges of a bundle; empty when it has been cleared, because then they are stored. Rejects when it cannot be read. */
export async function readBundle(
  journal: R2Bucket,
  { id, exchanges = 0 }: ExchangeMessage,
): Promise<BundledExchange[]> {
  const read = await withTimeout(JOURNAL_TIMEOUT_MS, readJournalBundle(journal, id, exchanges));
  if (read === null) log.info("ingest: message for a bundle that has been cleared", { id });
  return read ?? [];
}

/** The journal object of a bundle. */
export const bundleEntry = ({ id, exchanges = 0 }: ExchangeMessage) => ({
  id,
  parts: [bundlePartName(exchanges)],
});

/** Writes `failed` to the journal one by one, then enqueues a message for each. Returns whether the bundle is no longer needed. */
export async function splitBundle(
  env: Env,
  bundle: ExchangeMessage,
  failed: readonly BundledExchange[],
): Promise<boolean> {
  try {
    await withTimeout(JOURNAL_TIMEOUT_MS, Promise.all(failed.map((one) => unbundle(env.JOURNAL, one))));
    const { exchanges: _, ...shared } = bundle;
    const messages = failed.map(({ id, objects }) => ({
      delaySeconds: RETRY_DELAY_SECONDS,
      body: {
        ...shared,
        id,
        rungBy: "recorder" as const,
        journalBytes: objects.reduce((sum, { bytes }) => sum + bytes.length, 0),
      },
    }));
    for (let at = 0; at < messages.length; at += MAX_QUEUE_BATCH_MESSAGES)
      await env.EXCHANGES.sendBatch(messages.slice(at, at + MAX_QUEUE_BATCH_MESSAGES));
    return true;
  } catch (thrown) {
    log.warn("ingest: bundle not split", { id: bundle.id, error: errorText(thrown) });
    return false;
  }
}
