/**
 * Built files, where the host has not served them before asking us. Their names carry a hash of their content, so they
 * never change.
 */
import { Hono } from "hono";
import type { AppEnv } from "../context/environment.ts";

const FOREVER = "public, max-age=31536000, immutable";
const A_DAY = "public, max-age=86400";

export function staticRoutes(): Hono<AppEnv> {
  const routes = new Hono<AppEnv>();
  routes.get("/assets/*", async (c) => {
    const found = await c.env.ASSETS?.fetch(c.req.raw);
    if (!found || found.status >= 400) return c.text("Not found", 404);
    return new Response(found.body, withCaching(found, FOREVER));
  });
  for (const path of ["/favicon.svg", "/robots.txt"]) {
    routes.get(path, async (c) => {
      const found = await c.env.ASSETS?.fetch(c.req.raw);
      if (!found || found.status >= 400) return c.text("Not found", 404);
      return new Response(found.body, withCaching(found, A_DAY));
    });
  }
  return routes;
}

function withCaching(found: Response, caching: string): ResponseInit {
  const headers = new Headers(found.headers);
  headers.set("cache-control", caching);
  return { status: found.status, headers };
}
