/** `/api/search`: full-text search over messages. */
import { createRoute } from "@hono/zod-openapi";
import { SearchQuery, SearchResults } from "../../schemas/api/search.ts";
import { searchMessages } from "../../store/search/query.ts";
import { newRoutes } from "../http/context.ts";
import { json, errorResponses } from "../http/openapi.ts";
import { listParameters } from "../http/parameters.ts";

const search = createRoute({
  method: "get",
  path: "/api/search",
  tags: ["Search"],
  summary: "Messages that contain these words, each once, newest first",
  request: { query: SearchQuery },
  responses: { 200: json("One page.", SearchResults), ...errorResponses },
});

export const searchRoutes = newRoutes().openapi(search, async (c) => {
  const { cursor, ...filter } = c.req.valid("query");
  const before = listParameters({ cursor, ...filter }, "number");
  return c.json(await searchMessages(c.get("config"), { ...filter, before }), 200);
});
