/** / and /settings. Each loads all it needs concurrently. */
import { Hono } from "hono";
import type { Context } from "hono";
import { FilterBar } from "../components/ui/filter-bar.tsx";
import type { AppEnv } from "../context/environment.ts";
import { apiQuery } from "../context/filters.ts";
import { renderPage } from "../layout/render.tsx";
import { OverviewPage } from "../pages/usage/overview.tsx";
import { HealthPage } from "../pages/admin/health.tsx";
import { canAdminister, viewOf, type View } from "../context/view.ts";
import { loadFilterOptions } from "./filter-options.ts";

const LATEST_REQUESTS = 8;

/** The period in the viewer's calendar; `seriesBy` adds the cost by domain over time. */
export const loadOverview = (c: Context<AppEnv>, view: View, seriesBy: "domain" | null = null) =>
  c.get("api").get("/api/overview", { ...apiQuery(view.filters, view.now), timeZone: view.zone, seriesBy });

export const loadDomains = (c: Context<AppEnv>) => c.get("api").get("/api/domains");

export const loadWindows = (c: Context<AppEnv>) => c.get("api").get("/api/windows");

export const overviewRoutes = new Hono<AppEnv>();

overviewRoutes.get("/", async (c) => {
  const view = viewOf(c);
  const [overview, windows, latest, options] = await Promise.all([
    loadOverview(c, view),
    loadWindows(c),
    c.get("api").get("/api/requests", { ...apiQuery(view.filters, view.now), limit: LATEST_REQUESTS }),
    loadFilterOptions(c),
  ]);
  const toolbar = <FilterBar view={view} options={options} />;
  const content = <OverviewPage view={view} overview={overview} windows={windows} latest={latest} />;
  return renderPage(c, { title: "Overview", toolbar }, content);
});

overviewRoutes.get("/settings", async (c) => {
  const view = viewOf(c);
  const api = c.get("api");
  const [status, alerts, linking, environment] = await Promise.all([
    api.get("/api/status"),
    api.get("/api/alerts"),
    // The report reads all requests of eight weeks, so it runs on demand.
    view.query.show === "linking" ? api.get("/api/quality/linking") : null,
    canAdminister(view) ? api.get("/api/environment") : null,
  ]);
  const content = (
    <HealthPage view={view} status={status} alerts={alerts} linking={linking} environment={environment} />
  );
  return renderPage(c, { health: status, title: "Health" }, content);
});
