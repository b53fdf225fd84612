/**
 * Decides when a window has reached a threshold: one notification per threshold and window,
 * however often it is reported. Called by the AccountWindow object.
 */

/** Stored for a window: the highest threshold notified. */
export interface ThresholdMemory {
  /** Of the notified window; null if the vendor does not report it. */
  resetAt: number | null;
  threshold: number;
  /** Time of the notification. */
  at: number;
}

export interface WindowReport {
  utilization: number;
  resetAt: number | null;
  at: number;
}

/** Reported times of one reset vary by up to this much. */
const RESET_TOLERANCE_MS = 60_000;
/** A reset that moves by more than this while the window is nearly empty was made early by the vendor. */
const EARLY_RESET_MS = 3_600_000;
/** A window without a reset counts as new once it is empty, at the earliest this long after its notification. */
const MIN_REARM_MS = 5 * 3_600_000;

export interface ThresholdDecision {
  /** The threshold to notify; null for none. */
  alert: number | null;
  /** The memory to store; null: delete it. */
  memory: ThresholdMemory | null;
}

/** `thresholds` in any order. Only the highest one reached is notified. */
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

/** Whether the notified window has ended. */
function hasEnded(report: WindowReport, thresholds: readonly number[], sent: ThresholdMemory): boolean {
  const isEmpty = thresholds.every((threshold) => report.utilization < threshold);
  if (report.resetAt === null || sent.resetAt === null) return isEmpty && report.at - sent.at >= MIN_REARM_MS;
  const moved = report.resetAt - sent.resetAt;
  if (moved <= RESET_TOLERANCE_MS) return false;
  return report.at >= sent.resetAt - RESET_TOLERANCE_MS || (isEmpty && moved >= EARLY_RESET_MS);
}

/** A report of a window before the notified one. */
function isOlder({ resetAt }: WindowReport, sent: ThresholdMemory): boolean {
  return resetAt !== null && sent.resetAt !== null && resetAt < sent.resetAt - RESET_TOLERANCE_MS;
}
