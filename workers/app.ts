/** Which room a path belongs to. */
import { api } from "./api/index.ts";
import { errorResponse } from "./errors.ts";
import { handleProxy } from "./proxy/handle.ts";

export async function handleFetch(request: Request, env: Env, ctx: ExecutionContext): Promise<Response> {
  const { pathname } = new URL(request.url);
  if (pathname.startsWith("/v1/")) return handleProxy(request, env, ctx);
  if (pathname.startsWith("/api/")) return api.fetch(request, env, ctx);
  return errorResponse({ reason: "not_found", path: pathname }, crypto.randomUUID());
}
