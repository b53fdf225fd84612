/** Authenticates each request with the API before any route behind it runs. */
import type { Context, MiddlewareHandler } from "hono";
import { apiClient, credentialHeaders, queryString } from "../api/client.ts";
import type { WhoAmI } from "../../../workers/schemas/api/session.ts";
import type { ApiBinding, AppEnv, AuthenticatedApi } from "../context/environment.ts";
import { sessionToken } from "./cookies.ts";
import { failurePage, jsonError, wantsHtml } from "../layout/render.tsx";

export const requireCaller: MiddlewareHandler<AppEnv> = async (c, next) => {
  const credentials = credentialHeaders(c.req.raw.headers, sessionToken(c));
  const { who, authenticated } = await authenticate(c.env.API, credentials);
  switch (who.result) {
    case "known":
      c.set("caller", { role: who.role, actor: who.actor, via: who.via, readOnly: who.readOnly });
      c.set(
        "api",
        apiClient((request) => authenticated.fetch(request), c.get("requestId")),
      );
      return next();
    case "anonymous":
      return wantsHtml(c) ? c.redirect(signInUrl(c), 302) : jsonError(c, 401, "unauthorized", who.message);
    case "closed":
      return wantsHtml(c) ? c.redirect(signInUrl(c), 302) : jsonError(c, 401, "unauthorized", who.message);
    case "refused":
      return wantsHtml(c)
        ? failurePage(c, 403, "Access denied", who.message)
        : jsonError(c, 403, "forbidden", who.message);
    case "slow_down":
      c.header("retry-after", String(who.retryAfterSeconds));
      return wantsHtml(c)
        ? failurePage(c, 429, "Too many wrong keys", who.message)
        : jsonError(c, 429, "rate_limited", who.message);
    case "unavailable":
      return wantsHtml(c)
        ? failurePage(c, 503, "Sign-in is unavailable", who.message)
        : jsonError(c, 503, "unavailable", who.message);
  }
};

async function authenticate(
  api: ApiBinding,
  credentials: Record<string, string>,
): Promise<{ who: WhoAmI; authenticated: AuthenticatedApi }> {
  try {
    const authenticated = await api.authenticate(credentials);
    return { who: await authenticated.whoAmI(), authenticated };
  } catch {
    const message = "The Worker did not respond. It may be deploying.";
    const unavailable: AuthenticatedApi = {
      whoAmI: () => Promise.resolve({ result: "unavailable", message }),
      fetch: () => Promise.reject(new Error(message)),
    };
    return { who: await unavailable.whoAmI(), authenticated: unavailable };
  }
}

/** The sign-in URL; a GET request is its `next`. */
function signInUrl(c: Context<AppEnv>): string {
  const { pathname, search: query } = new URL(c.req.url);
  const current = pathname + query;
  return `/sign-in${queryString({ next: current === "/" || c.req.method !== "GET" ? null : current })}`;
}
