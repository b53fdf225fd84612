/**
 * The queue consumer: bells become rows. Delivery is at least once and in any order; everything here may happen again.
 * A message is acknowledged when what it announces is committed, and given back with a growing delay when it is not.
 *
 * The dead-letter queue leads here too. What twenty tries could not store is tried once more; the error of that try is
 * written down, the message acknowledged, and the journal entry stays: the sweep rings for it again, less and less often.
 * No queue keeps a message for ever, so facts that are only in a bell move into the journal when their bell has waited long.
 */
import { v5 as uuidv5 } from "uuid";
import { type Config, loadConfig } from "../runtime/config.ts";
import { JOURNAL_TIMEOUT_MS } from "../runtime/constants.ts";
import { errorText, log } from "../runtime/log.ts";
import { QueueMessage } from "../schemas/exchange.ts";
import { addCounters, type CounterMessage } from "../store/usage/counters.ts";
import { withWriter } from "../store/db/db.ts";
import { recordFailure } from "../store/requests/dead-letters.ts";
import { clearJournal } from "../store/journal/objects.ts";
import { withTimeout } from "../store/db/timeout.ts";
import { bundleObject, splitBundle } from "./bundles.ts";
import { type Delivery, exchangeCount, fitInMemory, splitBatches } from "./batches.ts";
import { carriesMetadata, isLongRetried, persistMetadata } from "./persist-metadata.ts";
import { publishRows } from "./after/live-rows.ts";
import { raiseAlerts, alertLostExchanges } from "./after/raise-alerts.ts";
import { indexAfterBatch } from "../store/search/indexer.ts";
import { type Failure, type ReadBatch, readBatch, type StoredBatch, storeBatch } from "./store-batch.ts";
import { notifyWindows } from "./after/notify-windows.ts";

const DEAD_LETTER_QUEUE = /-dead$/;
/** Makes an idempotency key out of the id of a message that brings none of its own. */
const MALFORMED_NAMESPACE = "6b1f2f0e-6d0e-4c39-9a5b-3f1c2b7d4e90";
/** Delays double from the first to the longest, then the sum of twenty is two hours. */
const MIN_DELAY_SECONDS = 2;
const MAX_DELAY_SECONDS = 600;
/** Of a bundle all of whose exchanges fail, before each goes on by itself: two minutes. */
const MAX_BUNDLE_ATTEMPTS = 7;

export async function handleBatch(batch: MessageBatch, env: Env, ctx: ExecutionContext): Promise<void> {
  const config = loadConfig(env);
  const isDead = DEAD_LETTER_QUEUE.test(batch.queue);
  const exchanges: Delivery[] = [];
  const counted: Counted[] = [];
  for (const message of batch.messages) {
    const parsed = QueueMessage.safeParse(message.body);
    if (!parsed.success) {
      const problem = parsed.error.issues.map(({ path }) => path.join(".")).join(", ");
      log.error("ingest: malformed message", { messageId: message.id, queue: batch.queue, problem });
      counted.push({ message, counters: malformed(message) });
    } else if (parsed.data.kind === "counters") {
      counted.push({ message, counters: parsed.data });
    } else {
      exchanges.push({ message, bell: parsed.data, isDead });
    }
  }
  await storeCounters(config, counted);
  ctx.waitUntil(
    alertLostExchanges(
      env,
      counted.map(({ counters: sums }) => sums),
    ),
  );
  const all = splitBatches(exchanges);
  let reading: Promise<ReadBatch> | null = null;
  for (const [n, slice] of all.entries()) {
    const read: ReadBatch = await (reading ?? readBatch(env.JOURNAL, slice, config.SWEEP_AFTER_MS));
    const next = all[n + 1];
    // The database's time and ours are not the same: while it stores, the next slice is taken apart.
    reading = next && fitInMemory(slice, next) ? readBatch(env.JOURNAL, next, config.SWEEP_AFTER_MS) : null;
    const stored = await storeAndAck(env, config, slice, read);
    if (!stored) continue;
    ctx.waitUntil(clearJournalParts(env, stored.cleared));
    ctx.waitUntil(publishRows(env, stored.rows));
    ctx.waitUntil(notifyWindows(env, stored.settled));
    ctx.waitUntil(raiseAlerts(env, config, stored.rows, stored.exchanges));
  }
  if (exchanges.length > 0) ctx.waitUntil(indexAfterBatch(config, totalExchanges(exchanges)));
}

