/** /prompts and /analyses, whose places in the navigation are kept. */
import { Hono } from "hono";
import type { AppEnv } from "../context/environment.ts";
import { loadHealth, renderPage } from "../layout/render.tsx";
import { AnalysesPage, PromptsPage } from "../pages/placeholder-pages.tsx";
import { viewOf } from "../context/view.ts";

export function placeholderRoutes(): Hono<AppEnv> {
  const routes = new Hono<AppEnv>();
  routes.get("/prompts", async (c) =>
    renderPage(c, 200, await loadHealth(c), { title: "Prompts" }, <PromptsPage view={viewOf(c)} />),
  );
  routes.get("/analyses", async (c) =>
    renderPage(c, 200, await loadHealth(c), { title: "Analyses" }, <AnalysesPage view={viewOf(c)} />),
  );
  return routes;
}
