/** The one place where the API lets somebody in, above all routes. */
import type { MiddlewareHandler } from "hono";
import { hasRole, requiredRole } from "../../domain/auth/permissions.ts";
import type { WhoAmI } from "../../schemas/api/session.ts";
import { identify } from "./identify.ts";
import type { ApiEnv, Audience } from "../http/context.ts";
import { ApiError } from "../http/errors.ts";

/** Callers that were recognised before their request came here. */
const identifiedCallers = new WeakMap<Request, WhoAmI>();

/** The request as one of a caller who is known already (a visit to the dashboard asks for several things at once). */
export function withCaller(request: Request, caller: WhoAmI): Request {
  identifiedCallers.set(request, caller);
  return request;
}

/** Lets a recognised caller with a sufficient role pass and puts it into the context; refuses everybody else. */
export function authenticate(audience: Audience): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    const caller =
      identifiedCallers.get(c.req.raw) ??
      (await identify(c.get("config"), (name) => c.req.header(name) || null, audience, Date.now()));
    const needed = requiredRole(c.req.method, c.req.path);
    switch (caller.result) {
      case "known":
        break;
      case "nobody":
      case "closed":
        throw new ApiError("unauthorized", caller.message, {
          headers: { "www-authenticate": 'X-Dashboard-Key realm="Claude Nexus"' },
        });
      case "refused":
        throw new ApiError("forbidden", caller.message);
      case "unavailable":
        throw new ApiError("unavailable", caller.message, { headers: { "retry-after": "5" } });
    }
    if (!hasRole(caller.role, needed))
      throw new ApiError(
        "forbidden",
        caller.via === "read_only"
          ? "Without a key there is only reading here. Send an administrator's key to do this."
          : "This needs an administrator; a viewer may only read.",
      );
    const { role, actor, via, readOnly } = caller;
    c.set("caller", { role, actor, via, readOnly });
    await next();
  };
}
