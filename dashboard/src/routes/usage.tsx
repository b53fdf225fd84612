/** /usage: windows, sums and their files. */
import { Hono } from "hono";
import type { Context } from "hono";
import { FilterBar } from "../components/ui/filter-bar.tsx";
import type { AppEnv } from "../context/environment.ts";
import { isTotalsBy, totalsBy } from "../api/named-totals.ts";
import { jsonError, renderPage } from "../layout/render.tsx";
import { usageCsv } from "../pages/usage/csv.ts";
import { historyHoursOf, UsagePage } from "../pages/usage/usage.tsx";
import { viewOf, type View } from "../context/view.ts";
import { loadFilterOptions } from "./filter-options.ts";
import { loadOverview, loadWindows } from "./overview.tsx";

export const usageRoutes = new Hono<AppEnv>();

usageRoutes.get("/usage", (c) => usagePage(c, viewOf(c)));

usageRoutes.get("/usage.csv", async (c) => {
  const view = viewOf(c);
  const by = view.query.by || null;
  if (by !== null && !isTotalsBy(by))
    return jsonError(c, 400, "invalid_request", `by: allowed: ${Object.keys(totalsBy).join(", ")}.`);
  const overview = await loadOverview(c, view);
  if (!overview.ok) {
    const { status, code, message } = overview.problem;
    return jsonError(c, status === 400 ? 400 : 503, code, message);
  }
  return c.body(usageCsv(overview.data, by), 200, {
    "content-type": "text/csv; charset=utf-8",
    "content-disposition": 'attachment; filename="usage.csv"',
  });
});

async function usagePage(c: Context<AppEnv>, view: View) {
  const api = c.get("api");
  const accountId = view.filters.accountId;
  const [overview, windows, account, options] = await Promise.all([
    loadOverview(c, view, "domain"),
    loadWindows(c),
    accountId === null
      ? null
      : api.get("/api/windows/{accountId}", {
          accountId,
          historyHours: historyHoursOf(view),
        }),
    loadFilterOptions(c),
  ]);
  const toolbar = <FilterBar view={view} options={options} />;
  const content = <UsagePage view={view} overview={overview} windows={windows} account={account} />;
  return renderPage(c, { title: "Usage", toolbar }, content);
}
