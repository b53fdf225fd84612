/**
 * Masks secrets in a request body before it is archived, by the names of members: at any depth, as strings, objects and lists, in
 * JSON that is a string of JSON, and in the userinfo and query of URLs. Contents (messages, system prompts, tool definitions) are
 * what the archive is for and stay as they are. In a body that is not valid JSON (truncated, broken) names are found everywhere,
 * in contents too. Linear in the size of the body.
 */
import { isSecretName, mayBeSecretName, redactForm, redactQuery, redactUrl } from "../masking/redact.ts";
import { concat } from "../bytes.ts";
import { COLON, OPEN_BRACE, OPEN_BRACKET, QUOTE, skipSpace, textStart } from "./json-scanner.ts";

/** A part of a body and what replaces it, ascending and without overlap. */
export interface Replacement {
  start: number;
  end: number;
  text: string;
}

const MASKED = "***";
const BACKSLASH = 0x5c;
const SLASH = 0x2f;
const AMPERSAND = 0x26;
const HYPHEN = 0x2d;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
/** Longer names are no names of credentials. */
const MAX_NAME_BYTES = 120;
const MAX_URL_BYTES = 4_096;
/** A larger form is read field by field. */
const MAX_FORM_BYTES = 65_536;
/** A delimiter of parts: two hyphens, at most 70 characters (RFC 2046 5.1.1), and blanks. */
const MAX_DELIMITER_BYTES = 80;
/** The headers of a part, or a parameter that is read as text. */
const MAX_FIELD_HEAD_BYTES = 2_048;
/** Members that are content, in the bodies of all endpoints. */
const CONTENT_NAMES: ReadonlySet<string> = new Set([
  "content",
  "description",
  "input",
  "input_schema",
  "instructions",
  "messages",
  "output_config",
  "output_format",
  "prompt",
  "system",
  "text",
  "tools",
]);
const MCP_SERVERS = "mcp_servers";

/** Length, first and last byte of the names that contents are skipped by. A name with escapes is read as one that may be a secret's. */
const shapeOf = (length: number, first: number, last: number) => (length << 16) | (first << 8) | last;
const SKIPPED_SHAPES: ReadonlySet<number> = new Set(
  [...CONTENT_NAMES, MCP_SERVERS].map((name) =>
    shapeOf(name.length, name.charCodeAt(0), name.charCodeAt(name.length - 1)),
  ),
);
const maySkip = (bytes: Uint8Array, start: number, end: number) =>
  SKIPPED_SHAPES.has(shapeOf(end - start, bytes[start]!, bytes[end - 1]!));

const decoder = new TextDecoder("latin1");

/** A copy with the parts replaced; the same bytes where there are none. */
export function replaceParts(bytes: Uint8Array, replacements: readonly Replacement[]): Uint8Array {
  if (replacements.length === 0) return bytes;
  const chunks: Uint8Array[] = [];
  let at = 0;
  for (const { start, end, text } of replacements) {
    chunks.push(bytes.subarray(at, start), latin1(text));
    at = end;
  }
  chunks.push(bytes.subarray(at));
  return concat(chunks);
}

/**
 * Masks a body that is not split: broken or truncated JSON, a list, a form, or one that is too large. The same bytes where there is
 * nothing to mask.
 */
export function maskLenient(bytes: Uint8Array): Uint8Array {
  const start = skipSpace(bytes, textStart(bytes));
  const first = bytes[start];
  if (first === OPEN_BRACE || first === OPEN_BRACKET || first === QUOTE) {
    const found: Replacement[] = [];
    findSecrets(bytes, { start, end: bytes.length, skipsContent: false }, found);
    return replaceParts(bytes, found);
  }
  if (bytes.length > MAX_FORM_BYTES) return replaceParts(bytes, secretsOfLargeForm(bytes));
  const text = decoder.decode(bytes);
  const masked = redactForm(text);
  return masked === text ? bytes : latin1(masked);
}

/** The secrets of a form, urlencoded or multipart, with files of any size; none of another body. */
function secretsOfLargeForm(bytes: Uint8Array): Replacement[] {
  const lineEnd = endOfLine(bytes, 0);
  const isMultipart = bytes[0] === HYPHEN && bytes[1] === HYPHEN && lineEnd <= MAX_DELIMITER_BYTES;
  if (isMultipart) return secretsOfParts(bytes, decoder.decode(bytes.subarray(0, lineEnd)).trimEnd());
  const isUrlencoded = /^[\w.%+[\]-]{1,200}=/.test(decoder.decode(bytes.subarray(0, 201)));
  return isUrlencoded && endOfLine(bytes, 0) >= bytes.length - 2 ? secretsOfParameters(bytes) : [];
}

