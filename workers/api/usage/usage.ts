/** Usage of accounts and domains: now, by day, by hour, over time. From rollups; what they cut in two comes from the rows. */
import { createRoute } from "@hono/zod-openapi";
import { WINDOW_MS } from "../../runtime/constants.ts";
import { filledSeries, limitFigures, slotsBetween } from "../../domain/usage/time-series.ts";
import {
  AccountsUsage,
  CurrentUsage,
  CurrentUsageQuery,
  DailyUsage,
  DailyUsageQuery,
  DashboardStats,
  DashboardStatsQuery,
  HourlyQuery,
  HourlyRequests,
  HourlyTokens,
  SlidingWindow,
  SlidingWindowQuery,
  TimeSeries,
  TimeSeriesQuery,
} from "../../schemas/api/usage.ts";
import { readTokenLimits } from "../../store/usage/accounts.ts";
import { readDashboardStats } from "../../store/usage/legacy-dashboard.ts";
import { readUsage, addUsage, type UsageCell } from "../../store/usage/read.ts";
import { newRoutes } from "../http/context.ts";
import { json, errorResponses } from "../http/openapi.ts";
import { invalidParameter } from "../http/errors.ts";
import { readAccountsUsage } from "./accounts.ts";
import { iso, tokenDetails, span, totals } from "./totals.ts";
import { readSlidingWindow } from "./sliding-window.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const MAX_POINTS = 2_016;

const tags = ["Usage"];
const current = createRoute({
  method: "get",
  path: "/api/token-usage/current",
  tags,
  summary: "An account's usage of the last minutes",
  request: { query: CurrentUsageQuery },
  responses: { 200: json("The sums.", CurrentUsage), ...errorResponses },
});
const daily = createRoute({
  method: "get",
  path: "/api/token-usage/daily",
  tags,
  summary: "An account's usage by day (UTC), domain and model",
  request: { query: DailyUsageQuery },
  responses: { 200: json("The days.", DailyUsage), ...errorResponses },
});
const timeSeries = createRoute({
  method: "get",
  path: "/api/token-usage/time-series",
  tags,
  summary: "The course of an account's usage",
  request: { query: TimeSeriesQuery },
  responses: { 200: json("The course.", TimeSeries), ...errorResponses },
});
const accounts = createRoute({
  method: "get",
  path: "/api/token-usage/accounts",
  tags,
  summary: "Accounts active in the last five hours",
  responses: { 200: json("The accounts.", AccountsUsage), ...errorResponses },
});
const hourlyRequests = createRoute({
  method: "get",
  path: "/api/usage/requests/hourly",
  tags,
  summary: "Requests by domain and hour",
  request: { query: HourlyQuery },
  responses: { 200: json("The hours.", HourlyRequests), ...errorResponses },
});
const hourlyTokens = createRoute({
  method: "get",
  path: "/api/usage/tokens/hourly",
  tags,
  summary: "Tokens by domain and hour",
  request: { query: HourlyQuery },
  responses: { 200: json("The hours.", HourlyTokens), ...errorResponses },
});
const sliding = createRoute({
  method: "get",
  path: "/api/analytics/token-usage/sliding-window",
  tags,
  summary: "What an account used in the hours before each point in time",
  request: { query: SlidingWindowQuery },
  responses: { 200: json("The points.", SlidingWindow), ...errorResponses },
});
const dashboard = createRoute({
  method: "get",
  path: "/api/dashboard/stats",
  tags,
  summary: "Counts of all time and of the last 24 hours",
  request: { query: DashboardStatsQuery },
  responses: { 200: json("The counts.", DashboardStats), ...errorResponses },
});

