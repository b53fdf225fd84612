/**
 * What a request path may look like and where it leads. A path is forwarded as it was spelt, so every spelling that upstream
 * might read differently from us (dot segments, empty segments, encoded separators, double encoding) is refused instead.
 */

/** Path and query exactly as they stand in the request line. */
export interface RawTarget {
  path: string;
  /** With its `?`, or the empty string. */
  query: string;
}

/**
 * Splits an absolute URL without parsing it: the URL parser would resolve dot segments and turn backslashes round before
 * anyone could refuse them. (workerd hands over `request.url` unresolved: scheme, Host header, request target.)
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

/** The Host part of an absolute URL as it was sent, port included. */
export function rawHost(url: string): string {
  const afterScheme = url.slice(url.indexOf("://") + 3);
  const end = afterScheme.search(/[/?#\\]/);
  return end === -1 ? afterScheme : afterScheme.slice(0, end);
}

/** How often a path may have been encoded before we stop looking: three rounds are one more than anybody decodes. */
const MAX_ENCODINGS = 3;

/**
 * Whether a path means the same to everyone who reads it, however often they decode it: no `.` or `..` segment, no empty
 * segment (one trailing slash is fine), no backslash, no control character, and no encoded slash.
 */
export function isPlainPath(path: string): boolean {
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
}

/**
 * Whether a domain's list lets this path through. Patterns are exact (`/v1/messages`) or a prefix (`/v1/messages/*`).
 * Without a list everything under /v1/ is allowed but administration and login, which decide over more than one request.
 */
export function isEndpointAllowed(path: string, endpoints: readonly string[] | null): boolean {
  const decoded = decodeFully(path);
  if (endpoints === null) return !["organizations", "oauth"].includes(resourceOf(decoded));
  return endpoints.some((pattern) =>
    pattern.endsWith("*") ? decoded.startsWith(pattern.slice(0, -1)) : decoded === pattern,
  );
}

/** Login traffic: its bodies are tokens and are never recorded. */
export function isOAuthPath(path: string): boolean {
  return resourceOf(decodeFully(path)) === "oauth";
}

/** "oauth" of "/v1/oauth/token", read as generously as upstream might: any case, path parameters cut. */
function resourceOf(decodedPath: string): string {
  return (decodedPath.split("/")[2] ?? "").split(";")[0]?.toLowerCase() ?? "";
}

const slashes = (text: string) => text.split("/").length;

/** Percent-decoding of the single characters that matter here; what is no valid UTF-8 stays byte by byte. */
function decodeOnce(text: string): string {
  return text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

function decodeFully(path: string): string {
  let text = path;
  for (let round = 0; round < MAX_ENCODINGS; round++) text = decodeOnce(text);
  return text;
}
