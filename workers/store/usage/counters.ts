/**
 * Events that are counted instead of stored, per five minutes. A queue message is added once, however often it is delivered:
 * its id is kept for as long as a queue may hold it.
 */
import { lt, sql } from "drizzle-orm";
import { counterMessages, counters } from "../../../drizzle/schema.ts";
import { ROLLUP_BUCKET_MS } from "../../runtime/constants.ts";
import { plainText } from "../../domain/truncate.ts";
import type { CountersMessage } from "../../schemas/exchange.ts";
import type { Writer, WriterTransaction } from "../db/db.ts";

/** Queues keep a message 14 days at most. /queues/platform/limits */
const MESSAGE_RETENTION_MS = 15 * 86_400_000;
const MAX_NAME_CHARACTERS = 100;

export type CounterMessage = Pick<CountersMessage, "id" | "at" | "counts">;

/** Adds messages that were not added before, in its own transaction. */
export async function addCounters(db: Writer, messages: readonly CounterMessage[]): Promise<void> {
  const byId = new Map(messages.map((message) => [message.id.toLowerCase(), message]));
  if (byId.size === 0) return;
  await db.transaction(async (tx) => {
    const added = await tx
      .insert(counterMessages)
      // Sorted, so that consumers with the same messages do not deadlock.
      .values([...byId].map(([id, { at }]) => ({ id, at: new Date(at) })).sort(byIdOrder))
      .onConflictDoNothing()
      .returning({ id: counterMessages.id });
    await addCounts(
      tx,
      added.flatMap(({ id }) => byId.get(id) ?? []),
    );
  });
}

/** Deletes ids of messages that no queue can deliver any more. */
export async function deleteOldCounterMessages(db: Writer, now: number): Promise<void> {
  await db.delete(counterMessages).where(lt(counterMessages.at, new Date(now - MESSAGE_RETENTION_MS)));
}

async function addCounts(tx: WriterTransaction, messages: readonly CounterMessage[]): Promise<void> {
  const sums = new Map<string, typeof counters.$inferInsert>();
  for (const { at, counts } of messages) {
    const bucket = new Date(Math.floor(at / ROLLUP_BUCKET_MS) * ROLLUP_BUCKET_MS);
    for (const [given, value] of Object.entries(counts)) {
      const name = plainText(given, MAX_NAME_CHARACTERS);
      const key = `${bucket.toISOString()} ${name}`;
      const sum = sums.get(key) ?? { bucket, name, value: 0 };
      sums.set(key, { ...sum, value: sum.value + value });
    }
  }
  if (sums.size === 0) return;
  const sorted = [...sums].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
  await tx
    .insert(counters)
    .values(sorted)
    .onConflictDoUpdate({
      target: [counters.bucket, counters.name],
      set: { value: sql`${counters.value} + excluded.value` },
    });
}

function byIdOrder(a: { id: string }, b: { id: string }): number {
  return a.id < b.id ? -1 : 1;
}
