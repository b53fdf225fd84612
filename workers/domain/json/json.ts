/**
 * Helpers for untrusted JSON: no input throws, reaches an object's prototype, or breaks a later serialiser. Used by everything in
 * domain/ that reads bodies.
 */
import { MAX_PARSED_BYTES, MAX_PARSED_VALUES } from "../../runtime/constants.ts";

export type JsonObject = Record<string, unknown>;

/**
 * `JSON.stringify` and `structuredClone` recurse and overflow the stack between 3,000 and 5,000 levels, while `JSON.parse`
 * accepts any depth. Deeper values are treated as unreadable.
 */
export const MAX_JSON_DEPTH = 1_000;

/** True for objects, not for arrays and null. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The parsed value, or undefined where the text is not JSON, nested deeper than `maxDepth`, or too large. Never throws. */
export function parseJson(text: string, maxDepth = MAX_JSON_DEPTH): unknown {
  if (text.length > MAX_PARSED_VALUES && (text.length > MAX_PARSED_BYTES || hasTooManyValues([text])))
    return undefined;
  return parseText(text, maxDepth);
}

/** The same for UTF-8 bytes; too large ones are not decoded. */
export function parseJsonBytes(bytes: Uint8Array, maxDepth = MAX_JSON_DEPTH): unknown {
  return isTooLarge([bytes]) ? undefined : parseText(new TextDecoder().decode(bytes), maxDepth);
}

function parseText(text: string, maxDepth: number): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  // After parsing: most texts that are not JSON (a file, a page) fail at their first character.
  return isTooDeep(text, maxDepth) ? undefined : value;
}

/** Whether JSON texts in UTF-8 are larger together, or have more values, than is parsed of one text. */
export function isTooLarge(texts: readonly Uint8Array[]): boolean {
  const bytes = texts.reduce((sum, { length }) => sum + length, 0);
  return bytes > MAX_PARSED_BYTES || (bytes > MAX_PARSED_VALUES && hasTooManyValues(texts));
}

/** Counts the commas and opening brackets outside of strings, of UTF-16 or UTF-8: a value takes one. Strings are skipped, not read. */
function hasTooManyValues(texts: readonly (string | Uint8Array)[]): boolean {
  let valuesLeft = MAX_PARSED_VALUES;
  for (const text of texts) {
    const isText = typeof text === "string";
    const charAt = isText ? (at: number) => text.charCodeAt(at) : (at: number) => text[at]!;
    const nextQuote = isText ? (at: number) => text.indexOf('"', at) : (at: number) => text.indexOf(0x22, at);
    for (let at = 0; at < text.length; at++) {
      const char = charAt(at);
      if (char === 0x22) {
        at = stringEnd(at, charAt, nextQuote);
        if (at < 0) break;
      } else if ((char === 0x2c || char === 0x5b || char === 0x7b) && --valuesLeft < 0) return true;
    }
  }
  return false;
}

/** The quote that ends the string which begins at `quote`; -1 where none does. */
function stringEnd(quote: number, charAt: (at: number) => number, nextQuote: (at: number) => number): number {
  for (let end = nextQuote(quote + 1); end >= 0; end = nextQuote(end + 1)) {
    let backslashes = 0;
    while (charAt(end - 1 - backslashes) === 0x5c) backslashes++;
    if (backslashes % 2 === 0) return end;
  }
  return -1;
}

/** Sets an own property whatever its name: plain assignment to `__proto__` would replace the prototype instead. */
export function setOwn(target: JsonObject, key: string, value: unknown): void {
  if (key === "__proto__") {
    Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
  } else {
    target[key] = value;
  }
}

/** An event or delta without its `known` members; null where only `type` and nulls remain. */
export function unknownMembers(source: JsonObject, ...known: readonly string[]): JsonObject | null {
  for (const name in source) {
    if (name !== "type" && source[name] !== null && !known.includes(name)) {
      return Object.fromEntries(Object.entries(source).filter(([member]) => !known.includes(member)));
    }
  }
  return null;
}

/**
 * The value as Postgres' `jsonb` accepts it: NUL characters and lone surrogates, which it rejects, become U+FFFD, in names too, and
 * numbers beyond a double (`1e400`), which JSON would turn into null, become texts. The same reference where there is no null and
 * nothing changes.
 */
export function storableJson<T>(value: T): T {
  // JSON.stringify writes these escapes for exactly those two; a literal backslash-u in a text only costs the walk.
  if (!/\\u(?:0000|d[89a-f])|null/.test(JSON.stringify(value) ?? "")) return value;
  return storable(value) as T;
}

function storable(value: unknown): unknown {
  if (typeof value === "string") return storableText(value);
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  if (Array.isArray(value)) return value.map(storable);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [storableText(key), storable(item)]));
}

function storableText(text: string): string {
  return text.replaceAll("\0", "\ufffd").toWellFormed();
}

function isTooDeep(text: string, maxDepth: number): boolean {
  // A text no longer than the limit cannot be deeper than it; most stream events return here.
  if (text.length <= maxDepth || !hasManyBrackets(text, maxDepth)) return false;
  let depth = 0;
  let inString = false;
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (inString) {
      if (char === 0x5c) at++;
      else if (char === 0x22) inString = false;
    } else if (char === 0x22) inString = true;
    else if (char === 0x5b || char === 0x7b) {
      if (++depth > maxDepth) return true;
    } else if (char === 0x5d || char === 0x7d) depth--;
  }
  return false;
}

/** True with more opening brackets than the depth limit, strings included; most texts have few. */
function hasManyBrackets(text: string, maxDepth: number): boolean {
  let count = 0;
  for (const bracket of ["{", "["])
    for (let at = text.indexOf(bracket); at >= 0; at = text.indexOf(bracket, at + 1))
      if (++count > maxDepth) return true;
  return false;
}
