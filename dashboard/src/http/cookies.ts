/** The dashboard's cookies: their names and attributes in one place. */
import type { Context } from "hono";
import { getCookie, setCookie } from "hono/cookie";
import type { AppEnv } from "../context/environment.ts";

/** The opaque session token. */
export const SESSION_COOKIE = "nexus_session";
/** A random value that CSRF tokens are bound to. */
export const CSRF_COOKIE = "nexus_csrf";
/** "light" or "dark"; absent for the system theme. Not HttpOnly, because the page's script writes it, too. */
export const THEME_COOKIE = "nexus_theme";
/** IANA time zone, written by the page's script. */
export const ZONE_COOKIE = "nexus_zone";

const SESSION_SECONDS = 7 * 86_400;
const YEAR_SECONDS = 365 * 86_400;

export function sessionToken(c: Context<AppEnv>): string | null {
  return getCookie(c, SESSION_COOKIE) || null;
}

/** For the pages of this site only, and over HTTPS only where the site has it. */
const siteOnly = (c: Context<AppEnv>) =>
  ({ sameSite: "Lax", secure: new URL(c.req.url).protocol === "https:", path: "/" }) as const;

export function setSession(c: Context<AppEnv>, token: string): void {
  setCookie(c, SESSION_COOKIE, token, { ...siteOnly(c), httpOnly: true, maxAge: SESSION_SECONDS });
}

export function clearSession(c: Context<AppEnv>): void {
  setCookie(c, SESSION_COOKIE, "", { ...siteOnly(c), httpOnly: true, maxAge: 0 });
}

export function setCsrfSeed(c: Context<AppEnv>, seed: string): void {
  setCookie(c, CSRF_COOKIE, seed, { ...siteOnly(c), httpOnly: true });
}

export function setTheme(c: Context<AppEnv>, theme: "light" | "dark" | "system"): void {
  const isSystem = theme === "system";
  setCookie(c, THEME_COOKIE, isSystem ? "" : theme, {
    ...siteOnly(c),
    maxAge: isSystem ? 0 : YEAR_SECONDS,
  });
}