function secretsOfParts(bytes: Uint8Array, delimiter: string): Replacement[] {
  const found: Replacement[] = [];
  const wanted = latin1(delimiter);
  // A delimiter begins a line. RFC 2046 5.1.1
  for (let at = 0; at < bytes.length;) {
    const isDelimiter = wanted.every((byte, index) => bytes[at + index] === byte);
    if (isDelimiter) {
      const text = decoder.decode(bytes.subarray(at, at + MAX_FIELD_HEAD_BYTES));
      const head = /^[^\r\n]*\r?\n(?:[^\r\n]+\r?\n)*\r?\n/.exec(text)?.[0] ?? "";
      const name = /\bname="([^"\r\n]{1,100})"/.exec(head)?.[1];
      const value = at + head.length;
      if (name !== undefined && isSecretName(name))
        replace(bytes, value, endOfLine(bytes, value), MASKED, found);
    }
    const lineFeed = bytes.indexOf(LINE_FEED, at);
    at = lineFeed < 0 ? bytes.length : lineFeed + 1;
  }
  return found;
}

function secretsOfParameters(bytes: Uint8Array): Replacement[] {
  const found: Replacement[] = [];
  for (let start = 0; start < bytes.length;) {
    const next = bytes.indexOf(AMPERSAND, start);
    const end = next < 0 ? bytes.length : next;
    const head = decoder.decode(bytes.subarray(start, Math.min(end, start + MAX_FIELD_HEAD_BYTES)));
    const masked = redactQuery(head);
    if (masked !== head) replace(bytes, start, end, masked, found);
    start = end + 1;
  }
  return found;
}

/** Where the line at `from` ends. */
function endOfLine(bytes: Uint8Array, from: number): number {
  const lineFeed = bytes.indexOf(LINE_FEED, from);
  if (lineFeed < 0) return bytes.length;
  return bytes[lineFeed - 1] === CARRIAGE_RETURN ? Math.max(from, lineFeed - 1) : lineFeed;
}

/** Bytes of a text that `decoder` has read, so that bytes that are not UTF-8 are kept. */
const latin1 = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));

interface Range {
  start: number;
  end: number;
  skipsContent: boolean;
}

/** Adds the secrets between two positions. With `skipsContent` the range must be valid JSON: one value. */
export function findSecrets(
  bytes: Uint8Array,
  { start, end, skipsContent }: Range,
  found: Replacement[],
): void {
  let at = start;
  while (at < end) {
    const c = bytes[at];
    if (c === COLON) at = maskUrl(bytes, at, end, found);
    if (c !== QUOTE) {
      at++;
      continue;
    }
    const member = memberAt(bytes, at, end);
    if (member === null) {
      at++;
      continue;
    }
    const { nameStart, nameEnd } = member;
    // Reading a name takes longer than all else, and most are neither of a secret nor of a content.
    const name =
      mayBeSecretName(bytes, nameStart, nameEnd) || (skipsContent && maySkip(bytes, nameStart, nameEnd))
        ? unescaped(decoder.decode(bytes.subarray(nameStart, nameEnd)))
        : "";
    if (name !== "" && isSecretName(name)) at = maskValue(bytes, member, end, found);
    else if (skipsContent && member.level === 0 && CONTENT_NAMES.has(name))
      at = lenientEnd(bytes, member, end);
    else if (skipsContent && name === MCP_SERVERS) {
      const valueEnd = lenientEnd(bytes, member, end);
      findSecrets(bytes, { start: member.value, end: valueEnd, skipsContent: false }, found);
      at = valueEnd;
    } else at = member.value;
  }
}

/** A member of an object: its value begins at `value`. `level`: backslashes before each quote, in JSON that is a string of JSON. */
interface Member {
  nameStart: number;
  nameEnd: number;
  value: number;
  level: number;
}

