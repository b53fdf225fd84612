/** Bells on their way to being stored, in slices that fit into memory. Used by the consumer. */
import {
  MAX_BATCH_JOURNAL_BYTES,
  MAX_INGEST_MEMORY_BYTES,
  MAX_BATCH_EXCHANGES,
} from "../runtime/constants.ts";
import type { ExchangeMessage } from "../schemas/exchange.ts";

export interface Delivery {
  message: Message;
  bell: ExchangeMessage;
  /** Came by the dead-letter queue. */
  isDead: boolean;
}

/** How many exchanges a bell rings for. */
export const exchangeCount = ({ bell }: Pick<Delivery, "bell">) => bell.exchanges ?? 1;

/** In order, in slices of at most INGEST_SLICE_BYTES of journal and MAX_SLICE_EXCHANGES; what is larger alone is a slice of its own. */
export function splitBatches<D extends Pick<Delivery, "bell">>(deliveries: readonly D[]): D[][] {
  const result: D[][] = [];
  let bytesLeft = 0;
  let slotsLeft = 0;
  for (const delivery of deliveries) {
    const bytes = delivery.bell.journalBytes;
    if (bytes > bytesLeft || exchangeCount(delivery) > slotsLeft || result.length === 0) {
      result.push([]);
      bytesLeft = MAX_BATCH_JOURNAL_BYTES;
      slotsLeft = MAX_BATCH_EXCHANGES;
    }
    result.at(-1)!.push(delivery);
    bytesLeft -= bytes;
    slotsLeft -= exchangeCount(delivery);
  }
  return result;
}

/** Whether both may be in memory at once, so that one can be read while the other is stored. */
export function fitInMemory<D extends Pick<Delivery, "bell">>(
  one: readonly D[],
  other: readonly D[],
): boolean {
  const bytes = [...one, ...other].reduce((sum, { bell }) => sum + bell.journalBytes, 0);
  return bytes <= MAX_INGEST_MEMORY_BYTES;
}
