/** /errors. */
import { Hono } from "hono";
import type { Context } from "hono";
import { FAILURE_QUERIES, mergeFailures } from "../api/failures.ts";
import { FilterBar } from "../components/ui/filter-bar.tsx";
import type { AppEnv } from "../context/environment.ts";
import { apiQuery } from "../context/filters.ts";
import { loadHealth, renderPage } from "../layout/render.tsx";
import { ErrorsPage } from "../pages/requests/errors.tsx";
import { viewOf, type View } from "../context/view.ts";
import { loadFilterOptions } from "./filter-options.ts";
import { loadOverview } from "./overview.tsx";

export function errorRoutes(): Hono<AppEnv> {
  const routes = new Hono<AppEnv>();
  routes.get("/errors", async (c) => {
    const view = viewOf(c);
    const [overview, errors, failures, options, health] = await Promise.all([
      loadOverview(c, view),
      c.get("api").get("/api/errors", apiQuery(view.filters, view.now)),
      loadFailures(c, view),
      loadFilterOptions(c),
      loadHealth(c),
    ]);
    const toolbar = <FilterBar view={view} options={options} />;
    const content = <ErrorsPage view={view} overview={overview} errors={errors} failures={failures} />;
    return renderPage(c, { health, title: "Errors", toolbar }, content);
  });
  return routes;
}

/** All lists concurrently. One failure fails the whole, because a part of the errors would look like fewer errors. */
async function loadFailures(c: Context<AppEnv>, view: View) {
  const query = apiQuery(view.filters, view.now);
  const lists = await Promise.all(
    FAILURE_QUERIES.map((list) => c.get("api").get("/api/requests", { ...query, ...list })),
  );
  const read = [];
  for (const list of lists) {
    if (!list.ok) return list;
    read.push(list.data);
  }
  return { ok: true as const, data: mergeFailures(read.map((list) => list.requests)) };
}
