/**
 * Built files, where the host has not served them itself. Their names carry a hash of their content, so they
 * never change.
 */
import { Hono } from "hono";
import type { AppEnv } from "../context/environment.ts";

const FOREVER = "public, max-age=31536000, immutable";
const A_DAY = "public, max-age=86400";

export const staticRoutes = new Hono<AppEnv>();

for (const [path, caching] of [
  ["/assets/*", FOREVER],
  ["/favicon.svg", A_DAY],
  ["/robots.txt", A_DAY],
] as const)
  staticRoutes.get(path, async (c) => {
    const found = await c.env.ASSETS?.fetch(c.req.raw);
    if (!found || found.status >= 400) return c.text("Not found", 404);
    const headers = new Headers(found.headers);
    headers.set("cache-control", caching);
    return new Response(found.body, { status: found.status, headers });
  });
