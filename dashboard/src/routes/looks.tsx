/** The pages that only look: overview, conversations, usage, health. Each asks for all it needs at once. */
import { Hono } from "hono";
import type { Context } from "hono";
import type { Overview as ApiOverview } from "../../../workers/schemas/api-stats.ts";
import type { Status } from "../../../workers/schemas/api-status.ts";
import { overviewOf, type Overview } from "../api/overview.ts";
import type { AuditList, DomainList, RequestList } from "../api/types.ts";
import type { Result } from "../api/client.ts";
import { FilterBar } from "../components/filter-bar.tsx";
import type { AppEnv } from "../environment.ts";
import { apiQuery } from "../filters.ts";
import { healthOf, page } from "../http/render.tsx";
import { ConversationsPage, LOOKED_AT } from "../pages/conversations.tsx";
import { OverviewPage } from "../pages/overview.tsx";
import { SettingsPage } from "../pages/settings.tsx";
import { usageCsv } from "../pages/usage-csv.ts";
import { UsagePage } from "../pages/usage.tsx";
import { canAdminister, viewOf, type View } from "../view.ts";
import { choicesOf } from "./choices.ts";

const LATEST = 10;

export function loadOverview(c: Context<AppEnv>, view: View): Promise<Result<Overview>> {
  return c.get("api").get<ApiOverview>("/api/overview", apiQuery(view.filters, view.now)).then(overviewOf);
}

export const loadDomains = (c: Context<AppEnv>) => c.get("api").get<DomainList>("/api/domains");

export function lookRoutes(): Hono<AppEnv> {
  const routes = new Hono<AppEnv>();

  routes.get("/", async (c) => {
    const view = viewOf(c);
    const [overview, latest, domains, health] = await Promise.all([
      loadOverview(c, view),
      c.get("api").get<RequestList>("/api/requests", { ...apiQuery(view.filters, view.now), limit: LATEST }),
      loadDomains(c),
      healthOf(c),
    ]);
    const head = <FilterBar view={view} choices={choicesOf(domains, overview)} />;
    return page(
      c,
      200,
      health,
      { title: "Overview", head },
      <OverviewPage view={view} overview={overview} latest={latest} />,
    );
  });

  routes.get("/conversations", async (c) => {
    const view = viewOf(c);
    const [list, overview, domains, health] = await Promise.all([
      c
        .get("api")
        .get<RequestList>("/api/requests", { ...apiQuery(view.filters, view.now), limit: LOOKED_AT }),
      loadOverview(c, view),
      loadDomains(c),
      healthOf(c),
    ]);
    const head = <FilterBar view={view} choices={choicesOf(domains, overview)} />;
    return page(
      c,
      200,
      health,
      { title: "Conversations", head },
      <ConversationsPage view={view} list={list} />,
    );
  });

  routes.get("/usage", async (c) => {
    const view = viewOf(c);
    const [overview, domains, health] = await Promise.all([
      loadOverview(c, view),
      loadDomains(c),
      healthOf(c),
    ]);
    const head = <FilterBar view={view} choices={choicesOf(domains, overview)} />;
    return page(c, 200, health, { title: "Usage", head }, <UsagePage view={view} overview={overview} />);
  });

  routes.get("/usage.csv", async (c) => {
    const overview = await loadOverview(c, viewOf(c));
    if (!overview.ok) return c.text(overview.problem.message, 503);
    return c.body(usageCsv(overview.data), 200, {
      "content-type": "text/csv; charset=utf-8",
      "content-disposition": 'attachment; filename="usage.csv"',
    });
  });

  routes.get("/settings", async (c) => {
    const view = viewOf(c);
    const api = c.get("api");
    const [status, audit] = await Promise.all([
      api.get<Status>("/api/status"),
      canAdminister(view)
        ? api.get<AuditList>("/api/audit", { limit: 50, cursor: view.query.auditCursor ?? null })
        : null,
    ]);
    return page(
      c,
      200,
      status,
      { title: "Health" },
      <SettingsPage view={view} status={status} audit={audit} />,
    );
  });

  return routes;
}
