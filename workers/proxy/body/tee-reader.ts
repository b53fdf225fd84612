/**
 * Copies of bodies, read in few large gulps: JavaScript per chunk is what recording costs. All of a body is kept up to the
 * limit; beyond that the head, the end and a running hash.
 */
import { createHash, type Hash } from "node:crypto";
import { MAX_RECORDED_BODY_BYTES, RECORDED_HEAD_BYTES } from "../../runtime/constants.ts";
import { concat } from "../../domain/bytes.ts";
import { timeoutOrNull } from "../../store/db/timeout.ts";

export interface BufferedBody {
  /** The bytes in order: all of them, or with `hash` set the first RECORDED_HEAD_BYTES. */
  chunks: Uint8Array[];
  /** How many there were. */
  bytes: number;
  /** SHA-256 of everything before `end`; null while everything is in `chunks`. */
  hash: Hash | null;
  /** With `hash`: the last END_BYTES. */
  tail: Uint8Array;
}

/** What came of a branch. */
export interface TeeReadResult {
  buffered: BufferedBody;
  /** What the body broke off with; null when it ended. What came before is in `gulped` either way. */
  error: unknown;
}

/** Small first, because most waiting copies are of a stream that has just begun and hold their buffer. */
const FIRST_READ_BYTES = 16_384;
const MAX_READ_BYTES = 1_048_576;
/** How often a branch is looked after, and how much is fetched of it: more than a model says meanwhile. */
const DRAIN_INTERVAL_MS = 5_000;
const DRAIN_READ_BYTES = 16_384;
const MAX_DRAINED_BYTES = 1_048_576;
/** What is read as it comes runs ahead of a client that is slow, which keeps it in memory twice; no model has said as much. */
const MAX_TIMED_BYTES = 8_388_608;
/** More than facts can take: URL 16 KB, headers 128 KB. */
const TAIL_BYTES = 262_144;

/** Reads to the end. A stream that breaks loses what came of it: whoever sends a copy must end it instead. */
export async function readToEnd(body: ReadableStream): Promise<BufferedBody> {
  const gulped = emptyBody();
  await readRest(body.getReader({ mode: "byob" }), gulped);
  return gulped;
}

/**
 * Reads one branch of a tee whose other branch goes to the client. A gulp that waits for bytes would make the tee wait for
 * them too, and the client with it; so the copy lies in the tee, which costs nothing per event, until the client has its own
 * (`served`) and `rested` resolves. What a long stream has left there is fetched now and then, because only what is seen here
 * can be cut at the limit. With `came` the copy is read as it comes instead, up to MAX_WATCHED_BYTES, and `came` told each time how
 * many bytes there are.
 */
export async function readTeeBranch(
  branch: ReadableStream,
  served: Promise<boolean>,
  delayElapsed: Promise<unknown>,
  onChunk?: (bytes: number) => void,
): Promise<TeeReadResult> {
  const reader = branch.getReader({ mode: "byob" });
  const gulped = emptyBody();
  try {
    if (onChunk && (await readTimed(reader, gulped, onChunk))) {
      if (await served) await delayElapsed;
      return { buffered: gulped, error: null };
    }
    while ((await timeoutOrNull(DRAIN_INTERVAL_MS, served)) === null)
      if (await drainAvailable(reader, gulped)) return { buffered: gulped, error: null };
    if (await served) {
      await delayElapsed;
      await readRest(reader, gulped);
    } else {
      // A gulp that breaks would take with it what it had.
      while (!(await drainAvailable(reader, gulped)));
    }
    return { buffered: gulped, error: null };
  } catch (thrown) {
    return { buffered: gulped, error: thrown ?? new Error("broken") };
  }
}

/** Reads until nothing is left lying, or a good deal has been read, or the end. Resolves with whether that was the end. */
async function drainAvailable(reader: ReadableStreamBYOBReader, gulped: BufferedBody): Promise<boolean> {
  for (let left = MAX_DRAINED_BYTES; left > 0; left -= DRAIN_READ_BYTES) {
    const { value, done } = await reader.read(new Uint8Array(DRAIN_READ_BYTES));
    // A view of a larger buffer keeps all of it.
    if (value && value.length > 0) append(gulped, value.length < DRAIN_READ_BYTES ? value.slice() : value);
    if (done) return true;
    if (value.length < DRAIN_READ_BYTES) return false;
  }
  return false;
}

