/**
 * Which headers the proxy forwards: all but those listed here, so that new beta and vendor headers work without a change.
 * Not forwarded: credentials for this proxy, headers of the client's connection and network. Not returned: headers of
 * upstream's connection, and its cookies.
 */

/** RFC 9110 7.6.1, and older headers with the same meaning. */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "te",
  "trailer",
  "trailers",
  "transfer-encoding",
  "upgrade",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
]);

/**
 * Headers of the client's connection. The runtime writes `content-length` from the body and has handled `expect`;
 * `accept-encoding` is replaced (UPSTREAM_ACCEPT_ENCODING).
 */
const NOT_FORWARDED: ReadonlySet<string> = new Set([
  "host",
  "content-length",
  "expect",
  "accept-encoding",
  "forwarded",
  "via",
  "x-real-ip",
  "true-client-ip",
  "cdn-loop",
  "cookie",
]);
const NOT_RETURNED = [...HOP_BY_HOP, "set-cookie"];
const NOT_FORWARDED_PREFIXES = ["proxy-", "cf-", "x-forwarded-", "x-nexus-"];

/** Headers in which clients send a key. */
const CREDENTIALS: ReadonlySet<string> = new Set(["authorization", "x-api-key"]);

/**
 * The runtime would decode gzip and br for the archive and encode them again for the client, which costs more than an
 * uncompressed hop inside a data centre. Every client accepts identity.
 */
export const UPSTREAM_ACCEPT_ENCODING = "identity";

/** Codings that the runtime decodes, and encodes again if the header is kept. Case-sensitive. */
const DECODED_BY_RUNTIME: ReadonlySet<string> = new Set(["gzip", "br"]);

/** A list: ours is appended to the client's, which is kept unchanged. */
const BETA = "anthropic-beta";

/**
 * The request headers for upstream. `credential`: the headers that authenticate the proxy, which replace the client's (betas
 * are added to the client's); null keeps the client's own (passthrough).
 */
export function upstreamRequestHeaders(
  client: Headers,
  credential: Readonly<Record<string, string>> | null,
): Headers {
  const headers = new Headers(client);
  const named = connectionNames(client);
  for (const name of client.keys())
    if (!isForwarded(name) || named.has(name) || (credential !== null && CREDENTIALS.has(name)))
      headers.delete(name);
  headers.set("accept-encoding", UPSTREAM_ACCEPT_ENCODING);
  for (const [name, value] of Object.entries(credential ?? {})) {
    const betas = name === BETA ? headers.get(BETA) : null;
    headers.set(name, betas === null ? value : withBeta(betas, value));
  }
  return headers;
}

function isForwarded(name: string): boolean {
  return (
    !HOP_BY_HOP.has(name) &&
    !NOT_FORWARDED.has(name) &&
    !NOT_FORWARDED_PREFIXES.some((prefix) => name.startsWith(prefix))
  );
}

/** The client's list of betas with `beta`, if it is missing; order and spelling are kept. */
export function withBeta(list: string, beta: string): string {
  const names = list.split(",").map((name) => name.trim());
  if (names.includes(beta)) return list;
  return names.every((name) => name === "") ? beta : `${list.replace(/[\s,]+$/, "")},${beta}`;
}

/** How the response body is passed on. */
export interface EncodingDecision {
  /** `content-encoding` is kept: the client accepts it, and the runtime encodes the body again or never decoded it. */
  keepsEncoding: boolean;
  /** Bytes of the body that the client gets; null if unknown in advance. */
  length: number | null;
  /** Coding of the bytes that are archived. */
  storedEncoding: string;
}

/** Decides from upstream's headers and the client's `accept-encoding`. */
export function negotiateEncoding(
  contentEncoding: string | null,
  contentLength: string | null,
  clientAcceptEncoding: string | null,
): EncodingDecision {
  const coding = contentEncoding ?? "identity";
  const isDecoded = DECODED_BY_RUNTIME.has(coding);
  const length =
    !isDecoded && contentLength && /^\d{1,15}$/.test(contentLength) ? Number(contentLength) : null;
  return {
    keepsEncoding: !isDecoded || acceptsEncoding(clientAcceptEncoding, coding),
    length,
    storedEncoding: isDecoded || coding === "" ? "identity" : coding.toLowerCase(),
  };
}

/** The response headers for the client, with the exchange's id. */
export function clientResponseHeaders(
  upstream: Headers,
  keepsEncoding: boolean,
  exchangeId: string,
): Headers {
  const headers = new Headers(upstream);
  for (const name of connectionNames(upstream)) headers.delete(name);
  for (const name of NOT_RETURNED) headers.delete(name);
  if (!keepsEncoding) headers.delete("content-encoding");
  headers.set("x-nexus-request-id", exchangeId);
  return headers;
}

/** Whether this `accept-encoding` allows the coding; no header allows none. RFC 9110 12.5.3 */
export function acceptsEncoding(acceptEncoding: string | null, coding: string): boolean {
  let star = false;
  for (const item of (acceptEncoding ?? "").toLowerCase().split(",")) {
    const [name = "", ...parameters] = item.split(";").map((part) => part.trim());
    const isExcluded = parameters.some((parameter) => /^q\s*=\s*0(\.0*)?$/.test(parameter));
    if (name === coding) return !isExcluded;
    if (name === "*") star = !isExcluded;
  }
  return star;
}

/** The hop-by-hop headers that `connection` names, except credentials and headers that describe the body. */
function connectionNames(headers: Headers): ReadonlySet<string> {
  const connection = headers.get("connection");
  if (connection === null) return NO_NAMES;
  const names = connection.split(",").map((name) => name.trim().toLowerCase());
  return new Set(
    names.filter((name) => TOKEN.test(name) && !CREDENTIALS.has(name) && !BODY_HEADERS.has(name)),
  );
}

const NO_NAMES: ReadonlySet<string> = new Set();
/** A valid header name. RFC 9110 5.6.2 */
const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/;
const BODY_HEADERS: ReadonlySet<string> = new Set(["content-encoding", "content-type"]);
