/** /prompts: a place that is kept for a feature this version does not have, and what can be done meanwhile. */
import { Hono } from "hono";
import { EmptyState } from "../components/ui/problem.tsx";
import type { AppEnv } from "../context/environment.ts";
import { linkTo } from "../context/filters.ts";
import { viewOf } from "../context/view.ts";
import { renderPage } from "../layout/render.tsx";

export const placeholderRoutes = new Hono<AppEnv>();

placeholderRoutes.get("/prompts", async (c) =>
  renderPage(
    c,
    { title: "Prompts" },
    <EmptyState title="Prompts are not available in this version.">
      <p>
        Prompts are part of the <a href={linkTo("/conversations", viewOf(c).filters)}>conversations</a>, where
        you can search them.
      </p>
    </EmptyState>,
  ),
);
