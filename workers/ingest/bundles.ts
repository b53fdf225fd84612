/**
 * Bundles of small exchanges on their way into rows. Their exchanges are stored like any others; what cannot be stored goes back into
 * the journal by itself and is rung for by itself, so that one bad exchange keeps no others. Used by the consumer.
 */
import { JOURNAL_TIMEOUT_MS, MAX_QUEUE_BATCH_MESSAGES } from "../runtime/constants.ts";
import { errorText, log } from "../runtime/log.ts";
import type { ExchangeMessage } from "../schemas/exchange.ts";
import {
  type BundledExchange,
  bundlePartName,
  readJournalBundle,
  unbundle,
} from "../store/journal/bundles.ts";
import { withTimeout } from "../store/db/timeout.ts";

/** A bundle that was read. */
export interface ReadBundle {
  exchanges: BundledExchange[];
  /** It may have failed before; see Entry. */
  hadFailures: boolean;
}

/** Its exchanges; none where it has been cleared: then they are stored. Rejects when it cannot be read. */
export async function readBundle(
  journal: R2Bucket,
  { id, exchanges = 0 }: ExchangeMessage,
): Promise<{ exchanges: BundledExchange[] }> {
  const read = await withTimeout(JOURNAL_TIMEOUT_MS, readJournalBundle(journal, id, exchanges));
  if (read === null) log.info("ingest: a bell rang for a bundle that has been cleared", { id });
  return { exchanges: read ?? [] };
}

/** What is to be cleared of a bundle. */
export const bundleObject = ({ id, exchanges = 0 }: ExchangeMessage) => ({
  id,
  parts: [bundlePartName(exchanges)],
});

/**
 * Takes what could not be stored out of a bundle: into the journal first, then a bell each. Answers whether the bundle is needed no more.
 */
export async function splitBundle(
  env: Env,
  bell: ExchangeMessage,
  left: readonly BundledExchange[],
): Promise<boolean> {
  try {
    await withTimeout(JOURNAL_TIMEOUT_MS, Promise.all(left.map((one) => unbundle(env.JOURNAL, one))));
    const { exchanges: _, ...own } = bell;
    const bells = left.map(({ id, objects }) => ({
      ...own,
      id,
      rungBy: "recorder" as const,
      journalBytes: objects.reduce((sum, { bytes }) => sum + bytes.length, 0),
    }));
    for (let at = 0; at < bells.length; at += MAX_QUEUE_BATCH_MESSAGES)
      await env.EXCHANGES.sendBatch(
        bells
          .slice(at, at + MAX_QUEUE_BATCH_MESSAGES)
          .map((body) => ({ body, delaySeconds: RETRY_DELAY_SECONDS })),
      );
    return true;
  } catch (thrown) {
    log.warn("ingest: exchanges not taken out of their bundle", { id: bell.id, error: errorText(thrown) });
    return false;
  }
}

/** They have failed a moment ago. */
const RETRY_DELAY_SECONDS = 2;
