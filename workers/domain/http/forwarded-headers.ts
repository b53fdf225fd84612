/**
 * Which headers the proxy forwards: all but those listed here, so that new beta and vendor headers work without a change.
 * Not forwarded: credentials for this proxy, headers of the client's connection and network. Not returned: headers of
 * upstream's connection, and its cookies.
 */
import { cachedByText } from "../cached-by-text.ts";
import { type EncodingDecision, upstreamAcceptEncoding } from "./content-coding.ts";

/** Headers as `Headers` lists them: names in lower case, values of one name joined. */
export type HeaderEntries = readonly (readonly [string, string])[];

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
 * `accept-encoding` is replaced (content-coding.ts).
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
  "x-dashboard-key",
]);
const NOT_RETURNED = [...HOP_BY_HOP, "set-cookie"];
const NOT_FORWARDED_PREFIXES = ["proxy-", "cf-", "x-forwarded-", "x-nexus-"];

/** How the client keys begin that this proxy generates. They are never sent upstream. */
export const CLIENT_KEY_PREFIX = "cnp_live_";

/** Headers in which clients send a key. The proxy's own credential replaces them. */
export const CREDENTIALS: ReadonlySet<string> = new Set(["authorization", "x-api-key"]);

/** A list: ours is appended to the client's, which is kept unchanged. */
const BETA = "anthropic-beta";

/**
 * The request headers for upstream. `credential`: the headers that authenticate the proxy, which replace the client's (betas
 * are added to the client's); null keeps the client's own (passthrough). `entries`: the client's headers, for a caller that has
 * read them already.
 */
export function upstreamRequestHeaders(
  client: Headers,
  credential: Readonly<Record<string, string>> | null,
  entries: HeaderEntries = [...client],
): Headers {
  const headers = new Headers(client);
  const named = connectionNames(client);
  for (const [name, value] of entries) {
    const isReplaced = credential !== null && CREDENTIALS.has(name);
    if (!isForwarded(name) || named.has(name) || isReplaced || isOwnKey(value)) headers.delete(name);
  }
  headers.set("accept-encoding", upstreamAcceptEncoding(client.get("accept-encoding")));
  for (const [name, value] of Object.entries(credential ?? {})) {
    const betas = name === BETA ? headers.get(BETA) : null;
    headers.set(name, betas === null ? value : withBeta(betas, value));
  }
  return headers;
}

/** Whether a passthrough client's only credentials are client keys of this proxy, which mean nothing to upstream. */
export function hasOnlyOwnKeys(client: Headers): boolean {
  const presented = [...CREDENTIALS].map((name) => client.get(name)).filter((value) => value !== null);
  return presented.length > 0 && presented.every(isOwnKey);
}

const isOwnKey = (value: string) => value.includes(CLIENT_KEY_PREFIX);

/** Whether a header of this name goes upstream, credentials included. */
export const isForwarded = cachedByText(
  (name) =>
    !HOP_BY_HOP.has(name) &&
    !NOT_FORWARDED.has(name) &&
    !NOT_FORWARDED_PREFIXES.some((prefix) => name.startsWith(prefix)),
);

/** The client's list of betas with `beta`, if it is missing; order and spelling are kept. */
export function withBeta(list: string, beta: string): string {
  const names = list.split(",").map((name) => name.trim());
  if (names.includes(beta)) return list;
  if (names.every((name) => name === "")) return beta;
  let end = list.length;
  while (/[\s,]/.test(list.charAt(end - 1))) end--;
  return `${list.slice(0, end)},${beta}`;
}

/** The response headers for the client, with the exchange's id. */
export function clientResponseHeaders(
  upstream: Headers,
  { contentEncoding, length }: Pick<EncodingDecision, "contentEncoding" | "length">,
  exchangeId: string,
): Headers {
  const headers = new Headers(upstream);
  for (const name of connectionNames(upstream)) headers.delete(name);
  for (const name of NOT_RETURNED) headers.delete(name);
  if (contentEncoding === null) headers.delete("content-encoding");
  else headers.set("content-encoding", contentEncoding);
  if (length === null) headers.delete("content-length");
  headers.set("x-nexus-request-id", exchangeId);
  return headers;
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
