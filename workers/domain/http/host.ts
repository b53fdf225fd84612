/**
 * Which domain a Host header names. The proxy asks for each request, the admin API for names that people type, so that
 * both arrive at the same spelling.
 */

/** Longest name that DNS allows, in characters. RFC 1035 2.3.4 */
const MAX_NAME_LENGTH = 253;
const LABEL = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/;

/** The names that reach this machine only. The local stack serves them without being configured. */
const LOOPBACK_NAMES: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "[::1]"]);

/**
 * The domain in its one spelling: without port and trailing dot, lower-case, IPv6 in brackets and compressed.
 * Null for whatever cannot be a host name (odd characters, empty or over-long labels, a port that is none).
 */
export function domainOfHost(host: string): string | null {
  const text = host.trim().toLowerCase();
  if (text.startsWith("[")) return ipv6Domain(text);
  const match = /^([^:]+?)\.?(?::\d{0,5})?$/.exec(text);
  const name = match?.[1];
  if (!name || name.length > MAX_NAME_LENGTH) return null;
  return name.split(".").every((label) => LABEL.test(label)) ? name : null;
}

export function isLoopbackName(domain: string): boolean {
  return LOOPBACK_NAMES.has(domain);
}

function ipv6Domain(text: string): string | null {
  const match = /^(\[[0-9a-f:.]+\])(?::\d{0,5})?$/.exec(text);
  if (!match) return null;
  try {
    // The URL parser knows the one short spelling of an address (RFC 5952).
    return new URL(`http://${match[1]}/`).hostname;
  } catch {
    return null;
  }
}
