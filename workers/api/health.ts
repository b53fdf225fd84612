/**
 * Liveness and readiness. Serving does not need the database (exchanges wait in the journal), so every response means ready;
 * the body reports the state of the database.
 */
import { CORS_HEADERS } from "../domain/http/cors.ts";
import { loadConfig } from "../runtime/config.ts";
import { errorResponse } from "../runtime/anthropic-errors.ts";
import { isDatabaseUp } from "../store/db/ping.ts";

const DATABASE_TIMEOUT_MS = 2_000;
/** The endpoints are public: an isolate queries the database at most once in this time. */
const DATABASE_CACHE_MS = 5_000;

let database: { isUp: boolean; at: number } | undefined;

/** `/health` and `/health/live`: the Worker responds. `/health/ready`: also the state of the database. */
export async function handleHealth(request: Request, path: string, env: Env): Promise<Response> {
  const isRead = request.method === "GET" || request.method === "HEAD";
  if (!isRead || !["/health", "/health/live", "/health/ready"].includes(path))
    return errorResponse({ reason: "not_found", path }, crypto.randomUUID());
  if (path !== "/health/ready") return jsonResponse({ status: "ok" });
  const isUp = await isDatabaseReachable(env);
  return jsonResponse({ status: "ready", database: isUp ? "up" : "down" });
}

async function isDatabaseReachable(env: Env): Promise<boolean> {
  const now = Date.now();
  if (database && now - database.at < DATABASE_CACHE_MS) return database.isUp;
  const isUp = await isDatabaseUp(loadConfig(env), DATABASE_TIMEOUT_MS);
  database = { isUp, at: now };
  return isUp;
}

function jsonResponse(body: Record<string, string>): Response {
  return Response.json(body, { headers: { ...CORS_HEADERS, "cache-control": "no-store" } });
}
