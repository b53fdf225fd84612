/**
 * When a window has filled up to a threshold, and whether somebody has been told already: once per threshold and window,
 * however often it is reported. Called by the AccountWindow object.
 */

/** What is remembered of a window: the highest threshold told of it. */
export interface ThresholdMemory {
  /** Of the window that was told of; null when the vendor does not say. */
  resetAt: number | null;
  threshold: number;
  /** When it was told. */
  at: number;
}

export interface Filling {
  utilization: number;
  resetAt: number | null;
  at: number;
}

/** A reset may waver by this much and still be the same. */
const WAVER_MS = 60_000;
/** A reset that moves by more than this while the window is nearly empty is one that the vendor gave early. */
const EARLY_RESET_MS = 3_600_000;
/** A window without a reset is a new one when it has emptied, but no sooner than this after it was told of. */
const QUIET_MS = 5 * 3_600_000;

export interface ThresholdVerdict {
  /** The threshold to tell of; null when there is nothing to tell. */
  alert: number | null;
  /** What to remember from now on; null = forget. */
  memory: ThresholdMemory | null;
}

/** `thresholds` in any order. Only the highest one reached is told; the lower ones are then no news. */
export function judgeFilling(
  filling: Filling,
  thresholds: readonly number[],
  memory: ThresholdMemory | null,
): ThresholdVerdict {
  const known = memory && isOver(filling, thresholds, memory) ? null : memory;
  const reached = thresholds.filter((threshold) => filling.utilization >= threshold);
  const highest = reached.length === 0 ? null : Math.max(...reached);
  if (highest === null || (known && (known.threshold >= highest || isOlder(filling, known))))
    return { alert: null, memory: known };
  return { alert: highest, memory: { resetAt: filling.resetAt, threshold: highest, at: filling.at } };
}

/** Whether the window that was told of is over. */
function isOver(filling: Filling, thresholds: readonly number[], told: ThresholdMemory): boolean {
  const isEmpty = thresholds.every((threshold) => filling.utilization < threshold);
  if (filling.resetAt === null || told.resetAt === null) return isEmpty && filling.at - told.at >= QUIET_MS;
  const moved = filling.resetAt - told.resetAt;
  if (moved <= WAVER_MS) return false;
  return filling.at >= told.resetAt - WAVER_MS || (isEmpty && moved >= EARLY_RESET_MS);
}

/** A report of a window before the one that was told of. */
function isOlder({ resetAt }: Filling, told: ThresholdMemory): boolean {
  return resetAt !== null && told.resetAt !== null && resetAt < told.resetAt - WAVER_MS;
}
