/**
 * Reads copies of bodies in few large reads, because recording costs JavaScript per chunk. A body is buffered whole up to the
 * limit, and as long as all bodies of the isolate together fit; of another one the head, the tail and a running hash are kept.
 */
import { createHash, type Hash } from "node:crypto";
import { MAX_RECORDED_BODY_BYTES, RECORDED_HEAD_BYTES } from "../../runtime/constants.ts";
import { concat } from "../../domain/bytes.ts";
import { timeoutOrNull } from "../../runtime/timeout.ts";
import { holdBytes, isMemoryShort, releaseBytes } from "./held-bytes.ts";

export interface BufferedBody {
  /** The bytes in order: all of them, or with `hash` set the first RECORDED_HEAD_BYTES. */
  chunks: Uint8Array[];
  /** Bytes read in all. */
  bytes: number;
  /** SHA-256 of everything before `tail`; null while everything is in `chunks`. */
  hash: Hash | null;
  /** With `hash`: the last TAIL_BYTES. */
  tail: Uint8Array;
  /** What it counts in held-bytes.ts. */
  held: number;
}

export interface TeeReadResult {
  /** What was read, up to the error if there was one. */
  buffered: BufferedBody;
  /** The error of the stream; null when it ended. */
  error: unknown;
}

/** Small, because most pending reads are of a stream that has just begun, and a read holds its buffer. */
const FIRST_READ_BYTES = 16_384;
const MAX_READ_BYTES = 1_048_576;
/** Interval of draining a branch, and how much is drained at once: more than a model writes in that time. */
const DRAIN_INTERVAL_MS = 5_000;
const DRAIN_READ_BYTES = 16_384;
const MAX_DRAINED_BYTES = 1_048_576;
/** A timed stream is read ahead of a slow client, which buffers it twice; no model has written as much. */
const MAX_TIMED_BYTES = 8_388_608;
/** More than a metadata trailer can take: URL 16 KB, headers 128 KB. */
const TAIL_BYTES = 262_144;

/** To be called once when a body is stored, or is not going to be. */
export function releaseBody(buffered: BufferedBody): void {
  releaseBytes(buffered.held);
  buffered.held = 0;
}

/** Reads to the end. A stream that errors loses what was read of it, so the sender of a copy must close it instead. */
export async function readToEnd(body: ReadableStream): Promise<BufferedBody> {
  const buffered = emptyBody();
  try {
    await readRest(body.getReader({ mode: "byob" }), buffered);
    return buffered;
  } catch (thrown) {
    releaseBody(buffered);
    throw thrown;
  }
}

/**
 * Reads the archive's branch of a tee whose other branch goes to the client. A pending read makes the tee wait for bytes, and the client
 * with it; so the copy stays in the tee, which costs nothing per event, until the client has all of it (`served`) and `delayElapsed` resolves.
 * A long stream is drained at intervals, because only what is read here can be cut at the limit. With `onChunk` the copy
 * is read as it comes instead, up to MAX_TIMED_BYTES, and `onChunk` is called with the number of bytes so far.
 */
export async function readTeeBranch(
  branch: ReadableStream,
  served: Promise<boolean>,
  delayElapsed: Promise<unknown>,
  onChunk?: (bytes: number) => void,
): Promise<TeeReadResult> {
  const reader = branch.getReader({ mode: "byob" });
  const buffered = emptyBody();
  try {
    if (onChunk && (await readTimed(reader, buffered, onChunk))) {
      if (await served) await delayElapsed;
      return { buffered, error: null };
    }
    while ((await timeoutOrNull(DRAIN_INTERVAL_MS, served)) === null)
      if (await drainAvailable(reader, buffered)) return { buffered, error: null };
    if (await served) {
      await delayElapsed;
      await readRest(reader, buffered);
    } else {
      // A large read that errors would lose the bytes it has.
      while (!(await drainAvailable(reader, buffered)));
    }
    return { buffered, error: null };
  } catch (thrown) {
    return { buffered, error: thrown ?? new Error("broken") };
  }
}

/** Reads until nothing is available, MAX_DRAINED_BYTES are read, or the stream ends. Resolves with whether it ended. */
async function drainAvailable(reader: ReadableStreamBYOBReader, buffered: BufferedBody): Promise<boolean> {
  for (let left = MAX_DRAINED_BYTES; left > 0; left -= DRAIN_READ_BYTES) {
    const { value, done } = await reader.read(new Uint8Array(DRAIN_READ_BYTES));
    // A view would keep its whole buffer alive.
    if (value && value.length > 0) append(buffered, value.length < DRAIN_READ_BYTES ? value.slice() : value);
    if (done) return true;
    if (value.length < DRAIN_READ_BYTES) return false;
  }
  return false;
}

