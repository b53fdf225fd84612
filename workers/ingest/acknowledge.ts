/** Decides which messages of a batch are acknowledged and which are retried. Called by consumer.ts after storing, whether or not it succeeded. */
import type { Config } from "../runtime/config.ts";
import { JOURNAL_TIMEOUT_MS, MAX_QUEUE_BATCH_MESSAGES } from "../runtime/constants.ts";
import { errorText, log } from "../runtime/log.ts";
import { withTimeout } from "../runtime/timeout.ts";
import type { ExchangeMessage } from "../schemas/exchange.ts";
import { withWriter } from "../store/db/db.ts";
import { type BundledExchange, bundlePartName, unbundle } from "../store/journal/bundles.ts";
import { type JournalObject, writeJournalMetadata } from "../store/journal/objects.ts";
import { recordFailure } from "../store/requests/dead-letters.ts";
import type { Delivery } from "./batches.ts";
import type { Failure } from "./read-batch.ts";
import type { StoredBatch } from "./store-batch.ts";

/** Delays double from the first to the longest; twenty of them sum to two hours. */
const MIN_DELAY_SECONDS = 2;
const MAX_DELAY_SECONDS = 600;
/** Attempts of a bundle all of whose exchanges fail, before each is enqueued by itself: two minutes. */
const MAX_BUNDLE_ATTEMPTS = 7;
/** Delay of the first attempt by itself: the exchange has just failed. */
const SPLIT_DELAY_SECONDS = 2;
/** Ten attempts take a quarter of an hour. Queues keep a message for a limited time, so after these its metadata moves into the journal. */
const PERSIST_AFTER_ATTEMPTS = 10;

/** Journal objects to delete. */
export interface ClearedEntry {
  id: string;
  parts: JournalObject[];
}

/** Acknowledges or retries every message; `stored` is null when the database is unavailable. Returns the bundles whose journal object can go. */
export async function acknowledge(
  env: Env,
  config: Config,
  deliveries: readonly Delivery[],
  stored: Pick<StoredBatch, "failures" | "bundles"> | null,
): Promise<ClearedEntry[]> {
  const cleared: ClearedEntry[] = [];
  for (const delivery of deliveries) {
    const { message, exchange } = delivery;
    const failure = stored?.failures.get(exchange.id);
    const isDone = failure
      ? await isFailureHandled(env, config, delivery, failure)
      : stored
        ? !exchange.exchanges || (await isBundleDone(env, delivery, stored))
        : carriesMetadata(exchange) &&
          (delivery.isDead || message.attempts >= PERSIST_AFTER_ATTEMPTS) &&
          (await persistMetadata(env, exchange));
    if (isDone) message.ack();
    else retryLater(message);
    if (isDone && stored && !failure && exchange.exchanges)
      cleared.push({ id: exchange.id, parts: [bundlePartName(exchange.exchanges)] });
  }
  return cleared;
}

export function retryLater(message: Message): void {
  const doubled = MIN_DELAY_SECONDS * 2 ** (message.attempts - 1);
  message.retry({ delaySeconds: Math.min(doubled, MAX_DELAY_SECONDS) });
}

/** True when each exchange of the bundle is stored, or enqueued by itself. When all of them fail the cause may pass, so the bundle is retried first. */
async function isBundleDone(
  env: Env,
  { message, exchange }: Delivery,
  { bundles, failures }: Pick<StoredBatch, "failures" | "bundles">,
): Promise<boolean> {
  const { exchanges: all, isToBeSplit } = bundles.get(exchange.id) ?? { exchanges: [], isToBeSplit: false };
  if (isToBeSplit) return splitBundle(env, exchange, all);
  const failed = all.filter(({ id }) => failures.has(id));
  for (const { id } of failed) {
    const error = errorText(failures.get(id)?.error);
    log.error("ingest: exchange not stored", { id, bundle: exchange.id, error });
  }
  if (failed.length === 0) return true;
  const mayPass = failed.length > 1 && failed.length === all.length && message.attempts < MAX_BUNDLE_ATTEMPTS;
  return !mayPass && (await splitBundle(env, exchange, failed));
}

/** One exchange that could not be stored although the database is available. True when its message is no longer needed. */
async function isFailureHandled(
  env: Env,
  config: Config,
  { message, exchange, isDead }: Delivery,
  failure: Failure,
): Promise<boolean> {
  const { id, rungBy } = exchange;
  const isSwept = rungBy === "sweep";
  const error = errorText(failure.error);
  if (failure.awaitingOtherPart && !isDead && isSwept) {
    log.info("ingest: exchange waits for its other part", { id, error });
    return true;
  }
  log.error("ingest: exchange not stored", { id, attempt: message.attempts, error });
  // The sweep enqueues the exchange again by itself, so its messages are not retried.
  if (!isDead && !isSwept) return false;
  if (carriesMetadata(exchange) && !(await persistMetadata(env, exchange))) return false;
  try {
    const { domain } = failure;
    await withWriter(config, (db) => recordFailure(db, { exchangeId: id, domain, error }, Date.now()));
    return true;
  } catch (thrown) {
    log.warn("ingest: failure not recorded", { id, error: errorText(thrown) });
    return false;
  }
}

/** Writes `failed` to the journal one by one, then enqueues a message for each. Returns whether the bundle is no longer needed. */
async function splitBundle(
  env: Env,
  bundle: ExchangeMessage,
  failed: readonly BundledExchange[],
): Promise<boolean> {
  try {
    await withTimeout(JOURNAL_TIMEOUT_MS, Promise.all(failed.map((one) => unbundle(env.JOURNAL, one))));
    const { exchanges: _, ...shared } = bundle;
    const messages = failed.map(({ id, objects }) => ({
      delaySeconds: SPLIT_DELAY_SECONDS,
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

const carriesMetadata = ({ request, response }: ExchangeMessage) => request !== null || response !== null;

/** Writes the metadata of a message into the journal. Returns whether that succeeded, so that the message is no longer needed. */
async function persistMetadata(env: Env, exchange: ExchangeMessage): Promise<boolean> {
  try {
    await withTimeout(JOURNAL_TIMEOUT_MS, writeJournalMetadata(env.JOURNAL, exchange));
    return true;
  } catch (thrown) {
    log.warn("ingest: metadata not written to the journal", { id: exchange.id, error: errorText(thrown) });
    return false;
  }
}
