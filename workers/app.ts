/** Routes requests by path. Paths are matched as sent: nothing is resolved or decoded first. */
import { api } from "./api/index.ts";
import { isPlainPath, rawTarget } from "./domain/http/paths.ts";
import { errorResponse } from "./runtime/anthropic-errors.ts";
import { handleHealth } from "./api/health.ts";
import { handleProxy } from "./proxy/pipeline/handler.ts";

export async function handleFetch(request: Request, env: Env, ctx: ExecutionContext): Promise<Response> {
  const target = rawTarget(request.url);
  const { path } = target;
  if (path.startsWith("/v1/")) return handleProxy(request, target, env, ctx);
  // Claude Code opens its connection with these, without credentials.
  if (request.method === "HEAD" && (path === "/" || path === "/api/hello")) return new Response(null);
  // Telemetry of some versions of Claude Code, which retry after an error.
  if (request.method === "POST" && path.startsWith("/api/event_logging/")) return Response.json({});
  if (path.startsWith("/api/") || path === "/token-stats") return api.fetch(request, env, ctx);
  if (path === "/health" || path.startsWith("/health/")) return handleHealth(request, path, env);
  if (path === "/" && request.method === "GET") return Response.json(DESCRIPTION);
  // Paths like //v1/messages or /x/../v1/messages: handleProxy explains the error.
  if (!isPlainPath(path)) return handleProxy(request, target, env, ctx);
  return errorResponse({ reason: "not_found", path }, crypto.randomUUID());
}

const DESCRIPTION = {
  name: "claude-nexus-edge",
  description: "A proxy for the Claude API. Point ANTHROPIC_BASE_URL at this address.",
  endpoints: { proxy: "/v1/", health: "/health" },
};
