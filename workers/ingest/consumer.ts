/**
 * Queue consumer: stores the exchanges that queue messages announce. Delivery is at least once and in any order, so each step may run
 * again. A message is acknowledged when its exchange is committed, and retried with a growing delay otherwise.
 *
 * The dead-letter queue has the same consumer. It makes one more attempt after the queue's first try and twenty retries; the error
 * of that attempt is stored, the message acknowledged, and the journal entry stays: the sweep enqueues it again at growing intervals.
 */
import { v5 as uuidv5 } from "uuid";
import { type Config, loadConfig } from "../runtime/config.ts";
import { JOURNAL_TIMEOUT_MS } from "../runtime/constants.ts";
import { errorText, log } from "../runtime/log.ts";
import { withTimeout } from "../runtime/timeout.ts";
import { QueueMessage } from "../schemas/exchange.ts";
import { withWriter } from "../store/db/db.ts";
import { clearJournal } from "../store/journal/objects.ts";
import { indexAfterBatch } from "../store/search/indexer.ts";
import { addCounters, type CounterMessage } from "../store/usage/counters.ts";
import { acknowledge, type ClearedEntry, retryLater } from "./acknowledge.ts";
import { publishRows } from "./after/live-rows.ts";
import { notifyWindows } from "./after/notify-windows.ts";
import { alertLostExchanges, raiseAlerts } from "./after/raise-alerts.ts";
import { type Delivery, exchangeCount, fitInMemory, splitBatches } from "./batches.ts";
import { type ReadBatch, readBatch } from "./read-batch.ts";
import { storeBatch, type StoredBatch } from "./store-batch.ts";

const DEAD_LETTER_QUEUE = /-dead$/;
/** Namespace of the idempotency keys of malformed messages, which bring no id of their own. */
const MALFORMED_NAMESPACE = "6b1f2f0e-6d0e-4c39-9a5b-3f1c2b7d4e90";

interface Committed {
  env: Env;
  config: Config;
  stored: StoredBatch;
  cleared: readonly ClearedEntry[];
}

/** What follows a commit, under `waitUntil`. None of these rejects. */
const AFTER_COMMIT: readonly ((committed: Committed) => Promise<void>)[] = [
  ({ env, cleared }) => clearEntries(env, cleared),
  ({ env, stored }) => publishRows(env, stored.rows),
  ({ env, stored }) => notifyWindows(env, stored.changed),
  ({ env, config, stored }) => raiseAlerts(env, config, stored.rows, stored.exchanges),
];

export async function handleBatch(batch: MessageBatch, env: Env, ctx: ExecutionContext): Promise<void> {
  const config = loadConfig(env);
  const { exchanges, counters } = parseMessages(batch);
  await storeCounters(config, counters);
  ctx.waitUntil(
    alertLostExchanges(
      env,
      counters.map(({ counter }) => counter),
    ),
  );
  const read = (deliveries: readonly Delivery[]) => readBatch(env.JOURNAL, deliveries, config.SWEEP_AFTER_MS);
  const batches = splitBatches(exchanges);
  let reading: Promise<ReadBatch> | null = null;
  for (const [n, deliveries] of batches.entries()) {
    const current: ReadBatch = await (reading ?? read(deliveries));
    const next = batches[n + 1];
    // Storing waits for the database and reading takes CPU, so the next batch is read meanwhile.
    reading = next && fitInMemory(deliveries, next) ? read(next) : null;
    const stored = await storeBatch(config, current).catch((thrown: unknown) => {
      log.warn("ingest: batch not stored", { messages: deliveries.length, error: errorText(thrown) });
      return null;
    });
    const bundles = await acknowledge(env, config, deliveries, stored);
    if (!stored) continue;
    const cleared = [...stored.cleared, ...bundles];
    for (const hook of AFTER_COMMIT) ctx.waitUntil(hook({ env, config, stored, cleared }));
  }
  const total = exchanges.reduce((sum, delivery) => sum + exchangeCount(delivery), 0);
  if (total > 0) ctx.waitUntil(indexAfterBatch(config, total));
}

interface CounterDelivery {
  message: Message;
  counter: CounterMessage;
}

/** A malformed message counts as one `malformed_message` and is never delivered again. */
function parseMessages(batch: MessageBatch): { exchanges: Delivery[]; counters: CounterDelivery[] } {
  const isDead = DEAD_LETTER_QUEUE.test(batch.queue);
  const exchanges: Delivery[] = [];
  const counters: CounterDelivery[] = [];
  for (const message of batch.messages) {
    const { success, data, error } = QueueMessage.safeParse(message.body);
    if (!success) {
      const problem = error.issues.map(({ path }) => path.join(".")).join(", ");
      log.error("ingest: malformed message", { messageId: message.id, queue: batch.queue, problem });
      counters.push({ message, counter: malformed(message) });
    } else if (data.kind === "counters") counters.push({ message, counter: data });
    else exchanges.push({ message, exchange: data, isDead });
  }
  return { exchanges, counters };
}

function malformed(message: Message): CounterMessage {
  const id = uuidv5(message.id, MALFORMED_NAMESPACE);
  return { id, at: message.timestamp.getTime(), counts: { malformed_message: 1 } };
}

async function storeCounters(config: Config, counters: readonly CounterDelivery[]): Promise<void> {
  if (counters.length === 0) return;
  try {
    await withWriter(config, (db) =>
      addCounters(
        db,
        counters.map(({ counter }) => counter),
      ),
    );
    for (const { message } of counters) message.ack();
  } catch (thrown) {
    log.warn("ingest: counters not stored", { messages: counters.length, error: errorText(thrown) });
    for (const { message } of counters) retryLater(message);
  }
}

/** An entry that cannot be deleted stays: the sweep enqueues it again, ingest finds its row and deletes it then. */
async function clearEntries(env: Env, cleared: readonly ClearedEntry[]): Promise<void> {
  if (cleared.length === 0) return;
  await withTimeout(JOURNAL_TIMEOUT_MS, clearJournal(env.JOURNAL, cleared)).catch((thrown: unknown) =>
    log.warn("ingest: journal entries not cleared", { entries: cleared.length, error: errorText(thrown) }),
  );
}
