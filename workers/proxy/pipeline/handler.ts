/** Entry point of the hot path: handles every request under /v1/, any method. */
import { loadConfig } from "../../runtime/config.ts";
import type { RawTarget } from "../../domain/http/paths.ts";
import { errorResponse, type ProxyError } from "../../runtime/anthropic-errors.ts";
import { errorText, log } from "../../runtime/log.ts";
import { admit } from "../auth/authorize.ts";
import { count, flushCounters, type CounterName } from "../record/counters.ts";
import { upstreamCredential } from "../auth/credential.ts";
import { newId } from "../exchange.ts";
import { runExchange } from "./run-exchange.ts";

/** Authorizes and runs one exchange. Always resolves: failures are responses in Anthropic's error shape. */
export function handleProxy(
  request: Request,
  target: RawTarget,
  env: Env,
  ctx: ExecutionContext,
): Promise<Response> {
  const response = handle(request, target, env, ctx);
  // A client that disconnects before the response headers would end the invocation before the exchange is recorded.
  ctx.waitUntil(response);
  return response;
}

async function handle(
  request: Request,
  target: RawTarget,
  env: Env,
  ctx: ExecutionContext,
): Promise<Response> {
  const startedAt = Date.now();
  const id = newId(startedAt);
  try {
    const config = loadConfig(env);
    const admission = await admit(request, target, env, config);
    if ("error" in admission) return reject(admission.error, id);
    const credential = await upstreamCredential(admission.record, env, config);
    if ("error" in credential) return reject(credential.error, id);
    return await runExchange({
      id,
      startedAt,
      request,
      target,
      admission,
      credential,
      abort: new AbortController(),
      upstreamAttempts: 0,
      env,
      ctx,
      config,
    });
  } catch (thrown) {
    log.error("proxy: internal error", { id, error: errorText(thrown) });
    return errorResponse({ reason: "internal" }, id);
  } finally {
    flushCounters(env, ctx, Date.now());
  }
}

/** Nothing was sent to Claude, so the request is counted and not stored. */
function reject(error: ProxyError, id: string): Response {
  const counter = REJECTION_COUNTERS[error.reason];
  if (counter) count(counter);
  return errorResponse(error, id);
}

const REJECTION_COUNTERS: Partial<Record<ProxyError["reason"], CounterName>> = {
  bad_request: "refused_path",
  unauthenticated: "refused_unauthenticated",
  endpoint_not_allowed: "refused_endpoint",
  no_credential: "no_credential",
  credential_unavailable: "no_credential",
  tenants_unavailable: "tenants_unavailable",
};
