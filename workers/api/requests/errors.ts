/** `/api/errors`: failed exchanges of a period. */
import { createRoute } from "@hono/zod-openapi";
import { Errors, ErrorsQuery } from "../../schemas/api/failures.ts";
import { readFailures } from "../../store/requests/failures.ts";
import { newRoutes } from "../http/context.ts";
import { json, errorResponses } from "../http/openapi.ts";
import { periodParameters } from "../http/parameters.ts";

const errors = createRoute({
  method: "get",
  path: "/api/errors",
  tags: ["Statistics"],
  summary: "Failed exchanges of a period by kind, status, domain, account, model and over time",
  request: { query: ErrorsQuery },
  responses: { 200: json("The counts.", Errors), ...errorResponses },
});

export const failureRoutes = newRoutes().openapi(errors, async (c) => {
  const { from, to, ...filter } = c.req.valid("query");
  const period = periodParameters(from, to, Date.now());
  return c.json(await readFailures(c.get("config"), { ...filter, ...period }), 200);
});
