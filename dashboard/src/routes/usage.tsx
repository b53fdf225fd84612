/** /usage: windows, sums and their files; administrators set an account's limit and alerts here. */
import { Hono } from "hono";
import type { Context } from "hono";
import type { HourlyTokens } from "../../../workers/schemas/api-usage.ts";
import type { WindowDetail, WindowSettingsInput } from "../../../workers/schemas/api-windows.ts";
import type { Problem } from "../api/client.ts";
import { FilterBar } from "../components/filter-bar.tsx";
import type { AppEnv } from "../environment.ts";
import { linkTo, parseFilters, periodOf } from "../filters.ts";
import { field } from "../http/csrf-gate.tsx";
import { healthOf, page } from "../http/render.tsx";
import { usageCsv } from "../pages/usage-csv.ts";
import { historyHoursOf, UsagePage } from "../pages/usage.tsx";
import { viewOf, type View } from "../view.ts";
import { choicesOf } from "./choices.ts";
import { loadDomains, loadOverview, loadWindows } from "./looks.tsx";

const DAY_MS = 86_400_000;
/** Most days the API gives by the hour. */
const HOURLY_DAYS = 30;

export function usageRoutes(): Hono<AppEnv> {
  const routes = new Hono<AppEnv>();

  routes.get("/usage", (c) => usagePage(c, viewOf(c), 200, null));

  routes.get("/usage.csv", async (c) => {
    const overview = await loadOverview(c, viewOf(c));
    if (!overview.ok) return c.text(overview.problem.message, 503);
    return c.body(usageCsv(overview.data, c.req.query("by")), 200, {
      "content-type": "text/csv; charset=utf-8",
      "content-disposition": 'attachment; filename="usage.csv"',
    });
  });

  routes.post("/usage/settings", async (c) => {
    const form = await c.req.parseBody();
    const accountId = field(form, "accountId");
    const settings = settingsOf(field(form, "tokenLimit"), field(form, "thresholds"));
    const saved = await c
      .get("api")
      .send<unknown>("PUT", `/api/windows/${encodeURIComponent(accountId)}`, settings);
    const filters = { ...viewOf(c).filters, accountId };
    if (saved.ok) return c.redirect(linkTo("/usage", filters), 303);
    const view = { ...viewOf(c), path: "/usage", query: { accountId }, filters: parseFilters({ accountId }) };
    const status = saved.problem.status === 403 ? 403 : saved.problem.status >= 500 ? 503 : 400;
    return usagePage(c, view, status, saved.problem);
  });

  return routes;
}

async function usagePage(
  c: Context<AppEnv>,
  view: View,
  status: 200 | 400 | 403 | 503,
  failed: Problem | null,
) {
  const api = c.get("api");
  const { from } = periodOf(view.filters, view.now);
  const chosen = view.filters.accountId;
  const [overview, windows, account, hourly, domains, health] = await Promise.all([
    loadOverview(c, view),
    loadWindows(c),
    chosen === null
      ? null
      : api.get<WindowDetail>(`/api/windows/${encodeURIComponent(chosen)}`, {
          historyHours: historyHoursOf(view),
        }),
    api.get<HourlyTokens>("/api/usage/tokens/hourly", {
      domain: view.filters.domain,
      days: Math.min(HOURLY_DAYS, Math.max(1, Math.ceil((view.now - from) / DAY_MS) + 1)),
    }),
    loadDomains(c),
    healthOf(c),
  ]);
  const head = <FilterBar view={view} choices={choicesOf(domains, overview)} />;
  return page(
    c,
    status,
    health,
    { title: "Usage", head },
    <UsagePage
      view={view}
      overview={overview}
      windows={windows}
      account={account}
      hourly={hourly}
      failed={failed}
    />,
  );
}

/** What was typed, as the API takes it. */
function settingsOf(limit: string, thresholds: string): WindowSettingsInput {
  const number = (text: string) => Number(text.replaceAll(/[\s,_%]/g, ""));
  const shares = thresholds
    .replaceAll("%", " ")
    .split(/[,;\s]+/)
    .filter((part) => part !== "");
  return {
    tokenLimit: limit.trim() === "" ? null : orZero(number(limit)),
    thresholds: shares.map((share) => orZero(number(share)) / 100),
  };
}

/** The API refuses 0 with the rule in words; NaN would become null on the way, which means something else. */
const orZero = (value: number) => (Number.isFinite(value) ? value : 0);
