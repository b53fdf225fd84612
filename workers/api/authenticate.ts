/** The one place where the API lets somebody in, above all routes. */
import type { MiddlewareHandler } from "hono";
import { mayCall, roleNeeded } from "../domain/access-rule.ts";
import { recognise } from "./callers.ts";
import type { ApiEnv, Door } from "./context.ts";
import { ApiError } from "./errors.ts";

/** Lets a recognised caller with a sufficient role pass and puts it into the context; refuses everybody else. */
export function authenticate(door: Door): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    const who = await recognise(c.get("config"), (name) => c.req.header(name) || null, door, Date.now());
    const needed = roleNeeded(c.req.method, c.req.path);
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
    if (!mayCall(who.role, needed))
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
