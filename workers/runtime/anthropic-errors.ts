/**
 * What we answer ourselves on the proxy's side, in Anthropic's error shape. Upstream's own errors are never touched.
 * https://docs.claude.com/en/api/errors
 */

/** Everything the proxy itself may refuse or fail with; adding an arm breaks `describe` and nothing else. */
export type ProxyError =
  | { reason: "bad_request"; message: string }
  | { reason: "unauthenticated" }
  | { reason: "tenants_unavailable" }
  | { reason: "no_credential"; message: string }
  | { reason: "credential_unavailable"; domain: string }
  | { reason: "endpoint_not_allowed"; path: string }
  | { reason: "not_found"; path: string }
  | { reason: "upstream_unreachable"; host: string }
  | { reason: "upstream_timeout"; host: string; milliseconds: number }
  | { reason: "internal" };

export interface DescribedError {
  status: 400 | 401 | 403 | 404 | 500 | 502 | 504;
  type: string;
  message: string;
}

/** The one place where a reason becomes a status, Anthropic's error type and words for the person who reads them. */
export function describe(error: ProxyError): DescribedError {
  switch (error.reason) {
    case "bad_request":
      return { status: 400, type: "invalid_request_error", message: error.message };
    case "unauthenticated":
      return {
        status: 401,
        type: "authentication_error",
        message:
          "Nexus: this address needs a valid client key. Send it as `Authorization: Bearer cnp_live_…` or `x-api-key`; ask the administrator of this proxy for one.",
      };
    case "tenants_unavailable":
      return {
        status: 500,
        type: "api_error",
        message:
          "Nexus: the list of domains and keys cannot be read at the moment. Nothing was sent; try again.",
      };
    case "no_credential":
      return { status: 401, type: "authentication_error", message: error.message };
    case "credential_unavailable":
      return {
        status: 502,
        type: "api_error",
        message: `Nexus: the Claude login of ${error.domain} cannot be renewed at the moment, because the login server does not answer as it should. Nothing was sent; try again.`,
      };
    case "endpoint_not_allowed":
      return {
        status: 403,
        type: "permission_error",
        message: `Nexus: ${error.path} is not allowed on this domain. An administrator can allow it in the dashboard under Domains.`,
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
        message: `Nexus: ${error.host} could not be reached or hung up before it answered. Try again.`,
      };
    case "upstream_timeout":
      return {
        status: 504,
        type: "timeout_error",
        message: `Nexus: ${error.host} sent no answer within ${Math.round(error.milliseconds / 1000)} s.`,
      };
    case "internal":
      return {
        status: 500,
        type: "api_error",
        message: "Nexus: internal error. The request id names the log line.",
      };
  }
}

/** The answer a client sees, `request_id` and both headers carrying our id. */
export function errorResponse(error: ProxyError, requestId: string): Response {
  const { status, type, message } = describe(error);
  const headers = new Headers({
    "content-type": "application/json",
    "x-nexus-request-id": requestId,
    "request-id": requestId,
  });
  if (status === 401) headers.set("www-authenticate", "Bearer");
  return new Response(JSON.stringify({ type: "error", error: { type, message }, request_id: requestId }), {
    status,
    headers,
  });
}
