/** Routes requests by path and queue messages by queue. Paths are matched as sent: nothing is resolved or decoded first. */
import { handleAnalyses } from "./analysis/consumer.ts";
import { api } from "./api/index.ts";
import { CORS_HEADERS, isPreflight, preflightHeaders } from "./domain/http/cors.ts";
import { isPlainPath, rawTarget } from "./domain/http/paths.ts";
import { errorResponse } from "./runtime/anthropic-errors.ts";
import { reportDatabaseUse } from "./runtime/database-use.ts";
import { handleBatch } from "./ingest/consumer.ts";
import { handlePromptWebhook } from "./api/prompts/webhook.ts";
import { handleMcp } from "./mcp/handler.ts";
import { handleHealth } from "./api/health.ts";
import { handleProxy } from "./proxy/pipeline/handler.ts";

export async function handleFetch(request: Request, env: Env, ctx: ExecutionContext): Promise<Response> {
  const target = rawTarget(request.url);
  const { path } = target;
  const isForClients = path === "/api/hello" || path.startsWith("/api/event_logging/");
  const isDashboardApi = (path.startsWith("/api/") && !isForClients) || path === "/token-stats";
  // Before any key or Host is looked at: a preflight has no key, and the response must not reveal whether the domain exists.
  if (!isDashboardApi && isPreflight(request.method, request.headers))
    return new Response(null, { status: 204, headers: preflightHeaders(request.headers) });
  if (path.startsWith("/v1/")) return handleProxy(request, target, env, ctx);
  // Claude Code opens its connection with these, without credentials.
  if (request.method === "HEAD" && (path === "/" || path === "/api/hello"))
    return new Response(null, { headers: CORS_HEADERS });
  // Telemetry of some versions of Claude Code, which retry after an error.
  if (request.method === "POST" && path.startsWith("/api/event_logging/"))
    return Response.json({}, { headers: CORS_HEADERS });
  // Signed instead of with a key.
  if (request.method === "POST" && path === "/api/mcp/webhook") return handlePromptWebhook(request, env, ctx);
  if (isDashboardApi || isForClients) return api.fetch(request, env, ctx);
  if (path === "/mcp") return handleMcp(request, env, ctx);
  if (path === "/health" || path.startsWith("/health/")) return handleHealth(request, path, env);
  if (path === "/" && request.method === "GET") return Response.json(DESCRIPTION, { headers: CORS_HEADERS });
  // Paths like //v1/messages or /x/../v1/messages: handleProxy explains the error.
  if (!isPlainPath(path)) return handleProxy(request, target, env, ctx);
  return errorResponse({ reason: "not_found", path }, crypto.randomUUID());
}

export async function handleQueue(batch: MessageBatch, env: Env, ctx: ExecutionContext): Promise<void> {
  await (/-analyses(?:-dead)?$/.test(batch.queue)
    ? handleAnalyses(batch, env)
    : handleBatch(batch, env, ctx));
  ctx.waitUntil(reportDatabaseUse(env, Date.now()));
}

const DESCRIPTION = {
  name: "claude-nexus-edge",
  description: "A proxy for the Claude API. Point ANTHROPIC_BASE_URL at this address.",
  endpoints: { proxy: "/v1/", health: "/health" },
};
