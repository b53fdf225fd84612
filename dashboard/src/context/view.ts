/** What every page knows besides its own data. */
import type { Context } from "hono";
import type { Caller } from "../../../workers/schemas/api/session.ts";
import type { AppEnv } from "./environment.ts";
import type { PageQuery } from "./page-parameters.ts";
import { parseFilters, type Filters } from "./filters.ts";

export interface View {
  /** Null on pages that stand before the sign-in gate. */
  caller: Caller | null;
  csrfToken: string;
  theme: "light" | "dark" | "system";
  zone: string;
  now: number;
  requestId: string;
  /** Path of this page, without its query. */
  path: string;
  query: PageQuery;
  filters: Filters;
  /** Origin of the dashboard as the browser knows it. */
  origin: string;
  /** Address of the proxy in the local stack; null elsewhere. */
  localProxyUrl: string | null;
}

export function viewOf(c: Context<AppEnv>): View {
  const url = new URL(c.req.url);
  const query: PageQuery = Object.fromEntries(url.searchParams);
  return {
    caller: c.get("caller") ?? null,
    csrfToken: c.get("csrfToken"),
    theme: c.get("theme"),
    zone: c.get("zone"),
    now: c.get("now"),
    requestId: c.get("requestId"),
    path: url.pathname,
    query,
    filters: parseFilters(query, c.get("zone")),
    origin: url.origin,
    localProxyUrl: c.env.LOCAL_PROXY_URL ?? null,
  };
}

/** Whether this caller sees what only administrators may do. */
export function canAdminister(view: View): boolean {
  return view.caller?.role === "administrator" && !view.caller.readOnly;
}
