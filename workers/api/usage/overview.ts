/** `/api/overview`. */
import { createRoute } from "@hono/zod-openapi";
import { Overview, OverviewQuery } from "../../schemas/api/overview.ts";
import { readOverview } from "../../store/usage/overview.ts";
import { newRoutes } from "../http/context.ts";
import { errorResponses, json } from "../http/openapi.ts";
import { periodParameters } from "../http/parameters.ts";
import { readInFlight } from "../requests/live.ts";

const overview = createRoute({
  method: "get",
  path: "/api/overview",
  tags: ["Statistics"],
  summary: "Totals of a period, its time series, and the top domains, accounts, models and types",
  request: { query: OverviewQuery },
  responses: { 200: json("The overview.", Overview), ...errorResponses },
});

export const overviewRoutes = newRoutes().openapi(overview, async (c) => {
  const { from: start, to: end, ...filter } = c.req.valid("query");
  const { from, to } = periodParameters(start, end, Date.now());
  const [overview, inFlight] = await Promise.all([
    readOverview(c.get("config"), { ...filter, from, to }),
    readInFlight(c.env),
  ]);
  return c.json({ ...overview, inFlight }, 200);
});
