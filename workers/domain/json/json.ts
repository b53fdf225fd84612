/**
 * JSON that strangers wrote, handled so that no input can throw, reach an object's prototype, or break whoever
 * serialises it later. Used by everything in domain/ that reads bodies.
 */

export type JsonObject = Record<string, unknown>;

/**
 * `JSON.stringify` and `structuredClone` recurse and overflow the stack between 3,000 and 5,000 levels, while `JSON.parse`
 * takes any depth. What is nested deeper than this is treated as unreadable, so that nobody downstream has to care.
 */
export const MAX_JSON_DEPTH = 1_000;

/** True for objects, not for arrays and null. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The parsed value, or undefined where the text is not JSON or is nested deeper than MAX_JSON_DEPTH. Never throws. */
export function parseJson(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  // Only now: most of what is not JSON (a file, a page) is refused at its first character.
  return isTooDeep(text) ? undefined : value;
}

/** Sets an own property whatever its name: plain assignment to `__proto__` would replace the prototype instead. */
export function setOwn(target: JsonObject, key: string, value: unknown): void {
  if (key === "__proto__") {
    Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
  } else {
    target[key] = value;
  }
}

/**
 * What is left of an event or delta once its placed members are taken out: the rest with its `type`, or null where nothing
 * but `type` and nulls is left.
 */
export function unknownMembers(source: JsonObject, ...placed: readonly string[]): JsonObject | null {
  for (const name in source) {
    if (name !== "type" && source[name] !== null && !placed.includes(name)) {
      return Object.fromEntries(Object.entries(source).filter(([member]) => !placed.includes(member)));
    }
  }
  return null;
}

/**
 * The value as Postgres' `jsonb` takes it: NUL characters (which it refuses) and lone surrogates (likewise) become U+FFFD,
 * in names too. The same reference where nothing had to change, which is practically always.
 */
export function storableJson<T>(value: T): T {
  // Escapes that JSON.stringify writes for exactly those two; a literal backslash-u in a text only costs the walk.
  if (!/\\u(?:0000|d[89a-f])/.test(JSON.stringify(value) ?? "")) return value;
  return storable(value) as T;
}

function storable(value: unknown): unknown {
  if (typeof value === "string") return storableText(value);
  if (Array.isArray(value)) return value.map(storable);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [storableText(key), storable(item)]));
}

function storableText(text: string): string {
  return text.replaceAll("\0", "\ufffd").toWellFormed();
}

function isTooDeep(text: string): boolean {
  // As many brackets must open as close, so a short text cannot be deep; most stream events end here.
  if (text.length <= MAX_JSON_DEPTH || !hasManyBrackets(text)) return false;
  let depth = 0;
  let inString = false;
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (inString) {
      if (char === 0x5c) at++;
      else if (char === 0x22) inString = false;
    } else if (char === 0x22) inString = true;
    else if (char === 0x5b || char === 0x7b) {
      if (++depth > MAX_JSON_DEPTH) return true;
    } else if (char === 0x5d || char === 0x7d) depth--;
  }
  return false;
}

/** Whether more brackets open than may be open at once, those in strings included: most texts have a handful. */
function hasManyBrackets(text: string): boolean {
  let count = 0;
  for (const bracket of ["{", "["])
    for (let at = text.indexOf(bracket); at >= 0; at = text.indexOf(bracket, at + 1))
      if (++count > MAX_JSON_DEPTH) return true;
  return false;
}
