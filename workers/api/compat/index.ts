/**
 * Endpoints of the existing system, kept for its users' scripts with their paths, parameters and responses. All are mappings
 * of `readUsage`. New features belong in `/api/overview` and `/api/windows`.
 */
import { createRoute } from "@hono/zod-openapi";
import type { z } from "zod";
import * as compat from "../../schemas/api/compat.ts";
import { newRoutes } from "../http/context.ts";
import { errorResponses, json } from "../http/openapi.ts";
import type { UsageCell } from "../../store/usage/read.ts";
import { readAccountsUsage } from "./accounts.ts";
import { totalTokens } from "../../domain/usage/token-totals.ts";
import { besideOutput, iso } from "./fields.ts";
import { readSlidingWindow } from "./sliding-window.ts";
import { readDashboardStats, readStats, readTokenStats } from "./stats.ts";
import { readCurrentUsage, readDailyUsage, readHourlyUsage, readTimeSeries } from "./token-usage.ts";

function route<P extends string, Q extends z.ZodObject, R extends z.ZodType>(
  path: P,
  summary: string,
  query: Q,
  response: R,
) {
  return createRoute({
    method: "get",
    path,
    tags: ["Compatibility"],
    summary,
    request: { query },
    responses: { 200: json("The totals.", response), ...errorResponses },
  });
}

const stats = route("/api/stats", "Totals since a time", compat.StatsQuery, compat.Stats);
const tokenStats = route(
  "/token-stats",
  "All-time totals per domain",
  compat.TokenStatsQuery,
  compat.TokenStats,
);
const dashboard = route(
  "/api/dashboard/stats",
  "All-time totals and the last 24 hours",
  compat.DashboardStatsQuery,
  compat.DashboardStats,
);
const current = route(
  "/api/token-usage/current",
  "Usage of an account in the last minutes",
  compat.CurrentUsageQuery,
  compat.CurrentUsage,
);
const daily = route(
  "/api/token-usage/daily",
  "Usage of an account by day (UTC), domain and model",
  compat.DailyUsageQuery,
  compat.DailyUsage,
);
const timeSeries = route(
  "/api/token-usage/time-series",
  "Usage of an account over time",
  compat.TimeSeriesQuery,
  compat.TimeSeries,
);
const accounts = route(
  "/api/token-usage/accounts",
  "Accounts active in the last five hours",
  compat.NoQuery,
  compat.AccountsUsage,
);
const hourlyRequests = route(
  "/api/usage/requests/hourly",
  "Requests by domain and hour",
  compat.HourlyQuery,
  compat.HourlyRequests,
);
const hourlyTokens = route(
  "/api/usage/tokens/hourly",
  "Tokens by domain and hour",
  compat.HourlyQuery,
  compat.HourlyTokens,
);
const sliding = route(
  "/api/analytics/token-usage/sliding-window",
  "Usage of an account in the hours before each point in time",
  compat.SlidingWindowQuery,
  compat.SlidingWindow,
);

export const compatRoutes = newRoutes()
  .openapi(stats, async (c) =>
    c.json(await readStats(c.get("config"), c.req.valid("query"), Date.now()), 200),
  )
  .openapi(tokenStats, async (c) => {
    const { domain } = c.req.valid("query");
    const byDomain = await readTokenStats(c.get("config"), domain);
    return c.json(domain === undefined ? Object.fromEntries(byDomain) : (byDomain.get(domain) ?? null), 200);
  })
  .openapi(dashboard, async (c) =>
    c.json(await readDashboardStats(c.get("config"), c.req.valid("query"), Date.now()), 200),
  )
  .openapi(current, async (c) =>
    c.json(await readCurrentUsage(c.get("config"), c.req.valid("query"), Date.now()), 200),
  )
  .openapi(daily, async (c) =>
    c.json(await readDailyUsage(c.get("config"), c.req.valid("query"), Date.now()), 200),
  )
  .openapi(timeSeries, async (c) =>
    c.json(await readTimeSeries(c.get("config"), c.req.valid("query"), Date.now()), 200),
  )
  .openapi(accounts, async (c) => c.json(await readAccountsUsage(c.get("config"), Date.now()), 200))
  .openapi(hourlyRequests, async (c) => {
    const entry = (cell: UsageCell) => ({ hour: iso(cell.slot), count: cell.requests });
    return c.json(await readHourlyUsage(c.get("config"), c.req.valid("query"), Date.now(), entry), 200);
  })
  .openapi(hourlyTokens, async (c) => {
    const entry = (cell: UsageCell) => ({
      hour: iso(cell.slot),
      count: totalTokens(cell),
      outputTokens: cell.outputTokens,
      ...besideOutput(cell),
    });
    return c.json(await readHourlyUsage(c.get("config"), c.req.valid("query"), Date.now(), entry), 200);
  })
  .openapi(sliding, async (c) =>
    c.json(await readSlidingWindow(c.env, c.get("config"), c.req.valid("query"), Date.now()), 200),
  );
