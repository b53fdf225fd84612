/**
 * Masks secrets in texts for log lines, stored headers, queries and error messages, and knows the names of fields that hold
 * secrets (content/mask-secrets.ts masks bodies by them). The prefix of a key is kept, so that its kind is visible.
 */
import { SECRET_HINT, SECRET_PATTERNS } from "./secret-patterns.ts";

/** Names of members, parameters, fields and headers that hold a secret, in lower-case letters without signs and digits. */
const SECRET_NAME =
  /(?:token|secret|secrets|secretvalue|password|passwd|passphrase|pwd|apikeys?|(?:access|account|app|auth|encryption|master|private|secret|service|session|shared|signing|subscription)key(?:pem)?|secretkeybase|(?:db|ftp|mail|mysql|pg|redis|smtp)pass|credentials?|authorizations?|authheaders?|cookies?|assertion|jwt|bearer|(?:access|auth|authorization|bearer|refresh)tokens)$|^(?:auth|pass|pat|env|environmentvariables|(?:custom|default|extra|http|request)?headers)$/;
/** Names of query parameters besides these. */
const SECRET_PARAMETER = /(?:key|sig|signature|email)$|^(?:code|user|username)$/;
const MAX_NAME = 200;

/** Whether a member or field of this name holds a secret, or secrets. */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(lettersOf(name));
}

/** The last two letters of all names of secrets. */
const SECRET_ENDINGS: ReadonlySet<number> = new Set(
  "al at em en er es et ey ie ls ns nv on rd rs se ss th ts ue wd wt ys"
    .split(" ")
    .map((ending) => (ending.charCodeAt(0) << 8) | ending.charCodeAt(1)),
);

/**
 * Whether the bytes of a name may be one that isSecretName knows, by its last letters: many times faster than reading it. A name with
 * escapes has to be read.
 */
export function mayBeSecretName(bytes: Uint8Array, start: number, end: number): boolean {
  let last = 0;
  for (let at = end - 1; at >= start; at--) {
    const lower = bytes[at]! | 0x20;
    if (lower < 0x61 || lower > 0x7a) continue;
    if (last !== 0) return SECRET_ENDINGS.has((lower << 8) | last) || hasEscape(bytes, start, end);
    last = lower;
  }
  return hasEscape(bytes, start, end);
}

const BACKSLASH = 0x5c;
function hasEscape(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (bytes[at] === BACKSLASH) return true;
  return false;
}

const lettersOf = (name: string) =>
  name
    .slice(0, MAX_NAME)
    .toLowerCase()
    .replace(/[^a-z]/g, "");

/** A query (with or without its `?`) with secrets masked: by the names of parameters however they are encoded, and in values. */
export function redactQuery(query: string): string {
  return query.replace(/[^?&;]+/g, (parameter) => {
    const equals = parameter.indexOf("=");
    const name = parameter.slice(0, Math.max(0, equals));
    const value = decoded(parameter.slice(equals + 1));
    const letters = lettersOf(decoded(name));
    const isSecret = SECRET_NAME.test(letters) || SECRET_PARAMETER.test(letters);
    return (isSecret && equals > 0) || redact(value) !== value
      ? `${name}${equals < 0 ? "" : "="}***`
      : parameter;
  });
}

/** A form's fields with secrets masked, urlencoded or multipart; another text as it is. */
export function redactForm(text: string): string {
  if (text.startsWith("--"))
    return redactParts(text).replace(
      /(\bname="([^"\r\n]{1,100})"[^\r\n]{0,200}\r?\n(?:[^\r\n]{1,200}\r?\n){0,5}\r?\n)([^\r\n]+)/g,
      (field, head: string, name: string) => (isSecretName(name) ? `${head}***` : field),
    );
  return /^[\w.%+[\]-]{1,200}=[^\s]*\s*$/.test(text) ? redactQuery(text) : text;
}

/** Whether the headers of a part of a multipart form name a secret. */
export function isSecretPart(head: string): boolean {
  return Array.from(head.matchAll(/\bname="([^"\r\n]{1,100})"/g)).some(([, name = ""]) => isSecretName(name));
}

/** Parts with a secret name: their values go up to the next delimiter, which begins a line as the first one does. RFC 2046 5.1.1 */
function redactParts(text: string): string {
  const delimiter = /^--[^\r\n]{1,80}/.exec(text)?.[0].trimEnd();
  if (delimiter === undefined) return text;
  const parts = text.split(`\n${delimiter}`).map((part, n, all) => {
    const emptyLine = /\r?\n\r?\n/.exec(part);
    const start = emptyLine ? emptyLine.index + emptyLine[0].length : part.length;
    const head = part.slice(0, start);
    const value = part.slice(start);
    const lineBreak = n < all.length - 1 && value.endsWith("\r") ? "\r" : "";
    if (value.length === lineBreak.length || !isSecretPart(head)) return part;
    return `${head}***${lineBreak}`;
  });
  return parts.join(`\n${delimiter}`);
}

/** A URL with userinfo and the secrets of its query masked. */
export function redactUrl(url: string): string {
  const mark = url.indexOf("?");
  return mark < 0 ? redact(url) : redact(url.slice(0, mark)) + redactQuery(url.slice(mark));
}

/** Percent-decoded twice, as servers may do. */
function decoded(text: string): string {
  const once = (encoded: string) =>
    encoded.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return once(once(text.replaceAll("+", " ")));
}

/** The text with its secrets masked. Linear in its length; idempotent. */
export function redact(text: string): string {
  if (!SECRET_HINT.test(text)) return text;
  let masked = withoutPrivateKeys(text);
  for (const [pattern, mask] of SECRET_PATTERNS)
    masked = typeof mask === "string" ? masked.replace(pattern, mask) : masked.replace(pattern, mask);
  return masked;
}

const PRIVATE_KEY = /-----BEGIN [A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----/g;
/** What stands in the place of a key whose end is missing: Base64, line breaks and their escapes. */
const KEY_BODY = /[A-Za-z0-9+/=\s\\]*/y;

/** Keys in PEM, whose line breaks may be escaped; of one without end, its Base64. */
function withoutPrivateKeys(text: string): string {
  let masked = "";
  let from = 0;
  let end = 0;
  for (const { 0: header, index } of text.matchAll(PRIVATE_KEY)) {
    if (index < from) continue;
    const start = index + header.length;
    if (end !== -1 && end < start) end = text.indexOf("-----END", start);
    KEY_BODY.lastIndex = start;
    KEY_BODY.exec(text);
    const next = text.indexOf("-----BEGIN", start);
    masked += `${text.slice(from, start)}***`;
    from = end === -1 || (next !== -1 && next < end) ? KEY_BODY.lastIndex : end;
  }
  return masked + text.slice(from);
}