/** The member whose name begins with the quote at `quote`; null where that begins no name. */
function memberAt(bytes: Uint8Array, quote: number, end: number): Member | null {
  const limit = Math.min(end, quote + MAX_NAME_BYTES + 1);
  let nameEnd = quote + 1;
  while (nameEnd < limit && bytes[nameEnd] !== QUOTE) nameEnd++;
  if (nameEnd >= limit) return null;
  const level = backslashesBefore(bytes, quote);
  const colon = skipSpace(bytes, nameEnd + 1);
  if (bytes[colon] !== COLON || backslashesBefore(bytes, nameEnd) !== level) return null;
  return { nameStart: quote + 1, nameEnd: nameEnd - level, value: skipSpace(bytes, colon + 1), level };
}

/** A name without `\u` escapes, of any number of backslashes. */
function unescaped(name: string): string {
  return name.includes("\\")
    ? name.replace(/\\+u([0-9a-f]{4})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    : name;
}

/** Masks a member's value, of any kind but true, false and null. Returns its end. */
function maskValue(bytes: Uint8Array, member: Member, end: number, found: Replacement[]): number {
  const { value, level } = member;
  const valueEnd = lenientEnd(bytes, member, end);
  const quoteAt = value + level;
  if (bytes[quoteAt] === QUOTE) {
    const isClosed = bytes[valueEnd - 1] === QUOTE && valueEnd > quoteAt + 1;
    replace(bytes, quoteAt + 1, isClosed ? valueEnd - 1 - level : valueEnd, MASKED, found);
    return valueEnd;
  }
  const text = decoder.decode(bytes.subarray(value, Math.min(valueEnd, value + 6)));
  const quote = `${"\\".repeat(level)}"`;
  if (!/^(?:true|false|null|)$/.test(text)) replace(bytes, value, valueEnd, quote + MASKED + quote, found);
  return Math.max(valueEnd, value);
}

function replace(bytes: Uint8Array, start: number, end: number, text: string, found: Replacement[]): void {
  const isSame =
    end - start === text.length && decoder.decode(bytes.subarray(start, Math.min(end, start + 40))) === text;
  if (end > start && !isSame) found.push({ start, end, text });
}

/** The end of a member's value, or of the range where the value is cut. */
function lenientEnd(bytes: Uint8Array, { value, level }: Member, end: number): number {
  let depth = 0;
  for (let at = value; at < end;) {
    const c = bytes[at]!;
    if (c === QUOTE) {
      if (backslashesBefore(bytes, at) < level) return at; // the string around this JSON ends
      at = stringEnd(bytes, at, level, end);
      if (depth === 0) return at;
      continue;
    }
    if (c === OPEN_BRACE || c === OPEN_BRACKET) depth++;
    // The codes of "}" and "]" are those of "{" and "[" plus 2.
    else if (c === OPEN_BRACE + 2 || c === OPEN_BRACKET + 2) {
      if (depth <= 1) return depth === 1 ? at + 1 : at;
      depth--;
    } else if (depth === 0 && (c === 0x2c || c <= 0x20)) return at;
    at++;
  }
  return end;
}

/** The position after the quote that ends the string. Within JSON in a string, a quote ends it that has as many backslashes, or pairs of pairs more. */
function stringEnd(bytes: Uint8Array, quote: number, level: number, end: number): number {
  let backslashes = 0;
  for (let at = quote + 1; at < end; at++) {
    const c = bytes[at];
    if (c === QUOTE && backslashes < level) return at;
    if (c === QUOTE && (backslashes - level) % (2 * (level + 1)) === 0) return at + 1;
    backslashes = c === BACKSLASH ? backslashes + 1 : 0;
  }
  return end;
}

/** Backslashes before a position, at most those of JSON four times in a string. */
function backslashesBefore(bytes: Uint8Array, position: number): number {
  let count = 0;
  while (count < 15 && bytes[position - 1 - count] === BACKSLASH) count++;
  return count;
}

/** Masks userinfo and query of the URL whose scheme ends with the colon. Returns the position to continue from. */
function maskUrl(bytes: Uint8Array, colon: number, end: number, found: Replacement[]): number {
  let at = colon + 1;
  for (let slash = 0; slash < 2; slash++) {
    while (bytes[at] === BACKSLASH) at++;
    if (bytes[at] !== SLASH) return colon;
    at++;
  }
  const start = at;
  const limit = Math.min(end, start + MAX_URL_BYTES);
  while (at < limit && bytes[at]! > 0x20 && bytes[at] !== QUOTE && bytes[at] !== BACKSLASH) at++;
  const rest = decoder.decode(bytes.subarray(start, at));
  const masked = redactUrl(`a://${rest}`).slice("a://".length);
  if (masked !== rest) found.push({ start, end: at, text: masked });
  return at - 1;
}
