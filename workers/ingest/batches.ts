/** Splits delivered exchange messages into batches that fit into memory and into one transaction. Used by consumer.ts. */
import {
  MAX_BATCH_EXCHANGES,
  MAX_BATCH_JOURNAL_BYTES,
  MAX_INGEST_MEMORY_BYTES,
} from "../runtime/constants.ts";
import type { ExchangeMessage } from "../schemas/exchange.ts";

export interface Delivery {
  message: Message;
  /** The parsed body of `message`. */
  exchange: ExchangeMessage;
  /** Delivered by the dead-letter queue. */
  isDead: boolean;
}

/** Deliveries that are read and stored together. */
export interface Batch<D extends Sized = Delivery> {
  deliveries: D[];
  /** One entry, whose reading has begun before and never ended: it may have ended the isolate. */
  isAlone: boolean;
}

type Sized = Pick<Delivery, "exchange">;

/** How many exchanges a message announces. */
export const exchangeCount = ({ exchange }: Sized) => exchange.exchanges ?? 1;

/**
 * Keeps the order, but for entries that were tried before (by id), which come last. A batch holds at most MAX_BATCH_JOURNAL_BYTES and
 * MAX_BATCH_EXCHANGES; a larger message has a batch of its own.
 */
export function splitBatches<D extends Sized>(
  deliveries: readonly D[],
  tried: ReadonlySet<string> = new Set(),
): Batch<D>[] {
  const batches: D[][] = [];
  const alone = new Map<string, D[]>();
  let bytesLeft = 0;
  let slotsLeft = 0;
  for (const delivery of deliveries) {
    const { id } = delivery.exchange;
    if (tried.has(id)) {
      alone.set(id, [...(alone.get(id) ?? []), delivery]);
      continue;
    }
    const bytes = delivery.exchange.journalBytes;
    const count = exchangeCount(delivery);
    if (bytes > bytesLeft || count > slotsLeft || batches.length === 0) {
      batches.push([]);
      bytesLeft = MAX_BATCH_JOURNAL_BYTES;
      slotsLeft = MAX_BATCH_EXCHANGES;
    }
    batches.at(-1)!.push(delivery);
    bytesLeft -= bytes;
    slotsLeft -= count;
  }
  return [
    ...batches.map((batch) => ({ deliveries: batch, isAlone: false })),
    ...[...alone.values()].map((batch) => ({ deliveries: batch, isAlone: true })),
  ];
}

/** Whether both batches may be in memory at once, so that one is read while the other is stored. */
export function fitInMemory(
  { deliveries: batch, isAlone }: Batch<Sized>,
  { deliveries: next, isAlone: isNextAlone }: Batch<Sized>,
): boolean {
  if (isAlone || isNextAlone) return false;
  const bytes = [...batch, ...next].reduce((sum, { exchange }) => sum + exchange.journalBytes, 0);
  return bytes <= MAX_INGEST_MEMORY_BYTES;
}
