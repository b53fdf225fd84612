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
import { bundleObject, takeOut } from "./bundles.ts";
import { type Delivery, exchangesOf, fitTogether, slices } from "./batches.ts";
import { carriesMetadata, isLongRetried, persistMetadata } from "./persist-metadata.ts";
import { publishStored } from "./after/live-rows.ts";
import { raiseAlerts, raiseLost } from "./after/raise-alerts.ts";
import { indexAfterBatch } from "../store/search/indexer.ts";
import { type Failure, type ReadSlice, readSlice, type StoredSlice, storeSlice } from "./store-slice.ts";
import { tellWindows } from "./after/notify-windows.ts";

const DEAD_LETTER_QUEUE = /-dead$/;
/** Makes an idempotency key out of the id of a message that brings none of its own. */
const MALFORMED_NAMESPACE = "6b1f2f0e-6d0e-4c39-9a5b-3f1c2b7d4e90";
/** Delays double from the first to the longest, then the sum of twenty is two hours. */
const FIRST_DELAY_SECONDS = 2;
const LONGEST_DELAY_SECONDS = 600;
/** Of a bundle all of whose exchanges fail, before each goes on by itself: two minutes. */
const TRIES_TOGETHER = 7;

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
      counted.push({ message, sums: malformed(message) });
    } else if (parsed.data.kind === "counters") {
      counted.push({ message, sums: parsed.data });
    } else {
      exchanges.push({ message, bell: parsed.data, isDead });
    }
  }
  await settleCounters(config, counted);
  ctx.waitUntil(
    raiseLost(
      env,
      counted.map(({ sums }) => sums),
    ),
  );
  const all = slices(exchanges);
  let reading: Promise<ReadSlice> | null = null;
  for (const [n, slice] of all.entries()) {
    const read: ReadSlice = await (reading ?? readSlice(env.JOURNAL, slice, config.SWEEP_AFTER_MS));
    const next = all[n + 1];
    // The database's time and ours are not the same: while it stores, the next slice is taken apart.
    reading = next && fitTogether(slice, next) ? readSlice(env.JOURNAL, next, config.SWEEP_AFTER_MS) : null;
    const stored = await settleExchanges(env, config, slice, read);
    if (!stored) continue;
    ctx.waitUntil(clear(env, stored.cleared));
    ctx.waitUntil(publishStored(env, stored.rows));
    ctx.waitUntil(tellWindows(env, stored.settled));
    ctx.waitUntil(raiseAlerts(env, config, stored.rows, stored.exchanges));
  }
  if (exchanges.length > 0) ctx.waitUntil(indexAfterBatch(config, countOf(exchanges)));
}

const countOf = (deliveries: readonly Delivery[]) =>
  deliveries.reduce((sum, delivery) => sum + exchangesOf(delivery), 0);

interface Counted {
  message: Message;
  sums: CounterMessage;
}

function malformed(message: Message): CounterMessage {
  const id = uuidv5(message.id, MALFORMED_NAMESPACE);
  return { id, at: message.timestamp.getTime(), counts: { malformed_message: 1 } };
}

async function settleCounters(config: Config, counted: readonly Counted[]): Promise<void> {
  if (counted.length === 0) return;
  try {
    const sums = counted.map((each) => each.sums);
    await withWriter(config, (db) => addCounters(db, sums));
    for (const { message } of counted) message.ack();
  } catch (thrown) {
    log.warn("ingest: counters wait", { messages: counted.length, error: errorText(thrown) });
    for (const { message } of counted) giveBack(message);
  }
}

/** Answers what was stored; null when the database is not there. */
async function settleExchanges(
  env: Env,
  config: Config,
  slice: readonly Delivery[],
  read: ReadSlice,
): Promise<StoredSlice | null> {
  const stored = await storeSlice(config, read).catch((thrown: unknown) => {
    log.warn("ingest: exchanges wait", { messages: slice.length, error: errorText(thrown) });
    return null;
  });
  for (const delivery of slice) {
    const failure = stored?.failures.get(delivery.bell.id);
    if (failure) await settleFailure(env, config, delivery, failure);
    else if (stored && delivery.bell.exchanges) await settleBundle(env, delivery, stored);
    else if (stored) delivery.message.ack();
    else if (isLongRetried(delivery) && (await persistMetadata(env, delivery))) delivery.message.ack();
    else giveBack(delivery.message);
  }
  return stored;
}

/** What stays is rung for again, found in Postgres, and cleared then. */
async function clear(env: Env, cleared: StoredSlice["cleared"]): Promise<void> {
  if (cleared.length === 0) return;
  await withTimeout(JOURNAL_TIMEOUT_MS, clearJournal(env.JOURNAL, cleared)).catch((thrown: unknown) =>
    log.warn("ingest: journal entries not cleared", { entries: cleared.length, error: errorText(thrown) }),
  );
}

/** A bundle whose exchanges are stored, or as good as: what is not goes on by itself. What all of them fail for may pass. */
async function settleBundle(env: Env, { message, bell }: Delivery, stored: StoredSlice): Promise<void> {
  const all = stored.bundles.get(bell.id)?.exchanges ?? [];
  const left = all.filter(({ id }) => stored.failures.has(id));
  for (const { id } of left) {
    const error = errorText(stored.failures.get(id)?.error);
    log.error("ingest: exchange not stored", { id, bundle: bell.id, error });
  }
  const mayPass = left.length > 1 && left.length === all.length && message.attempts < TRIES_TOGETHER;
  if (mayPass || (left.length > 0 && !(await takeOut(env, bell, left)))) return giveBack(message);
  stored.cleared.push(bundleObject(bell));
  message.ack();
}

/** One exchange that could not be stored although the database is there. */
async function settleFailure(env: Env, config: Config, delivery: Delivery, failure: Failure): Promise<void> {
  const { message, bell, isDead } = delivery;
  const error = errorText(failure.error);
  if (failure.isEarly && !isDead && bell.rungBy === "sweep") {
    log.info("ingest: exchange waits for its other half", { id: bell.id, error });
    return message.ack();
  }
  log.error("ingest: exchange not stored", { id: bell.id, attempt: message.attempts, error });
  // The sweep comes back by itself; tries of its bells would only add to those of its next ones.
  if (!isDead && bell.rungBy !== "sweep") return giveBack(message);
  if (carriesMetadata(bell) && !(await persistMetadata(env, delivery))) return giveBack(message);
  const { domain } = failure;
  try {
    await withWriter(config, (db) => recordFailure(db, { exchangeId: bell.id, domain, error }, Date.now()));
    message.ack();
  } catch (thrown) {
    log.warn("ingest: failure not written down", { id: bell.id, error: errorText(thrown) });
    giveBack(message);
  }
}

function giveBack(message: Message): void {
  const doubled = FIRST_DELAY_SECONDS * 2 ** (message.attempts - 1);
  message.retry({ delaySeconds: Math.min(doubled, LONGEST_DELAY_SECONDS) });
}
