/** /prompts and /analyses: places that are kept for features this version does not have, and what can be done meanwhile. */
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
placeholderRoutes.get("/analyses", async (c) =>
  renderPage(
    c,
    { title: "Analyses" },
    <EmptyState title="Analyses are not available in this version.">
      <p>
        You can read a <a href={linkTo("/conversations", viewOf(c).filters)}>conversation</a>, compare its
        branches and export it as Markdown to analyze it elsewhere.
      </p>
    </EmptyState>,
  ),
);
