/**
 * Cross-origin requests of browser clients (https://fetch.spec.whatwg.org/#http-cors-protocol). api.anthropic.com lets pages of
 * every origin read its responses, without cookies; so do the proxy's own responses. The dashboard's API does not.
 */
import { domainOfHost, isLoopbackName } from "./host.ts";

/**
 * Lets a page read the response with all its headers. `*` covers them all; `request-id` and ours are named for browsers that
 * do not know `*` there.
 */
export const CORS_HEADERS = {
  "access-control-allow-origin": "*",
  "access-control-expose-headers": "*, request-id, x-nexus-request-id",
} as const;

const METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";
/** Seconds for which browsers may remember a preflight: one day, the most that any of them keeps. */
const MAX_AGE_SECONDS = 86_400;

/** Whether it is a preflight, which a browser sends without a key. */
export function isPreflight(method: string, headers: Headers): boolean {
  return method === "OPTIONS" && headers.has("origin") && headers.has("access-control-request-method");
}

/** Headers of the response to a preflight: every method, and the headers that the page wants to send. */
export function preflightHeaders(request: Headers): Record<string, string> {
  return {
    ...CORS_HEADERS,
    "access-control-allow-methods": METHODS,
    // `*` would not cover `authorization`.
    "access-control-allow-headers": request.get("access-control-request-headers") ?? "*",
    "access-control-max-age": String(MAX_AGE_SECONDS),
    vary: "Access-Control-Request-Headers",
  };
}

/**
 * Whether a page of another site sends the request to this domain. Browsers add `Origin` to every POST, also to those without a
 * preflight, and `Sec-Fetch-Site` to requests to https and loopback; a page can change neither. `allowed`: origins, comma-separated.
 */
export function isFromOtherSite(headers: Headers, domain: string, allowed: string): boolean {
  const origin = headers.get("origin");
  if (origin === null) return headers.get("sec-fetch-site") === "cross-site";
  const url = URL.parse(origin); // null for "null": a sandboxed frame, a local file
  const host = url && domainOfHost(url.host);
  if (host && (host === domain || (isLoopbackName(host) && isLoopbackName(domain)))) return false;
  return origin === "" || !allowed.split(",").some((each) => each.trim() === origin);
}
