/** How much goes into one statement. Bodies may have 32 MB; neither the driver nor a WebSocket proxy should hold that at once. */

export const MAX_STATEMENT_BYTES = 4 * 1_048_576;
/** Of five parameters each; Postgres takes 65,535 in a statement. */
const MAX_STATEMENT_ROWS = 10_000;

/** In order, in portions of at most MAX_STATEMENT_BYTES and MAX_STATEMENT_ROWS; what is larger alone is a portion of its own. */
export function portions<T>(items: readonly T[], sizeOf: (item: T) => number): T[][] {
  const result: T[][] = [];
  let room = 0;
  for (const item of items) {
    const size = sizeOf(item);
    let last = result.at(-1);
    if (!last || size > room || last.length === MAX_STATEMENT_ROWS) {
      last = [];
      result.push(last);
      room = MAX_STATEMENT_BYTES;
    }
    last.push(item);
    room -= size;
  }
  return result;
}
