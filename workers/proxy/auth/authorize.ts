/** Authorizes a request: domain, client key, endpoint. Runs before any byte of the body is read. */
import type { Config } from "../../runtime/config.ts";
import { domainOfHost, isLoopbackName } from "../../domain/http/host.ts";
import { isEndpointAllowed, isPlainPath, rawHost, type RawTarget } from "../../domain/http/paths.ts";
import type { ProxyError } from "../../runtime/anthropic-errors.ts";
import type { DomainRecord } from "../../schemas/tenant.ts";
import { readDomain, TenantsUnavailableError } from "../../store/tenants/kv-read.ts";
import { findClientKey, presentedKeys } from "./client-key.ts";

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
  try {
    return await admitTenant(request, target, env, config);
  } catch (thrown) {
    if (thrown instanceof TenantsUnavailableError) return { error: { reason: "tenants_unavailable" } };
    throw thrown;
  }
}

async function admitTenant(
  request: Request,
  target: RawTarget,
  env: Env,
  config: Config,
): Promise<AdmissionResult> {
  const domain = domainOfHost(rawHost(request.url));
  const isOpen = domain !== null && isOpenPassthrough(domain, request, config);
  const configured = domain === null ? null : await readDomain(env, domain);
  if (!configured && isOpen)
    return checkEndpoint(target, { record: openPassthrough(domain), clientKeyId: null });
  if (configured && !config.ENABLE_CLIENT_AUTH)
    return checkEndpoint(target, { record: configured, clientKeyId: null });

  // Keys are looked up for an unknown domain too, so that both cases take the same time.
  const keys = presentedKeys(request.headers, configured?.credentialType ?? "api_key");
  const key = await findClientKey(env, keys, domain ?? "");
  if (!configured || !key) return { error: { reason: "unauthenticated" } };
  return checkEndpoint(target, { record: configured, clientKeyId: key.id });
}

function checkEndpoint(target: RawTarget, admission: Admission): AdmissionResult {
  if (isEndpointAllowed(target.path, admission.record.endpoints)) return admission;
  return { error: { reason: "endpoint_not_allowed", path: target.path }, admission };
}

/**
 * Loopback names are open in the local stack, where only the user of the machine reaches them. A deployed Worker is excluded
 * twice: the variable is not set, and every request through Cloudflare carries `cf-ray`.
 */
function isOpenPassthrough(domain: string, request: Request, config: Config): boolean {
  return config.LOCAL_WORLD && isLoopbackName(domain) && !request.headers.has("cf-ray");
}

function openPassthrough(domain: string): DomainRecord {
  return { v: 1, domain, accountId: null, credentialType: "passthrough", credential: null, endpoints: null };
}
