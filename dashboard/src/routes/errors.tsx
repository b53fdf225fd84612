/** /errors. */
import { Hono } from "hono";
import { FilterBar } from "../components/ui/filter-bar.tsx";
import type { AppEnv } from "../context/environment.ts";
import { apiQuery } from "../context/filters.ts";
import { renderPage } from "../layout/render.tsx";
import { ErrorsPage, MAX_SHOWN_FAILURES } from "../pages/requests/errors.tsx";
import { viewOf } from "../context/view.ts";
import { loadFilterOptions } from "./filter-options.ts";
import { loadOverview } from "./overview.tsx";

export const errorRoutes = new Hono<AppEnv>();

errorRoutes.get("/errors", async (c) => {
  const view = viewOf(c);
  const [overview, errors, failures, options] = await Promise.all([
    loadOverview(c, view),
    c.get("api").get("/api/errors", { ...apiQuery(view.filters, view.now), timeZone: view.zone }),
    c.get("api").get("/api/requests", {
      ...apiQuery(view.filters, view.now),
      failed: "true",
      limit: MAX_SHOWN_FAILURES,
    }),
    loadFilterOptions(c),
  ]);
  const toolbar = <FilterBar view={view} options={options} />;
  const content = <ErrorsPage view={view} overview={overview} errors={errors} failures={failures} />;
  return renderPage(c, { title: "Errors", toolbar }, content);
});
