/**
 * Parts of a body and what replaces them, found by mask-secrets.ts, mask-url.ts and mask-form.ts. What finding them may cost is
 * limited: a body of 31 MB can hold two million secrets, which as objects take more memory than an isolate has.
 */
import { Buffer } from "node:buffer";

/** A part of a body and what replaces it, ascending and without overlap. */
export interface Replacement {
  start: number;
  end: number;
  text: string;
}

export interface Findings {
  parts: Replacement[];
  /** Negative: the search has ended early. */
  costLeft: number;
}

export const MASKED = "***";
/** In bytes of memory by estimate: about 10,000 secrets. */
const MAX_COST = 1_048_576;
const PART_COST = 80;
/** The time of reading them, so that about 10,000 fields of a form, 100,000 URLs and a million names are read. */
export const FIELD_COST = 100;
export const URL_COST = 10;
export const NAME_COST = 1;

export const noFindings = (): Findings => ({ parts: [], costLeft: MAX_COST });

/** Adds a part unless it is empty, or is the text already. */
export function replace(
  bytes: Uint8Array,
  { start, end }: Pick<Replacement, "start" | "end">,
  text: string,
  found: Findings,
): void {
  const isSame = end - start === text.length && latin1Text(bytes, start, end) === text;
  if (end <= start || isSame) return;
  found.parts.push({ start, end, text });
  found.costLeft -= PART_COST + text.length;
}

/** Masks all that follows where the search has ended early at `start`. */
export function maskRest(bytes: Uint8Array, start: number, end: number, found: Findings): void {
  if (found.costLeft >= 0) return;
  replace(bytes, { start: Math.max(start, found.parts.at(-1)?.end ?? 0), end }, MASKED, found);
}

/** A copy with the parts replaced; the same bytes where there are none. */
export function replaceParts(bytes: Uint8Array, parts: readonly Replacement[]): Uint8Array {
  if (parts.length === 0) return bytes;
  const size = parts.reduce((sum, { start, end, text }) => sum + text.length - (end - start), bytes.length);
  const replaced = (Buffer as BufferConstructor).alloc(size);
  let from = 0;
  let at = 0;
  for (const { start, end, text } of parts) {
    replaced.set(bytes.subarray(from, start), at);
    at += start - from;
    at += replaced.write(text, at, "latin1");
    from = end;
  }
  replaced.set(bytes.subarray(from), at);
  return new Uint8Array(replaced.buffer, replaced.byteOffset, size);
}

/** The bytes as a text of as many characters, so that bytes that are not UTF-8 are kept. (A decoder of "latin1" reads Windows-1252.) */
export function latin1Text({ buffer, byteOffset, length }: Uint8Array, start: number, end: number): string {
  const size = Math.max(0, Math.min(end, length) - start);
  return (Buffer as BufferConstructor).from(buffer, byteOffset + start, size).toString("latin1");
}
