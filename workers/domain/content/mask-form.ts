/** Masks secrets in forms, urlencoded or multipart, with files of any size, by the names of fields. Linear in the size of the body. */
import { STEP_BYTES } from "../../runtime/constants.ts";
import type { Steps } from "../steps.ts";
import { isSecretPart, redactForm, redactQuery } from "../masking/redact.ts";
import { matchesAt } from "./json-scanner.ts";
import { FIELD_COST, type Findings, latin1Text, MASKED, maskRest, replace } from "./replacements.ts";

const AMPERSAND = 0x26;
const HYPHEN = 0x2d;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
/** A larger form is read field by field. */
const MAX_FORM_BYTES = 65_536;
/** A delimiter of parts: two hyphens, at most 70 characters (RFC 2046 5.1.1), and blanks. */
const MAX_DELIMITER_BYTES = 80;
/** The headers of a part, or a parameter that is read as text. */
const MAX_FIELD_HEAD_BYTES = 2_048;

/** Adds the secrets of a form; none of another body. */
export function* findFormSecrets(bytes: Uint8Array, found: Findings): Steps<void> {
  const { length } = bytes;
  if (length <= MAX_FORM_BYTES) {
    const text = latin1Text(bytes, 0, length);
    replace(bytes, { start: 0, end: length }, redactForm(text), found);
    return;
  }
  const lineEnd = endOfLine(bytes, 0);
  if (bytes[0] === HYPHEN && bytes[1] === HYPHEN && lineEnd <= MAX_DELIMITER_BYTES)
    yield* findInParts(bytes, latin1Text(bytes, 0, lineEnd).trimEnd().length, found);
  else if (/^[\w.%+[\]-]{1,200}=/.test(latin1Text(bytes, 0, 201)) && lineEnd >= length - 2)
    yield* findInParameters(bytes, found);
}

/** A delimiter begins a line, as the first one does. RFC 2046 5.1.1 */
function* findInParts(bytes: Uint8Array, delimiterLength: number, found: Findings): Steps<void> {
  const delimiter = bytes.subarray(0, delimiterLength);
  let at = 0;
  let stepEnd = STEP_BYTES;
  while (at < bytes.length && found.costLeft >= 0) {
    if (at > stepEnd) {
      yield;
      stepEnd = at + STEP_BYTES;
    }
    const head = matchesAt(bytes, at, delimiter) ? headOfPart(bytes, at, found) : "";
    if (head === "") {
      at = afterLine(bytes, at);
      continue;
    }
    const start = at + head.length;
    at = start;
    if (found.costLeft < 0 || !isSecretPart(head)) continue;
    while (at < bytes.length && !matchesAt(bytes, at, delimiter)) at = afterLine(bytes, at);
    const end = at < bytes.length ? withoutLineBreak(bytes, start, at) : at;
    if (end > start) replace(bytes, { start, end }, MASKED, found);
    // The rest is masked with this value, so that masking it again changes nothing.
    if (found.costLeft < 0) {
      found.parts.at(-1)!.end = bytes.length;
      return;
    }
  }
  maskRest(bytes, at, bytes.length, found);
}

/** A part's delimiter and headers, which end with an empty line; empty where there is none near. */
function headOfPart(bytes: Uint8Array, at: number, found: Findings): string {
  found.costLeft -= FIELD_COST;
  const text = latin1Text(bytes, at, at + MAX_FIELD_HEAD_BYTES);
  return /^[^\r\n]*\r?\n(?:[^\r\n]+\r?\n)*\r?\n/.exec(text)?.[0] ?? "";
}

function* findInParameters(bytes: Uint8Array, found: Findings): Steps<void> {
  let start = 0;
  let stepEnd = STEP_BYTES;
  while (start < bytes.length && found.costLeft >= 0) {
    if (start > stepEnd) {
      yield;
      stepEnd = start + STEP_BYTES;
    }
    const next = bytes.indexOf(AMPERSAND, start);
    const end = next < 0 ? bytes.length : next;
    found.costLeft -= FIELD_COST;
    const head = latin1Text(bytes, start, Math.min(end, start + MAX_FIELD_HEAD_BYTES));
    const masked = redactQuery(head);
    if (masked !== head) replace(bytes, { start, end }, masked, found);
    start = end + 1;
  }
  maskRest(bytes, start, bytes.length, found);
}

/** Where the line at `from` ends. */
const endOfLine = (bytes: Uint8Array, from: number): number =>
  withoutLineBreak(bytes, from, afterLine(bytes, from));

/** `end`, or where the line break before it begins. */
function withoutLineBreak(bytes: Uint8Array, from: number, end: number): number {
  if (bytes[end - 1] !== LINE_FEED) return end;
  return Math.max(from, bytes[end - 2] === CARRIAGE_RETURN ? end - 2 : end - 1);
}

/** Where the line after the one at `from` begins. Calling `indexOf` takes longer than a short line. */
function afterLine(bytes: Uint8Array, from: number): number {
  let at = from;
  while (at < bytes.length && bytes[at] !== LINE_FEED) at++;
  return Math.min(at + 1, bytes.length);
}
