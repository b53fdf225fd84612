/** Columns of the branches: each branch takes the first column right of main that is free from its first to its last row. */

export interface RowSpan {
  branch: number;
  /** Row of the item it leaves, or its own first row. */
  from: number;
  /** Its last row. */
  to: number;
}

/**
 * Lanes by branch, the first span's is 0 and stays the trunk's alone; and per row the rightmost lane something passes.
 * Spans come in the order in which their branches begin.
 */
export function assignColumns(
  spans: readonly RowSpan[],
  rows: number,
): { columnOf: Map<number, number>; widestAt: number[] } {
  const columnOf = new Map<number, number>();
  /** Row up to which each lane is taken. */
  const occupiedUntil: number[] = [];
  const widestAt = Array.from({ length: rows }, () => 0);
  for (const { branch, from, to } of spans) {
    let lane = columnOf.size === 0 ? 0 : 1;
    while (occupiedUntil[lane] !== undefined && occupiedUntil[lane]! >= from) lane++;
    columnOf.set(branch, lane);
    occupiedUntil[lane] = to;
    for (let row = from; row <= to; row++) widestAt[row] = Math.max(widestAt[row]!, lane);
  }
  return { columnOf, widestAt };
}
