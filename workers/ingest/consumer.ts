/**
 * Queue consumer: stores the exchanges that queue messages announce. Delivery is at least once and in any order, so each step may run
 * again. A message is acknowledged when its exchange is committed, and retried with a growing delay otherwise.
 *
 * An exchange may end the isolate although its memory is limited. So the attempt to read it is recorded first; one that was
 * tried before is read alone, and after three attempts it is stored unread.
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
import { withPrimary, withWriter } from "../store/db/db.ts";
import { clearJournal } from "../store/journal/objects.ts";
import { beginAgain, beginAttempts, endAttempts } from "../store/requests/ingest-attempts.ts";
import { indexAfterBatch } from "../store/search/indexer.ts";
import { addCounters, type CounterMessage } from "../store/usage/counters.ts";
import { acknowledge, type ClearedEntry, retryLater } from "./acknowledge.ts";
import { publishRows } from "./after/live-rows.ts";
import { notifyWindows } from "./after/notify-windows.ts";
import { alertLostExchanges, raiseAlerts } from "./after/raise-alerts.ts";
import { type Batch, type Delivery, exchangeCount, fitInMemory, splitBatches } from "./batches.ts";
import { type ReadPart, readBatch } from "./read-batch.ts";
import { type StoredBatch, storePart } from "./store-batch.ts";

const DEAD_LETTER_QUEUE = /-dead$/;
/** Namespace of the idempotency keys of malformed messages, which bring no id of their own. */
const MALFORMED_NAMESPACE = "6b1f2f0e-6d0e-4c39-9a5b-3f1c2b7d4e90";

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
  if (exchanges.length === 0) return;
  const batches = await beginBatches(config, exchanges);
  if (batches === null) return void (await acknowledge(env, config, exchanges, null));
  await storeBatches({ env, config, ctx }, batches);
  const total = exchanges.reduce((sum, delivery) => sum + exchangeCount(delivery), 0);
  ctx.waitUntil(indexAfterBatch(config, total));
}

interface Context {
  env: Env;
  config: Config;
  ctx: ExecutionContext;
}

/** Entries that have been read, whose attempts are still recorded. */
const endedAttempts = new Set<string>();

/** Null where the attempts could not be recorded: the database is unavailable, so nothing could be stored either. */
async function beginBatches(config: Config, exchanges: readonly Delivery[]): Promise<Batch[] | null> {
  const ids = [...new Set(exchanges.map(({ exchange }) => exchange.id))];
  const ended = [...endedAttempts];
  try {
    const tried = await withPrimary(config, (db) => beginAttempts(db, ids, ended, Date.now()));
    for (const id of ended) endedAttempts.delete(id);
    return splitBatches(exchanges, tried);
  } catch (thrown) {
    log.warn("ingest: attempt not recorded", { messages: exchanges.length, error: errorText(thrown) });
    return null;
  }
}

async function storeBatches(context: Context, batches: readonly Batch[]): Promise<void> {
  const parts = readBatches(context, batches);
  let stored: StoredBatch[] | null = [];
  let reading: Promise<IteratorResult<PartOfBatch, void>> | null = null;
  for (;;) {
    const next: IteratorResult<PartOfBatch, void> = await (reading ?? parts.next());
    if (next.done) break;
    const { batch, part, mayReadOn }: PartOfBatch = next.value;
    // Storing waits for the database and reading takes CPU, so the next batch is read meanwhile.
    reading = mayReadOn ? parts.next() : null;
    const storedPart: StoredBatch | null = part && stored && (await store(context, part));
    stored = storedPart && stored && [...stored, storedPart];
    if (part !== null && !part.isLast) continue;
    await finishBatch(context, batch, stored);
    stored = [];
  }
}

interface PartOfBatch {
  batch: Batch;
  /** Null where its reading could not begin. */
  part: ReadPart | null;
  /** The next batch may be in memory beside this one. */
  mayReadOn: boolean;
}

async function* readBatches(
  { env, config }: Context,
  batches: readonly Batch[],
): AsyncGenerator<PartOfBatch, void> {
  for (const [n, batch] of batches.entries()) {
    const attempt = batch.isAlone ? await attemptOf(config, batch) : 1;
    if (attempt === null) {
      yield { batch, part: null, mayReadOn: false };
      continue;
    }
    const next = batches[n + 1];
    const mayReadOn = next !== undefined && fitInMemory(batch, next);
    for await (const part of readBatch(env.JOURNAL, batch, { attempt, sweepAfterMs: config.SWEEP_AFTER_MS }))
      yield { batch, part, mayReadOn: part.isLast && mayReadOn };
  }
}

/** Null where the database is unavailable. */
async function attemptOf(config: Config, { deliveries: [first] }: Batch): Promise<number | null> {
  const { id } = first!.exchange;
  try {
    const attempt = await withPrimary(config, (db) => beginAgain(db, id, Date.now()));
    log.warn("ingest: reading an entry alone, because an earlier attempt never ended", { id, attempt });
    return attempt;
  } catch (thrown) {
    log.warn("ingest: attempt not recorded", { id, error: errorText(thrown) });
    return null;
  }
}

/** Null where the database is unavailable. What follows the commit runs under `waitUntil`, but for alerts: they hold the bodies. */
async function store({ env, config, ctx }: Context, part: ReadPart): Promise<StoredBatch | null> {
  try {
    const { exchanges, ...stored } = await storePart(config, part);
    ctx.waitUntil(publishRows(env, stored.rows));
    ctx.waitUntil(notifyWindows(env, stored.changed));
    await raiseAlerts(env, config, stored.rows, exchanges);
    return stored;
  } catch (thrown) {
    log.warn("ingest: batch not stored", { exchanges: part.entries.length, error: errorText(thrown) });
    return null;
  }
}

/** `stored`: the parts of the batch; null where one could not be stored. */
async function finishBatch(
  { env, config, ctx }: Context,
  { deliveries }: Batch,
  stored: readonly StoredBatch[] | null,
): Promise<void> {
  const ids = deliveries.map(({ exchange }) => exchange.id);
  for (const id of ids) endedAttempts.add(id);
  ctx.waitUntil(forgetAttempts(config, ids));
  const bundles = await acknowledge(env, config, deliveries, stored && merged(stored));
  if (stored) ctx.waitUntil(clearEntries(env, [...stored.flatMap(({ cleared }) => cleared), ...bundles]));
}

function merged(parts: readonly StoredBatch[]): Pick<StoredBatch, "failures" | "bundles"> {
  return {
    failures: new Map(parts.flatMap(({ failures }) => [...failures])),
    bundles: new Map(parts.flatMap(({ bundles }) => [...bundles])),
  };
}

/** Attempts that cannot be deleted now are deleted when the next ones begin. */
async function forgetAttempts(config: Config, ids: readonly string[]): Promise<void> {
  try {
    await withPrimary(config, (db) => endAttempts(db, ids));
    for (const id of ids) endedAttempts.delete(id);
  } catch (thrown) {
    log.warn("ingest: attempts not deleted", { entries: ids.length, error: errorText(thrown) });
  }
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
