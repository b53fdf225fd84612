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

const isHttps = (c: Context<AppEnv>) => new URL(c.req.url).protocol === "https:";

export function sessionToken(c: Context<AppEnv>): string | null {
  return getCookie(c, SESSION_COOKIE) || null;
}

export function setSession(c: Context<AppEnv>, token: string): void {
  setCookie(c, SESSION_COOKIE, token, {
    httpOnly: true,
    sameSite: "Lax",
    secure: isHttps(c),
    path: "/",
    maxAge: SESSION_SECONDS,
  });
}

export function clearSession(c: Context<AppEnv>): void {
  setCookie(c, SESSION_COOKIE, "", {
    httpOnly: true,
    sameSite: "Lax",
    secure: isHttps(c),
    path: "/",
    maxAge: 0,
  });
}

export function setCsrfSeed(c: Context<AppEnv>, seed: string): void {
  setCookie(c, CSRF_COOKIE, seed, {
    httpOnly: true,
    sameSite: "Lax",
    secure: isHttps(c),
    path: "/",
  });
}

export function setTheme(c: Context<AppEnv>, theme: "light" | "dark" | "system"): void {
  setCookie(c, THEME_COOKIE, theme === "system" ? "" : theme, {
    sameSite: "Lax",
    secure: isHttps(c),
    path: "/",
    maxAge: theme === "system" ? 0 : YEAR_SECONDS,
  });
}
