/**
 * Copies of bodies, read in few large gulps: JavaScript per chunk is what recording costs. All of a body is kept up to the
 * limit; beyond that the head, the end and a running hash.
 */
import { createHash, type Hash } from "node:crypto";
import { MAX_RECORDED_BODY_BYTES, RECORDED_HEAD_BYTES } from "../../runtime/constants.ts";
import { concat } from "../../domain/bytes.ts";
import { timeoutOrNull } from "../../store/db/timeout.ts";

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

/** What came of a branch. */
export interface Taken {
  gulped: Gulped;
  /** What the body broke off with; null when it ended. What came before is in `gulped` either way. */
  broken: unknown;
}

/** Small first, because most waiting copies are of a stream that has just begun and hold their buffer. */
const FIRST_GULP_BYTES = 16_384;
const LARGEST_GULP_BYTES = 1_048_576;
/** How often a branch is looked after, and how much is fetched of it: more than a model says meanwhile. */
const FETCH_INTERVAL_MS = 5_000;
const FETCH_BYTES = 16_384;
const MAX_FETCHED_BYTES = 1_048_576;
/** What is read as it comes runs ahead of a client that is slow, which keeps it in memory twice; no model has said as much. */
const MAX_WATCHED_BYTES = 8_388_608;
/** More than facts can take: URL 16 KB, headers 128 KB. */
const END_BYTES = 262_144;

/** Reads to the end. A stream that breaks loses what came of it: whoever sends a copy must end it instead. */
export async function gulp(body: ReadableStream): Promise<Gulped> {
  const gulped = nothing();
  await gulpRest(body.getReader({ mode: "byob" }), gulped);
  return gulped;
}

/**
 * Reads one branch of a tee whose other branch goes to the client. A gulp that waits for bytes would make the tee wait for
 * them too, and the client with it; so the copy lies in the tee, which costs nothing per event, until the client has its own
 * (`served`) and `rested` resolves. What a long stream has left there is fetched now and then, because only what is seen here
 * can be cut at the limit. With `came` the copy is read as it comes instead, up to MAX_WATCHED_BYTES, and `came` told each time how
 * many bytes there are.
 */
export async function gulpBranch(
  branch: ReadableStream,
  served: Promise<boolean>,
  rested: Promise<unknown>,
  came?: (bytes: number) => void,
): Promise<Taken> {
  const reader = branch.getReader({ mode: "byob" });
  const gulped = nothing();
  try {
    if (came && (await watch(reader, gulped, came))) {
      if (await served) await rested;
      return { gulped, broken: null };
    }
    while ((await timeoutOrNull(FETCH_INTERVAL_MS, served)) === null)
      if (await fetchWhatLies(reader, gulped)) return { gulped, broken: null };
    if (await served) {
      await rested;
      await gulpRest(reader, gulped);
    } else {
      // A gulp that breaks would take with it what it had.
      while (!(await fetchWhatLies(reader, gulped)));
    }
    return { gulped, broken: null };
  } catch (thrown) {
    return { gulped, broken: thrown ?? new Error("broken") };
  }
}

/** Reads until nothing is left lying, or a good deal has been read, or the end. Resolves with whether that was the end. */
async function fetchWhatLies(reader: ReadableStreamBYOBReader, gulped: Gulped): Promise<boolean> {
  for (let left = MAX_FETCHED_BYTES; left > 0; left -= FETCH_BYTES) {
    const { value, done } = await reader.read(new Uint8Array(FETCH_BYTES));
    // A view of a larger buffer keeps all of it.
    if (value && value.length > 0) add(gulped, value.length < FETCH_BYTES ? value.slice() : value);
    if (done) return true;
    if (value.length < FETCH_BYTES) return false;
  }
  return false;
}

/** Reads piece by piece. Resolves with whether that was the end, or only MAX_WATCHED_BYTES. */
async function watch(
  reader: ReadableStreamBYOBReader,
  gulped: Gulped,
  came: (bytes: number) => void,
): Promise<boolean> {
  // Pieces are small: they are gathered, and what is gathered must not be in the buffer that a breaking read takes with it.
  let gathered = new Uint8Array(FETCH_BYTES);
  let filled = 0;
  let room = new Uint8Array(FETCH_BYTES);
  const empty = () => {
    if (filled > 0) add(gulped, gathered.subarray(0, filled));
    gathered = new Uint8Array(FETCH_BYTES);
    filled = 0;
  };
  try {
    while (gulped.bytes < MAX_WATCHED_BYTES) {
      const { value, done } = await reader.read(room);
      if (value && value.length > 0) {
        if (filled + value.length > FETCH_BYTES) empty();
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

async function gulpRest(reader: ReadableStreamBYOBReader, gulped: Gulped): Promise<void> {
  let room = new Uint8Array(FIRST_GULP_BYTES);
  for (;;) {
    const size = room.length;
    const { value, done } = await reader.readAtLeast(size, room);
    if (value && value.length > 0) add(gulped, value);
    if (done || !value || value.length < size) return;
    // What is only hashed is not kept: a file of any size is read through one buffer.
    const isFree = gulped.hash !== null && size === LARGEST_GULP_BYTES;
    room = isFree ? new Uint8Array(value.buffer) : new Uint8Array(Math.min(size * 4, LARGEST_GULP_BYTES));
  }
}

const nothing = (): Gulped => ({ chunks: [], bytes: 0, hash: null, end: new Uint8Array(0) });

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
  gulped.chunks = [concat(firstBytes(all, RECORDED_HEAD_BYTES)).slice()]; // a copy, so that the large buffers can go
  for (const kept of all) hashAllButEnd(gulped, hash, kept);
}

function hashAllButEnd(gulped: Gulped, hash: Hash, chunk: Uint8Array): void {
  // A chunk that is an end by itself is not copied, but for that end.
  const tail = chunk.length >= END_BYTES ? chunk : concat([gulped.end, chunk]);
  if (tail === chunk) hash.update(gulped.end);
  const cut = Math.max(0, tail.length - END_BYTES);
  hash.update(tail.subarray(0, cut));
  gulped.end = tail.slice(cut);
}
