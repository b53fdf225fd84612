/** Entry point of the hot path: handles every request under /v1/, any method. */
import { loadConfig } from "../../runtime/config.ts";
import { hasOnlyOwnKeys } from "../../domain/http/forwarded-headers.ts";
import type { RawTarget } from "../../domain/http/paths.ts";
import { errorResponse, type ProxyError } from "../../runtime/anthropic-errors.ts";
import { errorText, log } from "../../runtime/log.ts";
import { admit } from "../auth/authorize.ts";
import { forwardsDashboardKey } from "../auth/client-key.ts";
import { countRejection, flushCounters } from "../record/counters.ts";
import { upstreamCredential } from "../auth/credential.ts";
import { type AdmittedExchange, newId } from "../exchange.ts";
import { recordRejection } from "../record/batch-writer.ts";
import { runExchange } from "./run-exchange.ts";

const OWN_KEY: ProxyError = {
  reason: "no_credential",
  message:
    "Nexus: no_credential: this address forwards your own Claude credential, and a client key of this proxy is none. Send your Claude API key or login, and the client key as `x-nexus-key` where one is required.",
};

const DASHBOARD_KEY: ProxyError = {
  reason: "no_credential",
  message:
    "Nexus: no_credential: the request contains a dashboard key, so it was not sent to Claude. A dashboard key opens the dashboard and its API (`X-Dashboard-Key`) only. Leave it out.",
};

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
  const headers = [...request.headers];
  const received = { id, startedAt, request, headers, target, env, ctx };
  try {
    const config = loadConfig(env);
    const admission = await admit(request, target, env, config);
    if ("error" in admission) {
      if (!admission.admission) return reject(admission.error, id);
      return rejectAdmitted({ ...received, admission: admission.admission }, admission.error);
    }
    const admitted = { ...received, admission };
    const credential = await upstreamCredential(admission.record, env, config);
    if ("error" in credential) return rejectAdmitted(admitted, credential.error);
    if (credential.headers === null && hasOnlyOwnKeys(request.headers))
      return rejectAdmitted(admitted, OWN_KEY);
    if (forwardsDashboardKey(headers, config, credential.headers !== null))
      return rejectAdmitted(admitted, DASHBOARD_KEY);
    return await runExchange({
      ...admitted,
      credential,
      abort: new AbortController(),
      upstreamAttempts: 0,
      config,
    });
  } catch (thrown) {
    log.error("proxy: internal error", { id, error: errorText(thrown) });
    return errorResponse({ reason: "internal" }, id);
  } finally {
    flushCounters(env, ctx, Date.now());
  }
}

/** The client has not authenticated, so the request is counted and not stored. */
function reject(error: ProxyError, id: string): Response {
  countRejection(error);
  return errorResponse(error, id);
}

/** The client has authenticated: its request is stored as a failure of the proxy, without its body, which is not read. */
function rejectAdmitted(exchange: AdmittedExchange, error: ProxyError): Response {
  countRejection(error);
  recordRejection(exchange, error);
  return errorResponse(error, exchange.id);
}
