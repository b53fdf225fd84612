/** /usage: windows, sums and their files. */
import { Hono } from "hono";
import type { Context } from "hono";
import { FilterBar } from "../components/ui/filter-bar.tsx";
import type { AppEnv } from "../context/environment.ts";
import { periodOf } from "../context/filters.ts";
import { loadHealth, renderPage } from "../layout/render.tsx";
import { usageCsv } from "../pages/usage/csv.ts";
import { historyHoursOf, UsagePage } from "../pages/usage/usage.tsx";
import { viewOf, type View } from "../context/view.ts";
import { loadFilterOptions } from "./filter-options.ts";
import { loadOverview, loadWindows } from "./overview.tsx";

const DAY_MS = 86_400_000;
/** Most days the API gives by the hour. */
const MAX_HOURLY_DAYS = 30;

export function usageRoutes(): Hono<AppEnv> {
  const routes = new Hono<AppEnv>();

  routes.get("/usage", (c) => usagePage(c, viewOf(c)));

  routes.get("/usage.csv", async (c) => {
    const overview = await loadOverview(c, viewOf(c));
    if (!overview.ok) return c.text(overview.problem.message, 503);
    return c.body(usageCsv(overview.data, c.req.query("by")), 200, {
      "content-type": "text/csv; charset=utf-8",
      "content-disposition": 'attachment; filename="usage.csv"',
    });
  });

  return routes;
}

async function usagePage(c: Context<AppEnv>, view: View) {
  const api = c.get("api");
  const { from } = periodOf(view.filters, view.now);
  const accountId = view.filters.accountId;
  const [overview, windows, account, hourly, options, health] = await Promise.all([
    loadOverview(c, view),
    loadWindows(c),
    accountId === null
      ? null
      : api.get("/api/windows/{accountId}", {
          accountId,
          historyHours: historyHoursOf(view),
        }),
    api.get("/api/usage/tokens/hourly", {
      domain: view.filters.domain,
      days: Math.min(MAX_HOURLY_DAYS, Math.max(1, Math.ceil((view.now - from) / DAY_MS) + 1)),
    }),
    loadFilterOptions(c),
    loadHealth(c),
  ]);
  const toolbar = <FilterBar view={view} options={options} />;
  const content = (
    <UsagePage view={view} overview={overview} windows={windows} account={account} hourly={hourly} />
  );
  return renderPage(c, { health, title: "Usage", toolbar }, content);
}
