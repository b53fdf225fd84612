/**
 * A copy of a body with its facts behind it (the format of store/journal), read in few large gulps: JavaScript per chunk is
 * what recording costs. All of it is kept up to the limit; beyond that the head, the end and a running hash.
 */
import { createHash, type Hash } from "node:crypto";
import { MAX_RECORDED_BODY_BYTES, RECORDED_HEAD_BYTES } from "../constants.ts";

export interface Gulped {
  /** The bytes in order: all of them, or with `hash` set the first RECORDED_HEAD_BYTES. */
  chunks: Uint8Array[];
  /** How many there were. */
  bytes: number;
  /** SHA-256 of everything before `end`; null while everything is in `chunks`. */
  hash: Hash | null;
  /** With `hash`: the last END_BYTES. */
  end: Uint8Array;
}

/** Small first, because most waiting copies are of a stream that has just begun and hold their buffer. */
const FIRST_GULP_BYTES = 16_384;
const LARGEST_GULP_BYTES = 1_048_576;
/** More than facts can take: URL 16 KB, headers 128 KB. */
const END_BYTES = 262_144;

/** Reads to the end. A stream that breaks loses what came of it: whoever sends a copy must end it instead. */
export async function gulp(body: ReadableStream): Promise<Gulped> {
  const reader = body.getReader({ mode: "byob" });
  const gulped: Gulped = { chunks: [], bytes: 0, hash: null, end: new Uint8Array(0) };
  let room = new Uint8Array(FIRST_GULP_BYTES);
  for (;;) {
    const size = room.length;
    const { value, done } = await reader.readAtLeast(size, room);
    if (value && value.length > 0) add(gulped, value);
    if (done || !value || value.length < size) return gulped;
    // What is only hashed is not kept: a file of any size is read through one buffer.
    const isFree = gulped.hash !== null && size === LARGEST_GULP_BYTES;
    room = isFree ? new Uint8Array(value.buffer) : new Uint8Array(Math.min(size * 4, LARGEST_GULP_BYTES));
  }
}

/** The last `length` bytes of a list of chunks (fewer when there are not so many), in one array. */
export function lastBytes(chunks: readonly Uint8Array[], length: number): Uint8Array {
  let from = chunks.length;
  for (let have = 0; from > 0 && have < length; from--) have += chunks[from - 1]?.length ?? 0;
  const bytes = joined(chunks.slice(from));
  return bytes.subarray(Math.max(0, bytes.length - length));
}

/** A list of chunks without what stands at or after `length`. */
export function firstBytes(chunks: readonly Uint8Array[], length: number): Uint8Array[] {
  const kept: Uint8Array[] = [];
  for (let left = length, index = 0; left > 0 && index < chunks.length; index++) {
    const chunk = chunks[index]?.subarray(0, left);
    if (!chunk) break;
    kept.push(chunk);
    left -= chunk.length;
  }
  return kept;
}

/** One array of several; the array itself when there is only one. */
export function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const [only] = chunks;
  if (chunks.length === 1 && only) return only;
  const all = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let offset = 0;
  for (const chunk of chunks) {
    all.set(chunk, offset);
    offset += chunk.length;
  }
  return all;
}

/** What of the bytes may hold the facts. */
export function endOf(gulped: Gulped): Uint8Array {
  return gulped.hash ? gulped.end : lastBytes(gulped.chunks, END_BYTES);
}

function add(gulped: Gulped, chunk: Uint8Array): void {
  gulped.bytes += chunk.length;
  if (gulped.hash) return hashAllButEnd(gulped, gulped.hash, chunk);
  gulped.chunks.push(chunk);
  if (gulped.bytes <= MAX_RECORDED_BODY_BYTES + END_BYTES) return;
  const hash = createHash("sha256");
  const all = gulped.chunks;
  gulped.hash = hash;
  gulped.chunks = [joined(firstBytes(all, RECORDED_HEAD_BYTES)).slice()]; // a copy, so that the large buffers can go
  for (const kept of all) hashAllButEnd(gulped, hash, kept);
}

function hashAllButEnd(gulped: Gulped, hash: Hash, chunk: Uint8Array): void {
  // A chunk that is an end by itself is not copied, but for that end.
  const tail = chunk.length >= END_BYTES ? chunk : joined([gulped.end, chunk]);
  if (tail === chunk) hash.update(gulped.end);
  const cut = Math.max(0, tail.length - END_BYTES);
  hash.update(tail.subarray(0, cut));
  gulped.end = tail.slice(cut);
}
