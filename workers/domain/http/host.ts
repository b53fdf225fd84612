/**
 * The domain of a Host header, normalised. Used by the proxy for each request and by the admin API for entered names.
 */

import { cachedByText } from "../cached-by-text.ts";

/** Longest name that DNS allows, in characters. RFC 1035 2.3.4 */
const MAX_NAME_LENGTH = 253;
const LABEL = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/;

/** Names of the local machine. The local stack serves them without configuration. */
const LOOPBACK_NAMES: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "[::1]"]);

/**
 * The normalised domain: without port and trailing dot, lower-case, IPv6 in brackets and compressed. Null for an invalid
 * host name or port.
 */
export const domainOfHost = cachedByText((host) => {
  const text = host.trim().toLowerCase();
  if (text.startsWith("[")) return ipv6Domain(text);
  const match = /^([^:]+?)\.?(?::\d{0,5})?$/.exec(text);
  const name = match?.[1];
  if (!name || name.length > MAX_NAME_LENGTH) return null;
  return name.split(".").every((label) => LABEL.test(label)) ? name : null;
});

export function isLoopbackName(domain: string): boolean {
  return LOOPBACK_NAMES.has(domain);
}

function ipv6Domain(text: string): string | null {
  const match = /^(\[[0-9a-f:.]+\])(?::\d{0,5})?$/.exec(text);
  if (!match) return null;
  try {
    // The URL parser compresses addresses as RFC 5952 defines.
    return new URL(`http://${match[1]}/`).hostname;
  } catch {
    return null;
  }
}
