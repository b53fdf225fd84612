/** `/api/choices`: the values that list filters offer. */
import { createRoute } from "@hono/zod-openapi";
import { FilterOptions } from "../../schemas/api/filter-options.ts";
import { readFilterOptions } from "../../store/requests/filter-options.ts";
import { newRoutes } from "../http/context.ts";
import { json, errorResponses } from "../http/openapi.ts";

const read = createRoute({
  method: "get",
  path: "/api/choices",
  tags: ["Statistics"],
  summary: "Domains, accounts, models and request types to filter by",
  responses: { 200: json("At most 200 of each, sorted.", FilterOptions), ...errorResponses },
});

export const filterOptionRoutes = newRoutes().openapi(read, async (c) =>
  c.json(await readFilterOptions(c.get("config")), 200),
);
