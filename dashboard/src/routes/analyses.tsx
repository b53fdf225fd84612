/** /analyses. The analysis of one conversation is a tab of its page (conversations.tsx). */
import { Hono } from "hono";
import type { AppEnv } from "../context/environment.ts";
import { viewOf } from "../context/view.ts";
import { renderPage } from "../layout/render.tsx";
import { AnalysesPage, AnalysisFilters, loadAnalyses } from "../pages/analyses/list.tsx";
import { loadFilterOptions } from "./filter-options.ts";

export const analysisRoutes = new Hono<AppEnv>().get("/analyses", async (c) => {
  const view = viewOf(c);
  const [data, options] = await Promise.all([loadAnalyses(c.get("api"), view), loadFilterOptions(c)]);
  const toolbar = <AnalysisFilters view={view} options={options} />;
  return renderPage(c, { title: "Analyses", toolbar }, <AnalysesPage view={view} data={data} />);
});
