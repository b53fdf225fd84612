/** What handlers of administrative changes share: who it was, and what to say when only the edge could not be told. */
import type { Context } from "hono";
import { errorText, log } from "../../runtime/log.ts";
import type { AuditActor } from "../../store/tenants/domains.ts";
import { ProjectionError } from "../../store/tenants/kv-write.ts";
import type { ApiEnv } from "../http/context.ts";
import { ApiError } from "../http/errors.ts";

export function auditActor(c: Context<ApiEnv>): AuditActor {
  const { actor, role } = c.get("caller");
  return { actor, role, now: new Date() };
}

/** Runs a change; when only the edge could not be told, says so. */
export async function withProjectionErrors<T>(
  change: () => Promise<T>,
  message = "The change is stored, but the edge's store (KV) did not take it, so the old state still holds there. The same call again completes it.",
): Promise<T> {
  try {
    return await change();
  } catch (thrown) {
    if (!(thrown instanceof ProjectionError)) throw thrown;
    log.error("api: projection failed", { error: errorText(thrown.cause) });
    throw new ApiError("unavailable", message, { headers: { "retry-after": "2" } });
  }
}
