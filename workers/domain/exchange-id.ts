/**
 * Ids of exchanges: UUIDv7 (RFC 9562, section 5.7), whose first 48 bits are the start of the exchange in epoch milliseconds.
 * So journal keys sort by time, and a look-up by id knows its partition. Made by workers/proxy, read everywhere.
 */

import { toHex } from "./bytes.ts";

const SHAPE = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const MAX_MS = 2 ** 48 - 1;

/** Bytes of randomness that `newExchangeId` takes; 74 of their 80 bits are used. */
export const EXCHANGE_ID_RANDOM_BYTES = 10;

/**
 * An id for an exchange that starts at `nowMs` (epoch milliseconds). Throws RangeError if a UUIDv7 cannot hold that time, or
 * `random` is not ten bytes.
 */
export function newExchangeId(nowMs: number, random: Uint8Array): string {
  const ms = Math.floor(nowMs);
  if (!(ms >= 0 && ms <= MAX_MS)) throw new RangeError(`${nowMs} ms is out of range for an exchange id`);
  if (random.length !== EXCHANGE_ID_RANDOM_BYTES) {
    throw new RangeError(
      `an exchange id takes ${EXCHANGE_ID_RANDOM_BYTES} random bytes, not ${random.length}`,
    );
  }
  const rest = new Uint8Array(random);
  rest[0] = (rest[0]! & 0x0f) | 0x70; // version 7
  rest[2] = (rest[2]! & 0x3f) | 0x80; // variant of RFC 9562
  const hex = ms.toString(16).padStart(12, "0") + toHex(rest);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** True for ids as `newExchangeId` makes them: lower case, version 7. */
export function isExchangeId(id: string): boolean {
  return SHAPE.test(id);
}

/** When the exchange of this id started, in epoch milliseconds; null where it is not an exchange id. */
export function startedAtOf(id: string): number | null {
  return isExchangeId(id) ? Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16) : null;
}
