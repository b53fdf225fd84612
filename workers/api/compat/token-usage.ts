/** `/api/token-usage/{current,daily,time-series}` and `/api/usage/{requests,tokens}/hourly`. */
import type { z } from "zod";
import { filledSeries, limitFigures, slotsBetween } from "../../domain/usage/time-series.ts";
import { rollingSpan } from "../../domain/windows/time-span.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../runtime/constants.ts";
import type * as compat from "../../schemas/api/compat.ts";
import type { DatabaseConfig } from "../../store/db/db.ts";
import { readTokenLimits } from "../../store/usage/accounts.ts";
import { readUsage, type UsageCell } from "../../store/usage/read.ts";
import { addUsage } from "../../store/usage/totals.ts";
import { invalidParameter } from "../http/errors.ts";
import { besideOutput, iso, withTotalPrefix } from "./fields.ts";

/** A week of five-minute intervals. */
const MAX_POINTS = 2_016;

export async function readCurrentUsage(
  config: DatabaseConfig,
  { accountId, window, domain, model }: z.infer<typeof compat.CurrentUsageQuery>,
  now: number,
): Promise<compat.CurrentUsage> {
  const length = window * MINUTE_MS;
  const [cells, limits] = await Promise.all([
    readUsage(config, { ...rollingSpan(now, length), accountId, domain, model }),
    readTokenLimits(config, accountId),
  ]);
  const totals = addUsage(cells);
  const tokenLimit = limits.get(accountId) ?? null;
  return {
    accountId,
    domain: domain ?? "all",
    model: model ?? "all",
    windowStart: iso(now - length),
    windowEnd: iso(now),
    ...withTotalPrefix(totals),
    tokenLimit,
    ...limitFigures(tokenLimit, totals.outputTokens),
  };
}

export async function readDailyUsage(
  config: DatabaseConfig,
  { accountId, days, domain, aggregate }: z.infer<typeof compat.DailyUsageQuery>,
  now: number,
): Promise<compat.DailyUsage> {
  const from = (Math.floor(now / DAY_MS) - days + 1) * DAY_MS;
  const dimensions = {
    domain: true,
    model: aggregate ? (false as const) : ("used" as const),
    slotMs: DAY_MS,
  };
  const cells = await readUsage(config, { from, to: now + 1, accountId, domain }, dimensions);
  const usage = cells
    .toSorted((a, b) => b.slot - a.slot)
    .map((cell) => ({
      date: iso(cell.slot).slice(0, 10),
      accountId,
      domain: cell.domain,
      ...(aggregate ? {} : { model: cell.model }),
      ...withTotalPrefix(cell),
    }));
  return { usage };
}

export async function readTimeSeries(
  config: DatabaseConfig,
  { accountId, window, interval }: z.infer<typeof compat.TimeSeriesQuery>,
  now: number,
): Promise<compat.TimeSeries> {
  if ((window * 60) / interval > MAX_POINTS)
    throw invalidParameter(
      "query",
      "interval",
      `makes more than ${MAX_POINTS} points of ${window} hours`,
      `at least ${Math.ceil((window * 60) / MAX_POINTS)} minutes for this window`,
    );
  const span = rollingSpan(now, window * HOUR_MS);
  const slotMs = interval * MINUTE_MS;
  const [cells, limits] = await Promise.all([
    readUsage(config, { ...span, accountId }, { slotMs }),
    readTokenLimits(config, accountId),
  ]);
  const tokenLimit = limits.get(accountId) ?? null;
  const bySlot = new Map(cells.map((cell) => [cell.slot, cell]));
  let cumulativeUsage = 0;
  const timeSeries = filledSeries(slotsBetween(span.from, span.to, slotMs), bySlot).map((point) => {
    cumulativeUsage += point.outputTokens;
    return {
      time: iso(point.time),
      requests: point.requests,
      outputTokens: point.outputTokens,
      cumulativeUsage,
      ...limitFigures(tokenLimit, cumulativeUsage),
      ...besideOutput(point),
    };
  });
  return { accountId, windowHours: window, intervalMinutes: interval, tokenLimit, timeSeries };
}

/** The hours of each domain that have requests, oldest first, as `entry` shows them. */
export async function readHourlyUsage<T>(
  config: DatabaseConfig,
  { domain, days }: z.infer<typeof compat.HourlyQuery>,
  now: number,
  entry: (cell: UsageCell) => T,
): Promise<{ data: Record<string, T[]>; query: { domain: string | null; days: number } }> {
  const from = (Math.floor(now / HOUR_MS) - days * 24 + 1) * HOUR_MS;
  const cells = await readUsage(config, { from, to: now + 1, domain }, { domain: true, slotMs: HOUR_MS });
  const byDomain = Map.groupBy(cells, (cell) => cell.domain);
  const data = [...byDomain]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, own]) => [name, own.map(entry)] as const);
  // fromEntries: a domain named `__proto__` becomes a key like any other.
  return { data: Object.fromEntries(data), query: { domain: domain ?? null, days } };
}
