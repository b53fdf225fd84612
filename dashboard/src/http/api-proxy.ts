/** /api/* on the dashboard's host: the same API with the session as credential. Bodies stream through in both directions. */
import type { Context, Handler } from "hono";
import { credentialHeaders } from "../api/client.ts";
import type { AppEnv } from "../context/environment.ts";
import { sessionToken } from "./cookies.ts";
import { jsonError } from "../layout/render.tsx";

const FORWARDED_REQUEST_HEADERS = ["accept", "content-type", "last-event-id", "range"];
/** Cookies belong to the dashboard; the other response headers are forwarded. */
const DROPPED_RESPONSE_HEADERS = ["set-cookie", "connection", "transfer-encoding"];

export const apiProxy: Handler<AppEnv> = (c) => forward(c, new URL(c.req.url).pathname);

/** What happens right now, for EventSource, which knows no header but the cookie. */
export const liveProxy: Handler<AppEnv> = (c) => forward(c, "/api/live");

async function forward(c: Context<AppEnv>, path: string): Promise<Response> {
  const url = new URL(c.req.url);
  const headers = new Headers(credentialHeaders(c.req.raw.headers, sessionToken(c)));
  headers.set("x-request-id", c.get("requestId"));
  for (const name of FORWARDED_REQUEST_HEADERS) {
    const value = c.req.header(name);
    if (value) headers.set(name, value);
  }
  const hasBody = c.req.method !== "GET" && c.req.method !== "HEAD";
  try {
    const response = await c.env.API.fetch(
      new Request(`https://api.internal${path}${url.search}`, {
        method: c.req.method,
        headers,
        ...(hasBody ? { body: await c.req.arrayBuffer() } : {}),
      }),
    );
    const responseHeaders = new Headers(response.headers);
    for (const name of DROPPED_RESPONSE_HEADERS) responseHeaders.delete(name);
    return new Response(response.body, { status: response.status, headers: responseHeaders });
  } catch {
    return jsonError(c, 503, "unavailable", "The API did not respond. The Worker may be deploying.");
  }
}
