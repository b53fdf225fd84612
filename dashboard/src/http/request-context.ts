/** Sets the context of each request before authentication: time, zone, theme, CSRF token. */
import type { MiddlewareHandler } from "hono";
import { getCookie } from "hono/cookie";
import type { Assets } from "../context/assets.ts";
import type { AppEnv } from "../context/environment.ts";
import { supportedZone } from "../format/time.ts";
import { CSRF_COOKIE, sessionToken, setCsrfSeed, THEME_COOKIE, ZONE_COOKIE } from "./cookies.ts";
import { csrfToken, isCsrfSeed, newCsrfSeed } from "./csrf.ts";

export function requestContext(assets: Assets): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const cookie = getCookie(c, CSRF_COOKIE);
    const seed = isCsrfSeed(cookie) ? cookie : newCsrfSeed();
    const theme = getCookie(c, THEME_COOKIE);
    c.set("assets", assets);
    c.set("now", Date.now());
    c.set("zone", supportedZone(getCookie(c, ZONE_COOKIE)));
    c.set("theme", theme === "light" || theme === "dark" ? theme : "system");
    c.set("csrfToken", await csrfToken(seed, sessionToken(c)));
    // Bytes and JSON have no forms: only pages plant the cookie.
    if (seed !== cookie && !c.req.path.startsWith("/api/")) setCsrfSeed(c, seed);
    await next();
  };
}