const totalExchanges = (deliveries: readonly Delivery[]) =>
  deliveries.reduce((sum, delivery) => sum + exchangeCount(delivery), 0);

interface Counted {
  message: Message;
  counters: CounterMessage;
}

function malformed(message: Message): CounterMessage {
  const id = uuidv5(message.id, MALFORMED_NAMESPACE);
  return { id, at: message.timestamp.getTime(), counts: { malformed_message: 1 } };
}

async function storeCounters(config: Config, counted: readonly Counted[]): Promise<void> {
  if (counted.length === 0) return;
  try {
    const sums = counted.map((each) => each.counters);
    await withWriter(config, (db) => addCounters(db, sums));
    for (const { message } of counted) message.ack();
  } catch (thrown) {
    log.warn("ingest: counters wait", { messages: counted.length, error: errorText(thrown) });
    for (const { message } of counted) retryLater(message);
  }
}

/** Answers what was stored; null when the database is not there. */
async function storeAndAck(
  env: Env,
  config: Config,
  slice: readonly Delivery[],
  read: ReadBatch,
): Promise<StoredBatch | null> {
  const stored = await storeBatch(config, read).catch((thrown: unknown) => {
    log.warn("ingest: exchanges wait", { messages: slice.length, error: errorText(thrown) });
    return null;
  });
  for (const delivery of slice) {
    const failure = stored?.failures.get(delivery.bell.id);
    if (failure) await handleFailure(env, config, delivery, failure);
    else if (stored && delivery.bell.exchanges) await ackBundle(env, delivery, stored);
    else if (stored) delivery.message.ack();
    else if (isLongRetried(delivery) && (await persistMetadata(env, delivery))) delivery.message.ack();
    else retryLater(delivery.message);
  }
  return stored;
}

/** What stays is rung for again, found in Postgres, and cleared then. */
async function clearJournalParts(env: Env, cleared: StoredBatch["cleared"]): Promise<void> {
  if (cleared.length === 0) return;
  await withTimeout(JOURNAL_TIMEOUT_MS, clearJournal(env.JOURNAL, cleared)).catch((thrown: unknown) =>
    log.warn("ingest: journal entries not cleared", { entries: cleared.length, error: errorText(thrown) }),
  );
}

/** A bundle whose exchanges are stored, or as good as: what is not goes on by itself. What all of them fail for may pass. */
async function ackBundle(env: Env, { message, bell }: Delivery, stored: StoredBatch): Promise<void> {
  const all = stored.bundles.get(bell.id)?.exchanges ?? [];
  const left = all.filter(({ id }) => stored.failures.has(id));
  for (const { id } of left) {
    const error = errorText(stored.failures.get(id)?.error);
    log.error("ingest: exchange not stored", { id, bundle: bell.id, error });
  }
  const mayPass = left.length > 1 && left.length === all.length && message.attempts < MAX_BUNDLE_ATTEMPTS;
  if (mayPass || (left.length > 0 && !(await splitBundle(env, bell, left)))) return retryLater(message);
  stored.cleared.push(bundleObject(bell));
  message.ack();
}

/** One exchange that could not be stored although the database is there. */
async function handleFailure(env: Env, config: Config, delivery: Delivery, failure: Failure): Promise<void> {
  const { message, bell, isDead } = delivery;
  const error = errorText(failure.error);
  if (failure.isEarly && !isDead && bell.rungBy === "sweep") {
    log.info("ingest: exchange waits for its other half", { id: bell.id, error });
    return message.ack();
  }
  log.error("ingest: exchange not stored", { id: bell.id, attempt: message.attempts, error });
  // The sweep comes back by itself; tries of its bells would only add to those of its next ones.
  if (!isDead && bell.rungBy !== "sweep") return retryLater(message);
  if (carriesMetadata(bell) && !(await persistMetadata(env, delivery))) return retryLater(message);
  const { domain } = failure;
  try {
    await withWriter(config, (db) => recordFailure(db, { exchangeId: bell.id, domain, error }, Date.now()));
    message.ack();
  } catch (thrown) {
    log.warn("ingest: failure not written down", { id: bell.id, error: errorText(thrown) });
    retryLater(message);
  }
}

function retryLater(message: Message): void {
  const doubled = MIN_DELAY_SECONDS * 2 ** (message.attempts - 1);
  message.retry({ delaySeconds: Math.min(doubled, MAX_DELAY_SECONDS) });
}
