/**
 * Which headers cross the proxy. Everything passes that is not listed here: tomorrow's beta or vendor header works
 * without a change. Upwards go no credential meant for us, nothing that describes the client's connection or network;
 * downwards nothing that belongs to upstream's connection or cookies.
 */

/** RFC 9110 7.6.1, plus what old clients and proxies send in that role. */
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
 * What the client's connection to us says and upstream must not hear. `content-length` is written by the runtime from the
 * body; `expect` has been answered by the runtime; `accept-encoding` is ours to choose (see UPSTREAM_ACCEPT_ENCODING).
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

/** Where a client may put a key, its own or ours. */
const CREDENTIALS: ReadonlySet<string> = new Set(["authorization", "x-api-key"]);

/**
 * The runtime decodes gzip and br for the archive and would code them again for the client: twice the work for
 * a hop inside a data centre. Uncompressed is what every client accepts.
 */
export const UPSTREAM_ACCEPT_ENCODING = "identity";

/** Codings that the runtime undoes on the body it hands to us, and redoes when the header stays. Spelt exactly so. */
const DECODED_BY_RUNTIME: ReadonlySet<string> = new Set(["gzip", "br"]);

/** A list that several parties add to: ours is appended to the client's, which stays as it was written. */
const BETA = "anthropic-beta";

/**
 * The client's headers as they go up. `credential`: the headers that authenticate us, which replace what the client sent (except
 * that betas are added to the client's); null leaves the client's own (passthrough).
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

/** The client's list of betas with one more, unless it is there; order and spelling stay. */
export function withBeta(list: string, beta: string): string {
  const names = list.split(",").map((name) => name.trim());
  if (names.includes(beta)) return list;
  return names.every((name) => name === "") ? beta : `${list.replace(/[\s,]+$/, "")},${beta}`;
}

/** How the response body is passed on. */
export interface EncodingDecision {
  /** `content-encoding` may stay: the client reads it, and the runtime either redoes it or never undid it. */
  keepsEncoding: boolean;
  /** Bytes of the body as the client gets it, or null where that is not known beforehand. */
  length: number | null;
  /** Coding of the bytes that we see and archive. */
  storedEncoding: string;
}

/** Decides it from upstream's headers and what the client accepts. */
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

/** Upstream's headers as the client gets them, with our id. */
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

/** Whether a client that sent this `accept-encoding` reads the coding. No header: it did not ask for any. RFC 9110 12.5.3 */
export function acceptsEncoding(acceptEncoding: string | null, coding: string): boolean {
  let star = false;
  for (const item of (acceptEncoding ?? "").toLowerCase().split(",")) {
    const [name = "", ...parameters] = item.split(";").map((part) => part.trim());
    const isRefused = parameters.some((parameter) => /^q\s*=\s*0(\.0*)?$/.test(parameter));
    if (name === coding) return !isRefused;
    if (name === "*") star = !isRefused;
  }
  return star;
}

/** Headers that `connection` declares to be about this connection. Never a credential or what says how to read the body. */
function connectionNames(headers: Headers): ReadonlySet<string> {
  const connection = headers.get("connection");
  if (connection === null) return NO_NAMES;
  const names = connection.split(",").map((name) => name.trim().toLowerCase());
  return new Set(
    names.filter((name) => TOKEN.test(name) && !CREDENTIALS.has(name) && !BODY_HEADERS.has(name)),
  );
}

const NO_NAMES: ReadonlySet<string> = new Set();
/** RFC 9110 5.6.2; what is not one is no name of a header. */
const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/;
const BODY_HEADERS: ReadonlySet<string> = new Set(["content-encoding", "content-type"]);
