/**
 * Forecasts when a window will be full at the recent rate: the vendor's windows from their reports, the rolling five hours
 * from the tokens of each minute. Called by the AccountWindow object.
 */
import { MINUTE_MS } from "../../runtime/constants.ts";
import type { LimitForecast, LimitPoint } from "../../schemas/window.ts";

/** The rate is measured over this period: longer than a pause for reading, shorter than changes during a day. */
const RATE_PERIOD_MS = 3_600_000;
/** Minimum interval between two reports for a rate. */
const MIN_RATE_PERIOD_MS = 5 * MINUTE_MS;

const UNKNOWN: LimitForecast = { perHour: null, fullAt: null };

/**
 * The forecast of a vendor's window from its reports, oldest first; the last one is current. `length`: the window's length, if its
 * name contains it. Without two reports far enough apart, the rate is then the average since the window's start.
 */
export function forecastLimit(
  reports: readonly LimitPoint[],
  length: number | null,
  now: number,
): LimitForecast {
  const last = reports.at(-1);
  if (!last || last.utilization === null || (last.resetAt !== null && last.resetAt <= now)) return UNKNOWN;
  const perMs = tokensPerMs(reports, last, length);
  if (perMs === null) return last.utilization >= 1 ? { perHour: null, fullAt: last.at } : UNKNOWN;
  const perHour = perMs * 3_600_000;
  if (last.utilization >= 1) return { perHour, fullAt: last.at };
  if (perMs <= 0) return { perHour, fullAt: null };
  const fullAt = Math.round(last.at + (1 - last.utilization) / perMs);
  return { perHour, fullAt: last.resetAt !== null && fullAt >= last.resetAt ? null : fullAt };
}

function tokensPerMs(reports: readonly LimitPoint[], last: LimitPoint, length: number | null): number | null {
  const comparable = reports.filter(
    ({ at, utilization, resetAt }) =>
      utilization !== null &&
      at >= last.at - RATE_PERIOD_MS &&
      at <= last.at &&
      isSamePeriod(resetAt, last.resetAt),
  );
  const first = comparable[0];
  if (first && last.at - first.at >= MIN_RATE_PERIOD_MS)
    return Math.max(0, (last.utilization! - first.utilization!) / (last.at - first.at));
  if (length === null || last.resetAt === null) return null;
  const elapsed = last.at - (last.resetAt - length);
  return elapsed >= MIN_RATE_PERIOD_MS ? last.utilization! / elapsed : null;
}

/** Reported resets of one period vary by some seconds. */
function isSamePeriod(a: number | null, b: number | null): boolean {
  return a === b || (a !== null && b !== null && Math.abs(a - b) < 10 * MINUTE_MS);
}

/**
 * When the rolling `length` milliseconds before an instant hold `limit` tokens: used tokens leave the window minute by minute, and
 * new ones are used at the rate of the last hour. `minutes` are numbered since the epoch. Null if the limit is not reached within `length`.
 */
export function forecastRolling(
  minutes: ReadonlyMap<number, number>,
  { limit, length, now }: { limit: number; length: number; now: number },
): number | null {
  const current = Math.floor(now / MINUTE_MS);
  const span = Math.round(length / MINUTE_MS);
  let sum = 0;
  let recent = 0;
  for (const [minute, tokens] of minutes) {
    if (minute > current - span && minute <= current) sum += tokens;
    if (minute > current - RATE_PERIOD_MS / MINUTE_MS && minute <= current) recent += tokens;
  }
  if (sum >= limit) return now;
  if (recent === 0) return null;
  const perMinute = recent / (RATE_PERIOD_MS / MINUTE_MS);
  for (let ahead = 1; ahead <= span; ahead++) {
    sum += perMinute - (minutes.get(current - span + ahead) ?? 0);
    if (sum >= limit) return (current + ahead) * MINUTE_MS;
  }
  return null;
}