/** Reads chunk by chunk. Resolves with true at the end of the stream, with false after MAX_TIMED_BYTES. */
async function readTimed(
  reader: ReadableStreamBYOBReader,
  buffered: BufferedBody,
  onChunk: (bytes: number) => void,
): Promise<boolean> {
  // Chunks are small, so they are copied together; the copy must not be in the buffer that a failing read takes with it.
  let block = new Uint8Array(DRAIN_READ_BYTES);
  let filled = 0;
  let buffer = new Uint8Array(DRAIN_READ_BYTES);
  const flush = () => {
    if (filled > 0) append(buffered, block.subarray(0, filled));
    block = new Uint8Array(DRAIN_READ_BYTES);
    filled = 0;
  };
  try {
    while (buffered.bytes < MAX_TIMED_BYTES) {
      const { value, done } = await reader.read(buffer);
      if (value && value.length > 0) {
        if (filled + value.length > DRAIN_READ_BYTES) flush();
        block.set(value, filled);
        filled += value.length;
        onChunk(buffered.bytes + filled);
      }
      if (done) return true;
      buffer = new Uint8Array(value.buffer);
    }
    return false;
  } finally {
    flush();
  }
}

async function readRest(reader: ReadableStreamBYOBReader, buffered: BufferedBody): Promise<void> {
  let buffer = new Uint8Array(FIRST_READ_BYTES);
  for (;;) {
    const size = buffer.length;
    const { value, done } = await reader.readAtLeast(size, buffer);
    if (value && value.length > 0) append(buffered, value);
    if (done || !value || value.length < size) return;
    // Bytes that are only hashed are not kept, so a file of any size is read through one buffer.
    const isReusable = buffered.hash !== null && size === MAX_READ_BYTES;
    buffer = isReusable ? new Uint8Array(value.buffer) : new Uint8Array(Math.min(size * 4, MAX_READ_BYTES));
  }
}

const emptyBody = (): BufferedBody => ({
  chunks: [],
  bytes: 0,
  hash: null,
  tail: new Uint8Array(0),
  held: 0,
});

/** The last `length` bytes of a list of chunks (fewer when there are fewer), in one array. */
export function lastBytes(chunks: readonly Uint8Array[], length: number): Uint8Array {
  let from = chunks.length;
  for (let have = 0; from > 0 && have < length; from--) have += chunks[from - 1]?.length ?? 0;
  const bytes = concat(chunks.slice(from));
  return bytes.subarray(Math.max(0, bytes.length - length));
}

/** The first `length` bytes of a list of chunks. */
export function firstBytes(chunks: readonly Uint8Array[], length: number): Uint8Array[] {
  const first: Uint8Array[] = [];
  for (let left = length, index = 0; left > 0 && index < chunks.length; index++) {
    const chunk = chunks[index]?.subarray(0, left);
    if (!chunk) break;
    first.push(chunk);
    left -= chunk.length;
  }
  return first;
}

/** The end of the body, where a metadata trailer is. */
export function tailOf(buffered: BufferedBody): Uint8Array {
  return buffered.hash ? buffered.tail : lastBytes(buffered.chunks, TAIL_BYTES);
}

function append(buffered: BufferedBody, chunk: Uint8Array): void {
  buffered.bytes += chunk.length;
  if (buffered.hash) return hashAllButTail(buffered, buffered.hash, chunk);
  buffered.chunks.push(chunk);
  buffered.held += chunk.length;
  holdBytes(chunk.length);
  const isTooLarge = buffered.bytes > MAX_RECORDED_BODY_BYTES + TAIL_BYTES;
  // The head of a body, and so a small one, always fits.
  const isTooMuch = buffered.bytes > RECORDED_HEAD_BYTES + TAIL_BYTES && isMemoryShort();
  if (!isTooLarge && !isTooMuch) return;
  const hash = createHash("sha256");
  const all = buffered.chunks;
  buffered.hash = hash;
  buffered.chunks = [concat(firstBytes(all, RECORDED_HEAD_BYTES)).slice()]; // a copy, so that the large buffers can be freed
  for (const one of all) hashAllButTail(buffered, hash, one);
  releaseBytes(buffered.held - RECORDED_HEAD_BYTES);
  buffered.held = RECORDED_HEAD_BYTES;
}

function hashAllButTail(buffered: BufferedBody, hash: Hash, chunk: Uint8Array): void {
  // Of a chunk as long as the tail, only its own tail is copied.
  const joined = chunk.length >= TAIL_BYTES ? chunk : concat([buffered.tail, chunk]);
  if (joined === chunk) hash.update(buffered.tail);
  const cut = Math.max(0, joined.length - TAIL_BYTES);
  hash.update(joined.subarray(0, cut));
  buffered.tail = joined.slice(cut);
}
