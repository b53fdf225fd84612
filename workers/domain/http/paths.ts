/**
 * Validates request paths. A path is forwarded unchanged, so a path that upstream could interpret differently from this proxy
 * (dot segments, empty segments, encoded separators, double encoding) is rejected.
 */

import { cachedByText } from "../cached-by-text.ts";
import { CLIENT_KEY_PREFIX } from "./forwarded-headers.ts";

/** Path and query as in the request line. */
export interface RawTarget {
  path: string;
  /** With its `?`, or the empty string. */
  query: string;
}

/**
 * Splits an absolute URL without parsing it, because the URL parser resolves dot segments and replaces backslashes.
 * (`request.url` is unresolved in workerd: scheme, Host header, request target.)
 */
export function rawTarget(url: string): RawTarget {
  const afterScheme = url.indexOf("://") + 3;
  const start = url.slice(afterScheme).search(/[/?#\\]/);
  const target = start === -1 ? "/" : url.slice(afterScheme + start);
  const hash = target.indexOf("#");
  const withoutHash = hash === -1 ? target : target.slice(0, hash);
  const mark = withoutHash.indexOf("?");
  if (mark === -1) return { path: withoutHash, query: "" };
  return { path: withoutHash.slice(0, mark), query: withoutHash.slice(mark) };
}

/** The host of an absolute URL as sent, port included. */
export function rawHost(url: string): string {
  const afterScheme = url.slice(url.indexOf("://") + 3);
  const end = afterScheme.search(/[/?#\\]/);
  return end === -1 ? afterScheme : afterScheme.slice(0, end);
}

/** Rounds of decoding that are checked; servers decode twice at most. */
const MAX_ENCODINGS = 3;

/**
 * Whether a path is unambiguous, however often it is decoded: no `.` or `..` segment, no empty segment (one trailing slash is
 * allowed), no backslash, no control character, no encoded slash.
 */
export const isPlainPath = cachedByText((path) => {
  let text = path;
  for (let round = 0; round < MAX_ENCODINGS; round++) {
    if (!text.startsWith("/") || /[\\\u0000-\u001f\u007f]/.test(text)) return false;
    if (/\/\//.test(text) || /(^|\/)\.{1,2}(?=\/|;|$)/.test(text)) return false;
    const decoded = decodeOnce(text);
    if (decoded === text) return true;
    if (slashes(decoded) !== slashes(text)) return false;
    text = decoded;
  }
  return false;
});

/** Whether path or query contain a client key of this proxy, however often they are encoded. */
export function hasClientKey({ path, query }: RawTarget): boolean {
  return decodeFully(path + query).includes(CLIENT_KEY_PREFIX);
}

/**
 * Whether a domain's list allows this path. Patterns are exact (`/v1/messages`) or a prefix (`/v1/messages/*`). Without a list
 * everything under /v1/ is allowed except administration and login.
 */
export function isEndpointAllowed(path: string, endpoints: readonly string[] | null): boolean {
  const decoded = decodeFully(path);
  if (endpoints === null) return !["organizations", "oauth"].includes(canonicalSegments(decoded)[0] ?? "");
  return endpoints.some((pattern) =>
    pattern.endsWith("*") ? decoded.startsWith(pattern.slice(0, -1)) : decoded === pattern,
  );
}

/**
 * Endpoints whose bodies carry credentials, by resource: tokens and secrets are sent or returned. Their exchanges are recorded without
 * bodies. Source: the API reference; paths.test.ts compares it with the SDK.
 */
const CREDENTIAL_RESOURCES: ReadonlySet<string> = new Set([
  "oauth", // grants, access and refresh tokens
  "vaults", // credentials of MCP servers, environment variables
  "environments", // environment keys, secrets of work items
  "deployments", // tokens of repositories
  "tunnels", // tunnel tokens
  "user_profiles", // addresses that sign a user in
  "organizations", // API keys, invites, signing secrets
]);
/** Sessions are created with tokens of repositories, which are also replaced; what is said in a session is content. */
const SESSION_CONTENTS: ReadonlySet<string> = new Set(["events", "threads"]);

/** Whether bodies of this path are never recorded. */
export const carriesCredentials = cachedByText((path) => {
  const [resource = "", , part = ""] = canonicalSegments(decodeFully(path));
  return resource === "sessions" ? !SESSION_CONTENTS.has(part) : CREDENTIAL_RESOURCES.has(resource);
});

/**
 * The segments after the version ("oauth", "token"), as loosely as upstream may read them: in lower case, without path parameters,
 * spaces, dots and signs. Every decision about a path uses these.
 */
function canonicalSegments(decodedPath: string): string[] {
  return decodedPath
    .split("/", 5)
    .slice(2)
    .map((segment) =>
      segment
        .toLowerCase()
        .split(";", 1)[0]!
        .replace(/[^a-z0-9_]+/g, ""),
    );
}

const slashes = (text: string) => text.split("/").length;

/** Percent-decodes byte by byte, so that invalid UTF-8 is kept. */
function decodeOnce(text: string): string {
  return text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/** Nearly all paths and queries are decoded already, and return as they are. */
function decodeFully(text: string): string {
  let decoded = text;
  for (let round = 0; round < MAX_ENCODINGS && decoded.includes("%"); round++) decoded = decodeOnce(decoded);
  return decoded;
}