/** Reads piece by piece. Resolves with whether that was the end, or only MAX_WATCHED_BYTES. */
async function readTimed(
  reader: ReadableStreamBYOBReader,
  gulped: BufferedBody,
  came: (bytes: number) => void,
): Promise<boolean> {
  // Pieces are small: they are gathered, and what is gathered must not be in the buffer that a breaking read takes with it.
  let gathered = new Uint8Array(DRAIN_READ_BYTES);
  let filled = 0;
  let room = new Uint8Array(DRAIN_READ_BYTES);
  const empty = () => {
    if (filled > 0) append(gulped, gathered.subarray(0, filled));
    gathered = new Uint8Array(DRAIN_READ_BYTES);
    filled = 0;
  };
  try {
    while (gulped.bytes < MAX_TIMED_BYTES) {
      const { value, done } = await reader.read(room);
      if (value && value.length > 0) {
        if (filled + value.length > DRAIN_READ_BYTES) empty();
        gathered.set(value, filled);
        filled += value.length;
        came(gulped.bytes + filled);
      }
      if (done) return true;
      room = new Uint8Array(value.buffer);
    }
    return false;
  } finally {
    empty();
  }
}

async function readRest(reader: ReadableStreamBYOBReader, gulped: BufferedBody): Promise<void> {
  let room = new Uint8Array(FIRST_READ_BYTES);
  for (;;) {
    const size = room.length;
    const { value, done } = await reader.readAtLeast(size, room);
    if (value && value.length > 0) append(gulped, value);
    if (done || !value || value.length < size) return;
    // What is only hashed is not kept: a file of any size is read through one buffer.
    const isFree = gulped.hash !== null && size === MAX_READ_BYTES;
    room = isFree ? new Uint8Array(value.buffer) : new Uint8Array(Math.min(size * 4, MAX_READ_BYTES));
  }
}

const emptyBody = (): BufferedBody => ({ chunks: [], bytes: 0, hash: null, tail: new Uint8Array(0) });

/** The last `length` bytes of a list of chunks (fewer when there are not so many), in one array. */
export function lastBytes(chunks: readonly Uint8Array[], length: number): Uint8Array {
  let from = chunks.length;
  for (let have = 0; from > 0 && have < length; from--) have += chunks[from - 1]?.length ?? 0;
  const bytes = concat(chunks.slice(from));
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

/** What of the bytes may hold the facts. */
export function tailOf(gulped: BufferedBody): Uint8Array {
  return gulped.hash ? gulped.tail : lastBytes(gulped.chunks, TAIL_BYTES);
}

function append(gulped: BufferedBody, chunk: Uint8Array): void {
  gulped.bytes += chunk.length;
  if (gulped.hash) return hashAllButTail(gulped, gulped.hash, chunk);
  gulped.chunks.push(chunk);
  if (gulped.bytes <= MAX_RECORDED_BODY_BYTES + TAIL_BYTES) return;
  const hash = createHash("sha256");
  const all = gulped.chunks;
  gulped.hash = hash;
  gulped.chunks = [concat(firstBytes(all, RECORDED_HEAD_BYTES)).slice()]; // a copy, so that the large buffers can go
  for (const kept of all) hashAllButTail(gulped, hash, kept);
}

function hashAllButTail(gulped: BufferedBody, hash: Hash, chunk: Uint8Array): void {
  // A chunk that is an end by itself is not copied, but for that end.
  const tail = chunk.length >= TAIL_BYTES ? chunk : concat([gulped.tail, chunk]);
  if (tail === chunk) hash.update(gulped.tail);
  const cut = Math.max(0, tail.length - TAIL_BYTES);
  hash.update(tail.subarray(0, cut));
  gulped.tail = tail.slice(cut);
}
