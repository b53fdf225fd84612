/** Authentication and roles of the API, in one place above all routes. */
import type { MiddlewareHandler } from "hono";
import { hasRole, requiredRole } from "../../domain/auth/permissions.ts";
import type { WhoAmI } from "../../schemas/api/session.ts";
import { identify } from "./identify.ts";
import type { ApiEnv, Audience } from "../http/context.ts";
import { ApiError } from "../http/errors.ts";

/** Callers of requests that were identified before they reached the app. */
const identifiedCallers = new WeakMap<Request, WhoAmI>();

/** Marks a request as one of an already identified caller: a dashboard page sends several. */
export function withCaller(request: Request, caller: WhoAmI): Request {
  identifiedCallers.set(request, caller);
  return request;
}

/** Puts the identified caller into the context if its role suffices; rejects all other requests. */
export function authenticate(audience: Audience): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    const caller =
      identifiedCallers.get(c.req.raw) ??
      (await identify(c.env, (name) => c.req.header(name) || null, audience, Date.now()));
    const needed = requiredRole(c.req.method, c.req.path);
    switch (caller.result) {
      case "known":
        break;
      case "anonymous":
      case "closed":
        throw new ApiError("unauthorized", caller.message, {
          headers: { "www-authenticate": 'X-Dashboard-Key realm="Claude Nexus"' },
        });
      case "refused":
        throw new ApiError("forbidden", caller.message);
      case "slow_down":
        throw new ApiError("rate_limited", caller.message, {
          headers: { "retry-after": String(caller.retryAfterSeconds) },
        });
      case "unavailable":
        throw new ApiError("unavailable", caller.message, { headers: { "retry-after": "5" } });
    }
    if (!hasRole(caller.role, needed))
      throw new ApiError(
        "forbidden",
        caller.via === "read_only"
          ? "Without a key, access is read-only. Send an administrator key."
          : "This requires the administrator role; viewers may only read.",
      );
    const { role, actor, via, readOnly } = caller;
    c.set("caller", { role, actor, via, readOnly });
    await next();
  };
}
