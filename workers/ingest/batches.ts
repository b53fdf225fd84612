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

type Sized = Pick<Delivery, "exchange">;

/** How many exchanges a message announces. */
export const exchangeCount = ({ exchange }: Sized) => exchange.exchanges ?? 1;

/** Keeps the order. A batch holds at most MAX_BATCH_JOURNAL_BYTES and MAX_BATCH_EXCHANGES; a larger message has a batch of its own. */
export function splitBatches<D extends Sized>(deliveries: readonly D[]): D[][] {
  const batches: D[][] = [];
  let bytesLeft = 0;
  let slotsLeft = 0;
  for (const delivery of deliveries) {
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
  return batches;
}

/** Whether both batches may be in memory at once, so that one is read while the other is stored. */
export function fitInMemory(batch: readonly Sized[], next: readonly Sized[]): boolean {
  const bytes = [...batch, ...next].reduce((sum, { exchange }) => sum + exchange.journalBytes, 0);
  return bytes <= MAX_INGEST_MEMORY_BYTES;
}
