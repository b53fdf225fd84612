/** Decides which messages of a batch are acknowledged and which are retried. Called by consumer.ts after the batch was stored, or was not. */
import type { Config } from "../runtime/config.ts";
import { errorText, log } from "../runtime/log.ts";
import { withWriter } from "../store/db/db.ts";
import type { JournalObject } from "../store/journal/objects.ts";
import { recordFailure } from "../store/requests/dead-letters.ts";
import type { Delivery } from "./batches.ts";
import { bundleEntry, splitBundle } from "./bundles.ts";
import { carriesMetadata, isLongRetried, persistMetadata } from "./persist-metadata.ts";
import type { Failure } from "./read-batch.ts";
import type { StoredBatch } from "./store-batch.ts";

/** Delays double from the first to the longest; twenty of them sum to two hours. */
const MIN_DELAY_SECONDS = 2;
const MAX_DELAY_SECONDS = 600;
/** Attempts of a bundle all of whose exchanges fail, before each is enqueued by itself: two minutes. */
const MAX_BUNDLE_ATTEMPTS = 7;

/** Journal objects to delete. */
export interface ClearedEntry {
  id: string;
  parts: JournalObject[];
}

/** Settles every message; `stored` is null when the database is unavailable. Returns the bundles whose journal object can go. */
export async function acknowledge(
  env: Env,
  config: Config,
  deliveries: readonly Delivery[],
  stored: StoredBatch | null,
): Promise<ClearedEntry[]> {
  const cleared: ClearedEntry[] = [];
  for (const delivery of deliveries) {
    const { message, exchange } = delivery;
    const failure = stored?.failures.get(exchange.id);
    const isDone = failure
      ? await isFailureHandled(env, config, delivery, failure)
      : stored
        ? !exchange.exchanges || (await isBundleDone(env, delivery, stored))
        : isLongRetried(delivery) && (await persistMetadata(env, exchange));
    if (!isDone) retryLater(message);
    else {
      message.ack();
      if (stored && !failure && exchange.exchanges) cleared.push(bundleEntry(exchange));
    }
  }
  return cleared;
}

export function retryLater(message: Message): void {
  const doubled = MIN_DELAY_SECONDS * 2 ** (message.attempts - 1);
  message.retry({ delaySeconds: Math.min(doubled, MAX_DELAY_SECONDS) });
}

/** True when each exchange of the bundle is stored or enqueued by itself. When all of them fail the cause may pass, so the bundle is retried first. */
async function isBundleDone(
  env: Env,
  { message, exchange }: Delivery,
  { bundles, failures }: StoredBatch,
): Promise<boolean> {
  const all = bundles.get(exchange.id)?.exchanges ?? [];
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
