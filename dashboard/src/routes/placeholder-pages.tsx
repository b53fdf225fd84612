/** /prompts and /analyses, whose places in the navigation are kept. */
import { Hono } from "hono";
import type { AppEnv } from "../context/environment.ts";
import { healthOf, page } from "../layout/render.tsx";
import { AnalysesPage, PromptsPage } from "../pages/placeholder-pages.tsx";
import { viewOf } from "../context/view.ts";

export function placeholderRoutes(): Hono<AppEnv> {
  const routes = new Hono<AppEnv>();
  routes.get("/prompts", async (c) =>
    page(c, 200, await healthOf(c), { title: "Prompts" }, <PromptsPage view={viewOf(c)} />),
  );
  routes.get("/analyses", async (c) =>
    page(c, 200, await healthOf(c), { title: "Analyses" }, <AnalysesPage view={viewOf(c)} />),
  );
  return routes;
}
