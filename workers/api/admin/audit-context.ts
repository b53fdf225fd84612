/** Shared by handlers: the actor of audit entries, and the error of a failed KV projection. */
import type { Context } from "hono";
import { errorText, log } from "../../runtime/log.ts";
import type { AuditActor } from "../../store/admin/audit.ts";
import { ProjectionError } from "../../store/tenants/kv-write.ts";
import type { ApiEnv } from "../http/context.ts";
import { ApiError } from "../http/errors.ts";

export function auditActor(c: Context<ApiEnv>): AuditActor {
  const { actor, role } = c.get("caller");
  return { actor, role, now: new Date() };
}

/** Runs a change; a failed KV projection becomes an ApiError. */
export async function withProjectionErrors<T>(
  change: () => Promise<T>,
  message = "The change is stored, but writing it to KV failed, so the proxy still uses the old state. Repeat the call to complete it.",
): Promise<T> {
  try {
    return await change();
  } catch (thrown) {
    if (!(thrown instanceof ProjectionError)) throw thrown;
    log.error("api: projection failed", { error: errorText(thrown.cause) });
    throw new ApiError("unavailable", message, { headers: { "retry-after": "2" } });
  }
}
