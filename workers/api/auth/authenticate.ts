/** The one place where the API lets somebody in, above all routes. */
import type { MiddlewareHandler } from "hono";
import { hasRole, requiredRole } from "../../domain/auth/permissions.ts";
import type { WhoAmI } from "../../schemas/api/session.ts";
import { recognise } from "./identify.ts";
import type { ApiEnv, Door } from "../http/context.ts";
import { ApiError } from "../http/errors.ts";

/** Callers that were recognised before their request came here. */
const recognised = new WeakMap<Request, WhoAmI>();

/** The request as one of a caller who is known already (a visit to the dashboard asks for several things at once). */
export function asKnown(request: Request, who: WhoAmI): Request {
  recognised.set(request, who);
  return request;
}

/** Lets a recognised caller with a sufficient role pass and puts it into the context; refuses everybody else. */
export function authenticate(door: Door): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    const who =
      recognised.get(c.req.raw) ??
      (await recognise(c.get("config"), (name) => c.req.header(name) || null, door, Date.now()));
    const needed = requiredRole(c.req.method, c.req.path);
    switch (who.result) {
      case "known":
        break;
      case "nobody":
      case "closed":
        throw new ApiError("unauthorized", who.message, {
          headers: { "www-authenticate": 'X-Dashboard-Key realm="Claude Nexus"' },
        });
      case "refused":
        throw new ApiError("forbidden", who.message);
      case "unavailable":
        throw new ApiError("unavailable", who.message, { headers: { "retry-after": "5" } });
    }
    if (!hasRole(who.role, needed))
      throw new ApiError(
        "forbidden",
        who.via === "read_only"
          ? "Without a key there is only reading here. Send an administrator's key to do this."
          : "This needs an administrator; a viewer may only read.",
      );
    const { role, actor, via, readOnly } = who;
    c.set("caller", { role, actor, via, readOnly });
    await next();
  };
}
