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

export interface WindowReport {
  utilization: number;
  resetAt: number | null;
  at: number;
}

/** A reset may waver by this much and still be the same. */
const RESET_TOLERANCE_MS = 60_000;
/** A reset that moves by more than this while the window is nearly empty is one that the vendor gave early. */
const EARLY_RESET_MS = 3_600_000;
/** A window without a reset is a new one when it has emptied, but no sooner than this after it was told of. */
const MIN_REARM_MS = 5 * 3_600_000;

export interface ThresholdDecision {
  /** The threshold to tell of; null when there is nothing to tell. */
  alert: number | null;
  /** What to remember from now on; null = forget. */
  memory: ThresholdMemory | null;
}

/** `thresholds` in any order. Only the highest one reached is told; the lower ones are then no news. */
export function crossedThreshold(
  report: WindowReport,
  thresholds: readonly number[],
  memory: ThresholdMemory | null,
): ThresholdDecision {
  const known = memory && hasEnded(report, thresholds, memory) ? null : memory;
  const reached = thresholds.filter((threshold) => report.utilization >= threshold);
  const highest = reached.length === 0 ? null : Math.max(...reached);
  if (highest === null || (known && (known.threshold >= highest || isOlder(report, known))))
    return { alert: null, memory: known };
  return { alert: highest, memory: { resetAt: report.resetAt, threshold: highest, at: report.at } };
}

/** Whether the window that was told of is over. */
function hasEnded(report: WindowReport, thresholds: readonly number[], sent: ThresholdMemory): boolean {
  const isEmpty = thresholds.every((threshold) => report.utilization < threshold);
  if (report.resetAt === null || sent.resetAt === null) return isEmpty && report.at - sent.at >= MIN_REARM_MS;
  const moved = report.resetAt - sent.resetAt;
  if (moved <= RESET_TOLERANCE_MS) return false;
  return report.at >= sent.resetAt - RESET_TOLERANCE_MS || (isEmpty && moved >= EARLY_RESET_MS);
}

/** A report of a window before the one that was told of. */
function isOlder({ resetAt }: WindowReport, sent: ThresholdMemory): boolean {
  return resetAt !== null && sent.resetAt !== null && resetAt < sent.resetAt - RESET_TOLERANCE_MS;
}