export const usageRoutes = newRoutes()
  .openapi(current, async (c) => {
    const { accountId, window, domain, model } = c.req.valid("query");
    const config = c.get("config");
    const now = Date.now();
    const { from, to } = span(now, window * MINUTE_MS);
    const [cells, limits] = await Promise.all([
      readUsage(config, { from, to, accountId, domain, model }),
      readTokenLimits(config, accountId),
    ]);
    const sums = addUsage(cells);
    const tokenLimit = limits.get(accountId) ?? null;
    return c.json(
      {
        accountId,
        domain: domain ?? "all",
        model: model ?? "all",
        windowStart: iso(now - window * MINUTE_MS),
        windowEnd: iso(now),
        ...totals(sums),
        tokenLimit,
        ...limitFigures(tokenLimit, sums.outputTokens),
      },
      200,
    );
  })
  .openapi(daily, async (c) => {
    const { accountId, days, domain, aggregate } = c.req.valid("query");
    const now = Date.now();
    const from = (Math.floor(now / DAY_MS) - days + 1) * DAY_MS;
    const filter = { from, to: now + 1, accountId, domain };
    const cells = await readUsage(c.get("config"), filter, {
      domain: true,
      model: !aggregate,
      slotMs: DAY_MS,
    });
    const usage = cells
      .toSorted((a, b) => b.slot - a.slot)
      .map((cell) => ({
        date: iso(cell.slot).slice(0, 10),
        accountId,
        domain: cell.domain,
        ...(aggregate ? {} : { model: cell.model }),
        ...totals(cell),
      }));
    return c.json({ usage }, 200);
  })
  .openapi(timeSeries, async (c) => {
    const { accountId, window, interval } = c.req.valid("query");
    if ((window * 60) / interval > MAX_POINTS)
      throw invalidParameter(
        "query",
        "interval",
        `makes more than ${MAX_POINTS} points of ${window} hours`,
        `at least ${Math.ceil((window * 60) / MAX_POINTS)} minutes for this window`,
      );
    const { from, to } = span(Date.now(), window * HOUR_MS);
    const slotMs = interval * MINUTE_MS;
    const config = c.get("config");
    const [cells, limits] = await Promise.all([
      readUsage(config, { from, to, accountId }, { slotMs }),
      readTokenLimits(config, accountId),
    ]);
    const tokenLimit = limits.get(accountId) ?? null;
    const sums = new Map(cells.map((cell) => [cell.slot, cell]));
    let cumulativeUsage = 0;
    const series = filledSeries(slotsBetween(from, to, slotMs), sums).map((point) => {
      cumulativeUsage += point.outputTokens;
      return {
        time: iso(point.time),
        requests: point.requests,
        outputTokens: point.outputTokens,
        cumulativeUsage,
        ...limitFigures(tokenLimit, cumulativeUsage),
        ...tokenDetails(point),
      };
    });
    return c.json(
      { accountId, windowHours: window, intervalMinutes: interval, tokenLimit, timeSeries: series },
      200,
    );
  })
  .openapi(accounts, async (c) =>
    c.json(await readAccountsUsage(c.get("config"), Date.now(), WINDOW_MS), 200),
  )
  .openapi(hourlyRequests, async (c) => {
    const { domain, days } = c.req.valid("query");
    const cells = await readHours(c.get("config"), domain, days);
    const data = byDomain(cells, (cell) => ({ hour: iso(cell.slot), count: cell.requests }));
    return c.json({ data, query: { domain: domain ?? null, days } }, 200);
  })
  .openapi(hourlyTokens, async (c) => {
    const { domain, days } = c.req.valid("query");
    const cells = await readHours(c.get("config"), domain, days);
    const data = byDomain(cells, (cell) => ({
      hour: iso(cell.slot),
      count: cell.totalTokens,
      outputTokens: cell.outputTokens,
      ...tokenDetails(cell),
    }));
    return c.json({ data, query: { domain: domain ?? null, days } }, 200);
  })
  .openapi(sliding, async (c) => {
    const query = c.req.valid("query");
    return c.json(await readSlidingWindow(c.env, c.get("config"), query, Date.now()), 200);
  })
  .openapi(dashboard, async (c) => {
    const { domain, accountId } = c.req.valid("query");
    return c.json(await readDashboardStats(c.get("config"), { domain, accountId }, Date.now()), 200);
  });

function readHours(
  config: Parameters<typeof readUsage>[0],
  domain: string | undefined,
  days: number,
): Promise<UsageCell[]> {
  const now = Date.now();
  const from = (Math.floor(now / HOUR_MS) - days * 24 + 1) * HOUR_MS;
  return readUsage(config, { from, to: now + 1, domain }, { domain: true, slotMs: HOUR_MS });
}

/** Names come from outside; `__proto__` among them must be a key like any other. */
function byDomain<T>(cells: readonly UsageCell[], entry: (cell: UsageCell) => T): Record<string, T[]> {
  const hours = new Map<string, T[]>();
  for (const cell of cells) hours.set(cell.domain, [...(hours.get(cell.domain) ?? []), entry(cell)]);
  return Object.fromEntries([...hours].sort(([a], [b]) => (a < b ? -1 : 1)));
}
