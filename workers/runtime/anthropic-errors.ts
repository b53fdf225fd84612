/**
 * The proxy's own errors, in Anthropic's error shape. Upstream's errors pass unmodified.
 * https://docs.claude.com/en/api/errors
 */
import { CORS_HEADERS } from "../domain/http/cors.ts";
import { plainText } from "../domain/truncate.ts";

/** A DNS name, its scheme and port. RFC 1035 2.3.4 */
const MAX_ORIGIN_CHARACTERS = 300;

/** Reasons of the proxy's errors. A new one needs a case in `describe` only. */
export type ProxyError =
  | { reason: "bad_request"; message: string }
  | { reason: "unauthenticated" }
  | { reason: "tenants_unavailable" }
  | { reason: "no_credential"; message: string }
  | { reason: "credential_unavailable"; domain: string }
  | { reason: "endpoint_not_allowed"; path: string }
  /** `origin`: as the browser sent it; null where it sent none. */
  | { reason: "other_site"; origin: string | null }
  | { reason: "not_found"; path: string }
  | { reason: "upstream_unreachable"; host: string }
  | { reason: "undecodable_response"; host: string; status: number; coding: string }
  | { reason: "invalid_status"; host: string; status: number }
  | { reason: "upstream_timeout"; host: string; milliseconds: number }
  | { reason: "internal" };

export interface DescribedError {
  status: number;
  type: string;
  message: string;
  /** Where a retry cannot help: the response says `x-should-retry: false`. */
  isFinal?: true;
}

/** Maps a reason to a status, Anthropic's error type and a message. */
export function describe(error: ProxyError): DescribedError {
  switch (error.reason) {
    case "bad_request":
      return { status: 400, type: "invalid_request_error", message: error.message };
    case "unauthenticated":
      return {
        status: 401,
        type: "authentication_error",
        isFinal: true,
        message:
          "Nexus: this address requires a valid client key. Send it as `Authorization: Bearer cnp_live_…` or `x-api-key`; the administrator of this proxy issues keys.",
      };
    case "tenants_unavailable":
      return {
        status: 500,
        type: "api_error",
        message:
          "Nexus: the list of domains and keys cannot be read at the moment. Nothing was sent to Claude; try again.",
      };
    case "no_credential":
      return { status: 401, type: "authentication_error", isFinal: true, message: error.message };
    case "credential_unavailable":
      return {
        status: 502,
        type: "api_error",
        message: `Nexus: the Claude login of ${error.domain} cannot be renewed at the moment, because the login server does not respond properly. Nothing was sent to Claude; try again.`,
      };
    case "endpoint_not_allowed":
      return {
        status: 403,
        type: "permission_error",
        message: `Nexus: ${error.path} is not allowed on this domain. An administrator can allow it in the dashboard under Domains.`,
      };
    case "other_site":
      return {
        status: 403,
        type: "permission_error",
        message: `Nexus: this address needs no client key, so pages of other web sites may not use it. Configure the domain and require client keys, or add the page's origin${error.origin === null ? "" : ` (${plainText(error.origin, MAX_ORIGIN_CHARACTERS)})`} to ALLOWED_ORIGINS.`,
      };
    case "not_found":
      return {
        status: 404,
        type: "not_found_error",
        message: `Nexus: there is nothing at ${error.path}. The Claude API is under /v1/.`,
      };
    case "upstream_unreachable":
      return {
        status: 502,
        type: "api_error",
        message: `Nexus: ${error.host} could not be reached or closed the connection before it responded. Try again.`,
      };
    case "undecodable_response": {
      const coding = `the content-coding ${JSON.stringify(error.coding)}, which the client does not accept, and it cannot be decoded here.`;
      // Any other status says what happened without its body.
      if (error.status < 200 || error.status >= 300)
        return {
          status: error.status,
          type: errorTypeOf(error.status),
          message: `Nexus: ${error.host} returned status ${error.status}. The body is in ${coding}`,
        };
      return {
        status: 502,
        type: "api_error",
        isFinal: true,
        message: `Nexus: ${error.host} sent its response in ${coding}`,
      };
    }
    case "invalid_status":
      return {
        status: 502,
        type: "api_error",
        message: `Nexus: ${error.host} returned status ${error.status}, which is no status of a response.`,
      };
    case "upstream_timeout":
      return {
        status: 504,
        type: "timeout_error",
        message: `Nexus: ${error.host} did not respond within ${Math.round(error.milliseconds / 1000)} s.`,
      };
    case "internal":
      return {
        status: 500,
        type: "api_error",
        message: "Nexus: internal error. The log has a line with this request id.",
      };
  }
}

const ERROR_TYPES: Readonly<Record<number, string>> = {
  400: "invalid_request_error",
  401: "authentication_error",
  402: "billing_error",
  403: "permission_error",
  404: "not_found_error",
  409: "conflict_error",
  413: "request_too_large",
  429: "rate_limit_error",
  504: "timeout_error",
  529: "overloaded_error",
};

/** Anthropic's error type of a status. */
function errorTypeOf(status: number): string {
  return ERROR_TYPES[status] ?? (status >= 400 && status < 500 ? "invalid_request_error" : "api_error");
}

/**
 * The error response; `request_id` and both headers carry the exchange's id. Browser clients may read it, like upstream's. `upstream`:
 * headers of the response in whose place it is sent; those that do not describe a body are kept, its `request-id` included.
 */
export function errorResponse(error: ProxyError, requestId: string, upstream?: Headers): Response {
  const { status, isFinal } = describe(error);
  const headers = new Headers(upstream);
  for (const name of [...headers.keys()]) if (DESCRIBES_BODY.test(name)) headers.delete(name);
  for (const [name, value] of Object.entries(CORS_HEADERS)) if (!headers.has(name)) headers.set(name, value);
  headers.set("content-type", "application/json");
  headers.set("x-nexus-request-id", requestId);
  if (!headers.has("request-id")) headers.set("request-id", requestId);
  if (status === 401 && !headers.has("www-authenticate")) headers.set("www-authenticate", "Bearer");
  // Without it Claude Code retries a 401 for about three minutes in silence, and then shows a message of its own.
  if (isFinal && !headers.has("x-should-retry")) headers.set("x-should-retry", "false");
  return new Response(errorBody(error, headers.get("request-id")!), { status, headers });
}

/** Headers of a representation. RFC 9110 8 */
const DESCRIBES_BODY = /^(?:content-.*|etag|last-modified|accept-ranges|(?:repr-)?digest)$/;

/** Its body as JSON text. */
export function errorBody(error: ProxyError, requestId: string): string {
  const { type, message } = describe(error);
  return JSON.stringify({ type: "error", error: { type, message }, request_id: requestId });
}
