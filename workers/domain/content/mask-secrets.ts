/**
 * Masks secrets in a request body before it is archived, by the names of members: at any depth, as strings, objects and lists, in
 * JSON that is a string of JSON, and in the userinfo and query of URLs. Contents (messages, system prompts, tool definitions) are
 * what the archive is for and stay as they are. In a body that is not valid JSON (truncated, broken) names are found everywhere,
 * in contents too. Linear in the size of the body.
 */
import { STEP_BYTES } from "../../runtime/constants.ts";
import type { Steps } from "../steps.ts";
import { isSecretName, mayBeSecretName } from "../masking/redact.ts";
import { COLON, OPEN_BRACE, OPEN_BRACKET, QUOTE, skipSpace, textStart } from "./json-scanner.ts";
import { findFormSecrets } from "./mask-form.ts";
import { isEscapedColon, maskUrl } from "./mask-url.ts";
import {
  type Findings,
  MASKED,
  maskRest,
  NAME_COST,
  noFindings,
  replace,
  replaceParts,
  URL_COST,
} from "./replacements.ts";

const BACKSLASH = 0x5c;
const LETTER_U = 0x75;
/** Longer names are no names of credentials. */
const MAX_NAME_BYTES = 120;
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

/**
 * Masks a body that is not split: broken or truncated JSON, a list, a form, or one that is too large. The same bytes where there is
 * nothing to mask.
 */
export function* maskLenient(bytes: Uint8Array): Steps<Uint8Array> {
  const start = skipSpace(bytes, textStart(bytes));
  const first = bytes[start];
  const found = noFindings();
  if (first === OPEN_BRACE || first === OPEN_BRACKET || first === QUOTE)
    yield* findSecrets(bytes, { start, end: bytes.length, skipsContent: false }, found);
  else yield* findFormSecrets(bytes, found);
  return replaceParts(bytes, found.parts);
}

interface Range {
  start: number;
  end: number;
  skipsContent: boolean;
}

/**
 * Adds the secrets between two positions. With `skipsContent` the range must be valid JSON: members of one object. Where there are too many, all
 * that follows them is masked, which leaves no valid JSON.
 */
export function* findSecrets(
  bytes: Uint8Array,
  { start, end, skipsContent }: Range,
  found: Findings,
): Steps<void> {
  let at = start;
  let stepEnd = start + STEP_BYTES;
  while (at < end && found.costLeft >= 0) {
    if (at > stepEnd) {
      yield;
      stepEnd = at + STEP_BYTES;
    }
    const c = bytes[at];
    if (c === COLON || (c === LETTER_U && isEscapedColon(bytes, at))) {
      at = maskUrl(bytes, at, end, found);
      continue;
    }
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
      yield* findSecrets(bytes, { start: member.value, end: valueEnd, skipsContent: false }, found);
      at = valueEnd;
    } else {
      if (name !== "") found.costLeft -= NAME_COST;
      at = member.value;
    }
  }
  maskRest(bytes, at, end, found);
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
function maskValue(bytes: Uint8Array, member: Member, end: number, found: Findings): number {
  found.costLeft -= URL_COST;
  const { value, level } = member;
  const valueEnd = lenientEnd(bytes, member, end);
  const quoteAt = value + level;
  if (bytes[quoteAt] === QUOTE) {
    const isClosed = bytes[valueEnd - 1] === QUOTE && valueEnd > quoteAt + 1;
    replace(bytes, { start: quoteAt + 1, end: isClosed ? valueEnd - 1 - level : valueEnd }, MASKED, found);
    return valueEnd;
  }
  const text = decoder.decode(bytes.subarray(value, Math.min(valueEnd, value + 6)));
  const quote = `${"\\".repeat(level)}"`;
  if (!/^(?:true|false|null|)$/.test(text))
    replace(bytes, { start: value, end: valueEnd }, quote + MASKED + quote, found);
  return Math.max(valueEnd, value);
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
