/** Limits of one statement. Bodies have up to 32 MB, which neither driver nor WebSocket proxy should buffer at once. */

import { concat } from "../../domain/bytes.ts";

export const MAX_STATEMENT_BYTES = 4 * 1_048_576;
export const MAX_STATEMENT_ROWS = 10_000;

/** In order, in batches of at most `maxBytes` and MAX_STATEMENT_ROWS; a larger item is a batch of its own. */
export function batches<T>(
  items: readonly T[],
  sizeOf: (item: T) => number,
  maxBytes = MAX_STATEMENT_BYTES,
): T[][] {
  const result: T[][] = [];
  let bytesLeft = 0;
  for (const item of items) {
    const size = sizeOf(item);
    let last = result.at(-1);
    if (!last || size > bytesLeft || last.length === MAX_STATEMENT_ROWS) {
      last = [];
      result.push(last);
      bytesLeft = maxBytes;
    }
    last.push(item);
    bytesLeft -= size;
  }
  return result;
}

/**
 * Many values as one parameter, which is parsed, bound and sent much faster than one each: `pieces` one after the other,
 * to be cut apart by SQL's `substring`, and an array literal of where each begins.
 */
export function concatenated(pieces: readonly Uint8Array[]): { bytes: Uint8Array; starts: string } {
  const starts: number[] = [];
  let length = 0;
  for (const piece of pieces) {
    starts.push(length);
    length += piece.length;
  }
  return { bytes: concat(pieces), starts: arrayLiteral(starts) };
}

/** Numbers as a PostgreSQL array literal, a parameter that every driver passes unchanged. */
export function arrayLiteral(values: readonly (number | bigint | null)[]): string {
  return `{${values.map((value) => value ?? "NULL").join(",")}}`;
}
