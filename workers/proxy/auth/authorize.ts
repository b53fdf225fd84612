/** Authorizes a request: domain, client key, endpoint. Runs before any byte of the body is read. */
import type { Config } from "../../runtime/config.ts";
import { isFromOtherSite } from "../../domain/http/cors.ts";
import { domainOfHost, isLoopbackName } from "../../domain/http/host.ts";
import {
  hasClientKey,
  isEndpointAllowed,
  isPlainPath,
  rawHost,
  type RawTarget,
} from "../../domain/http/paths.ts";
import type { ProxyError } from "../../runtime/anthropic-errors.ts";
import type { DomainRecord } from "../../schemas/tenant.ts";
import { readDomain, TenantsUnavailableError } from "../../store/tenants/kv-read.ts";
import { findClientKey, presentedKeys } from "./client-key.ts";

const KEY_IN_ADDRESS: ProxyError = {
  reason: "no_credential",
  message:
    "Nexus: no_credential: the address contains a client key of this proxy, so the request was not sent to Claude. Send the key as a header (`Authorization: Bearer`, `x-api-key`, or `x-nexus-key` where your own Claude credential is forwarded), and have it replaced: addresses are logged on their way.",
};

export interface Admission {
  record: DomainRecord;
  /** Null where no key is required. */
  clientKeyId: string | null;
}
/** With the admission where the client has authenticated and the endpoint is not allowed. */
export type AdmissionResult = Admission | { error: ProxyError; admission?: Admission };

/**
 * A missing, wrong, revoked or foreign key, an unknown domain and an unusable Host all give the same error, which does not
 * reveal whether the domain exists.
 */
export async function admit(
  request: Request,
  target: RawTarget,
  env: Env,
  config: Config,
): Promise<AdmissionResult> {
  if (!isPlainPath(target.path))
    return {
      error: {
        reason: "bad_request",
        message:
          "Nexus: the path contains dot segments, empty segments or encoded slashes, which upstream may interpret differently. Send it in its plain form.",
      },
    };
  if (hasClientKey(target)) return { error: KEY_IN_ADDRESS };
  const result = await admitCaller(request, env, config);
  if ("error" in result || isEndpointAllowed(target.path, result.record.endpoints)) return result;
  return { error: { reason: "endpoint_not_allowed", path: target.path }, admission: result };
}

/**
 * Domain and client key, without the path. `isForwarded` false: none of the headers goes to Claude, so that a key is also accepted in
 * those that hold the client's own credential otherwise.
 */
export async function admitCaller(
  request: Request,
  env: Env,
  config: Config,
  isForwarded = true,
): Promise<Admission | { error: ProxyError }> {
  try {
    return await admitTenant(request, env, config, isForwarded);
  } catch (thrown) {
    if (thrown instanceof TenantsUnavailableError) return { error: { reason: "tenants_unavailable" } };
    throw thrown;
  }
}

async function admitTenant(
  request: Request,
  env: Env,
  config: Config,
  isForwarded: boolean,
): Promise<Admission | { error: ProxyError }> {
  const domain = domainOfHost(rawHost(request.url));
  const open = domain === null ? null : await openDomain(domain, request, env, config);
  if (open) {
    if (isFromOtherSite(request.headers, open.domain, config.ALLOWED_ORIGINS))
      return { error: { reason: "other_site", origin: request.headers.get("origin") } };
    return { record: open, clientKeyId: null };
  }

  // The domain is read after a key that is valid for it was found: without one, nothing that is read depends on whether it exists.
  if (domain === null || !(await findClientKey(env, presentedKeys(request.headers, null), domain)))
    return { error: { reason: "unauthenticated" } };
  const configured = await readDomain(env, domain);
  if (!configured) return { error: { reason: "unauthenticated" } };
  const holder = isForwarded ? configured.credentialType : null;
  const key = await findClientKey(env, presentedKeys(request.headers, holder), domain);
  if (!key) return { error: { reason: "unauthenticated" } };
  return { record: configured, clientKeyId: key.id };
}

/** The record of a domain that needs no client key; null where one is required, or nothing is configured. */
async function openDomain(
  domain: string,
  request: Request,
  env: Env,
  config: Config,
): Promise<DomainRecord | null> {
  // Loopback names are open in the local stack, where only the user of the machine reaches them. A deployed Worker is excluded
  // twice: the variable is not set, and every request through Cloudflare carries `cf-ray`.
  const isLocal = config.LOCAL_WORLD && isLoopbackName(domain) && !request.headers.has("cf-ray");
  if (config.ENABLE_CLIENT_AUTH && !isLocal) return null;
  const configured = await readDomain(env, domain);
  if (configured) return config.ENABLE_CLIENT_AUTH ? null : configured;
  return isLocal ? openPassthrough(domain) : null;
}

function openPassthrough(domain: string): DomainRecord {
  return { v: 1, domain, accountId: null, credentialType: "passthrough", credential: null, endpoints: null };
}
