/** Sums: `/api/stats` and `/token-stats` as the existing system has them, and `/api/overview`. */
import { createRoute } from "@hono/zod-openapi";
import {
  Overview,
  OverviewQuery,
  Stats,
  StatsQuery,
  TokenStats,
  TokenStatsQuery,
} from "../../schemas/api/stats.ts";
import { readOverview } from "../../store/usage/overview.ts";
import { readStats, readTokenStats } from "../../store/usage/stats.ts";
import { newRoutes } from "../http/context.ts";
import { json, errorResponses } from "../http/openapi.ts";
import { readInFlight } from "../requests/live.ts";
import { periodParameters } from "../http/parameters.ts";

const DAY_MS = 86_400_000;

const tags = ["Statistics"];
const stats = createRoute({
  method: "get",
  path: "/api/stats",
  tags,
  summary: "Sums since a time",
  request: { query: StatsQuery },
  responses: { 200: json("The sums.", Stats), ...errorResponses },
});
const overview = createRoute({
  method: "get",
  path: "/api/overview",
  tags,
  summary: "A period beside the one before: sums, course, and who was busiest",
  request: { query: OverviewQuery },
  responses: { 200: json("The overview.", Overview), ...errorResponses },
});
const tokenStats = createRoute({
  method: "get",
  path: "/token-stats",
  tags,
  summary: "Counts of all time per domain",
  request: { query: TokenStatsQuery },
  responses: { 200: json("The counts.", TokenStats), ...errorResponses },
});

export const statsRoutes = newRoutes()
  .openapi(stats, async (c) => {
    const { domain, since = new Date(Date.now() - DAY_MS) } = c.req.valid("query");
    return c.json(await readStats(c.get("config"), { domain, since }), 200);
  })
  .openapi(overview, async (c) => {
    const { from: start, to: end, domain, accountId, model } = c.req.valid("query");
    const { from, to } = periodParameters(start, end, Date.now());
    const [sums, inFlight] = await Promise.all([
      readOverview(c.get("config"), { from, to, domain, accountId, model }),
      readInFlight(c.env),
    ]);
    return c.json({ ...sums, inFlight }, 200);
  })
  .openapi(tokenStats, async (c) => {
    const { domain } = c.req.valid("query");
    const counts = await readTokenStats(c.get("config"), domain);
    return c.json(domain === undefined ? Object.fromEntries(counts) : (counts.get(domain) ?? null), 200);
  });
