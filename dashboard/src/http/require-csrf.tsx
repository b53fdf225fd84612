/**
 * Refuses state changes that this dashboard's own pages did not send. A caller with the dashboard key in a header needs
 * no token: a header is not something another site can make a browser send.
 */
import type { Context, MiddlewareHandler } from "hono";
import { getCookie } from "hono/cookie";
import { CREDENTIALS } from "../api/client.ts";
import type { AppEnv } from "../context/environment.ts";
import { CSRF_COOKIE, sessionToken } from "./cookies.ts";
import { CSRF_HEADER, isCsrfToken } from "./csrf.ts";
import { CSRF_FIELD } from "../format/form-fields.ts";
import { failurePage, jsonError, wantsHtml } from "../layout/render.tsx";

const SAFE_METHODS = new Set(["GET", "HEAD", "OPTIONS"]);

export const requireCsrf: MiddlewareHandler<AppEnv> = async (c, next) => {
  if (SAFE_METHODS.has(c.req.method)) return next();
  if (c.req.header(CREDENTIALS.key) && c.get("caller")?.via === "key") return next();
  if (await hasCsrfToken(c)) return next();
  const message = "This form has expired or was sent from another site. Reload the page and try again.";
  return wantsHtml(c)
    ? failurePage(c, 403, "Request rejected", message)
    : jsonError(c, 403, "forbidden", message);
};

/** Whether the request carries the token of its own session, in the header or in the form. */
export async function hasCsrfToken(c: Context<AppEnv>): Promise<boolean> {
  if (c.req.header("sec-fetch-site") === "cross-site") return false;
  const token = c.req.header(CSRF_HEADER) ?? (isForm(c) ? field(await c.req.parseBody(), CSRF_FIELD) : null);
  return isCsrfToken(token, getCookie(c, CSRF_COOKIE), sessionToken(c));
}

const isForm = (c: Context<AppEnv>) =>
  /^(application\/x-www-form-urlencoded|multipart\/form-data)\b/.test(c.req.header("content-type") ?? "");

/** A text field of a parsed form; "" when it is missing or a file. */
export function field(form: Record<string, unknown>, name: string): string {
  const value = form[name];
  return typeof value === "string" ? value : "";
}
