/**
 * The Recorder entrypoint writes copies of bodies to the journal. workers/proxy sends them to it so that the runtime pumps them without
 * JavaScript. Reachable only through `ctx.exports`.
 */
import { WorkerEntrypoint } from "cloudflare:workers";
import { createHash, type Hash } from "node:crypto";
import { MAX_RECORDED_BODY_BYTES, RECORDED_HEAD_BYTES } from "../../runtime/constants.ts";
import { errorText, log } from "../../runtime/log.ts";
import { withRetry } from "../../runtime/retry.ts";
import { withTimeout } from "../../runtime/timeout.ts";
import type { BodyMetadata } from "../../schemas/exchange.ts";
import {
  joinSmallObject,
  journalKey,
  journalTrailer,
  putJournalObject,
  splitJournalObject,
  type JournalPart,
} from "../../store/journal/objects.ts";
import { holdBytes, holdUntilWritten, isMemoryFull, releaseBytes } from "../body/held-bytes.ts";
import { type BufferedBody, firstBytes, readToEnd, releaseBody, tailOf } from "../body/tee-reader.ts";

/** The result of storing one part of an exchange. */
export interface StoredPart {
  isStored: boolean;
  /** Size of its journal object; 0 when not stored. */
  journalBytes: number;
  body: BodyMetadata;
}

/** Metadata as it follows a body; only these fields are read here. */
interface Trailer {
  id: string;
  /** Absent: the body is whole, unless it is too large. `none`: drop the bytes. `head`: the body was cut short on its way. */
  body?: BodyMetadata;
}

/**
 * Delays before the second and third attempt. With the timeouts of three attempts, and those of the queue after them, this stays within the 30 s
 * that `waitUntil` allows after the response has ended.
 */
const PUT_RETRY_DELAYS_MS = [300, 1_500];
const PUT_TIMEOUT_MS = 4_000;
/** Extra time for large bodies; R2 takes far more than this per millisecond. */
const PUT_BYTES_PER_MS = 8_192;

export class Recorder extends WorkerEntrypoint<Env> {
  override async fetch(request: Request): Promise<Response> {
    const recorded = record(request, this.env);
    this.ctx.waitUntil(recorded.catch(() => undefined)); // continues after the caller has ended
    return recorded;
  }
}

/** Reads a copy to its end and stores it. Responds with a StoredPart; rejects when the copy failed or has no valid trailer. */
export async function record(request: Request, env: Pick<Env, "JOURNAL">): Promise<Response> {
  const part: JournalPart = new URL(request.url).pathname === "/request" ? "request" : "response";
  if (!request.body) throw new TypeError("the recorder needs a body");
  const copy = await readToEnd(request.body);
  try {
    return Response.json(await storeCopy(env.JOURNAL, part, copy));
  } finally {
    releaseBody(copy);
  }
}

/** Stores a part whose body is in memory. Does not reject when R2 fails. */
export async function storeBytes(
  bucket: R2Bucket,
  part: JournalPart,
  metadata: Trailer,
  bytes: Uint8Array,
  retryDelays: readonly number[] = PUT_RETRY_DELAYS_MS,
): Promise<StoredPart> {
  const body: BodyMetadata = metadata.body ?? { recorded: "whole", bytes: bytes.length, sha256: null };
  holdBytes(bytes.length);
  return put(
    bucket,
    part,
    metadata.id,
    body,
    [bytes, journalTrailer({ ...metadata, body })],
    retryDelays,
  ).finally(() => releaseBytes(bytes.length));
}

/** Stores a part whose body was read beside the client's stream; empties its `chunks`. Does not reject when R2 fails. */
export function storeBody(
  bucket: R2Bucket,
  part: JournalPart,
  metadata: Trailer,
  { chunks, bytes, hash, tail }: Omit<BufferedBody, "held">,
): Promise<StoredPart> {
  if (metadata.body?.recorded === "none") return storeWithoutBody(bucket, part, metadata, bytes);
  if (hash) return storeHead(bucket, part, metadata, { chunks, bytes, hash, unhashed: [tail] });
  if (metadata.body || bytes > MAX_RECORDED_BODY_BYTES)
    return storeHead(bucket, part, metadata, { chunks, bytes, hash: createHash("sha256"), unhashed: chunks });
  const body: BodyMetadata = { recorded: "whole", bytes, sha256: null };
  return put(bucket, part, metadata.id, body, [...chunks.splice(0), journalTrailer({ ...metadata, body })]);
}

/** Stores a copy that ends with its trailer. */
async function storeCopy(bucket: R2Bucket, part: JournalPart, copy: BufferedBody): Promise<StoredPart> {
  const split = splitJournalObject(tailOf(copy));
  const metadata = JSON.parse(new TextDecoder().decode(split.metadata)) as Trailer;
  const bytes = copy.bytes - split.trailerBytes;
  const isWhole = !metadata.body && !copy.hash && bytes <= MAX_RECORDED_BODY_BYTES;
  if (isWhole)
    return put(bucket, part, metadata.id, { recorded: "whole", bytes, sha256: null }, copy.chunks.splice(0));
  const chunks = copy.hash ? copy.chunks : firstBytes(copy.chunks, bytes);
  return storeBody(bucket, part, metadata, { chunks, bytes, hash: copy.hash, tail: split.body });
}

function storeWithoutBody(
  bucket: R2Bucket,
  part: JournalPart,
  metadata: Trailer,
  bytes: number,
): Promise<StoredPart> {
  const body: BodyMetadata = { recorded: "none", bytes, sha256: null };
  return put(bucket, part, metadata.id, body, [journalTrailer({ ...metadata, body })]);
}

/** `unhashed`: the bytes that `hash` does not cover yet. */
function storeHead(
  bucket: R2Bucket,
  part: JournalPart,
  metadata: Trailer,
  {
    chunks,
    bytes,
    hash,
    unhashed,
  }: { chunks: Uint8Array[]; bytes: number; hash: Hash; unhashed: Uint8Array[] },
): Promise<StoredPart> {
  for (const chunk of unhashed) hash.update(chunk);
  const body: BodyMetadata = { recorded: "head", bytes, sha256: hash.digest("hex") };
  const head = firstBytes(chunks, bytes > MAX_RECORDED_BODY_BYTES ? RECORDED_HEAD_BYTES : bytes);
  chunks.length = 0;
  return put(bucket, part, metadata.id, body, [...head, journalTrailer({ ...metadata, body })]);
}

async function put(
  bucket: R2Bucket,
  part: JournalPart,
  id: string,
  body: BodyMetadata,
  chunks: Uint8Array[],
  retryDelays: readonly number[] = PUT_RETRY_DELAYS_MS,
): Promise<StoredPart> {
  const object = joinSmallObject(chunks);
  const write = () => putJournalObject(bucket, journalKey(id, part), object);
  const journalBytes = await putWithRetry({ id, part }, body.bytes, write, retryDelays);
  return journalBytes === null
    ? { isStored: false, journalBytes: 0, body: { ...body, recorded: "none" } }
    : { isStored: true, journalBytes, body };
}

/**
 * Writes `bytes` bytes, which the caller holds (held-bytes.ts), to the journal in several attempts. Never rejects: null when R2 took
 * none, or when it takes less than comes. `fields` go into the log.
 */
export async function putWithRetry<T>(
  fields: Record<string, string | number>,
  bytes: number,
  write: () => Promise<T>,
  retryDelays: readonly number[] = PUT_RETRY_DELAYS_MS,
): Promise<T | null> {
  if (isMemoryFull()) {
    log.error("recorder: not written, because too many bytes wait for R2", { ...fields, bytes });
    return null;
  }
  const writing = new Set<Promise<unknown>>();
  // A put that completes after its timeout is harmless: same key, same bytes.
  const attempt = () => {
    const written = write();
    writing.add(written);
    const end = () => writing.delete(written);
    written.then(end, end);
    return withTimeout(PUT_TIMEOUT_MS + bytes / PUT_BYTES_PER_MS, written);
  };
  const result = await withRetry(retryDelays, attempt, (thrown, attempt) =>
    log.warn("recorder: R2 put failed", { ...fields, attempt, error: errorText(thrown) }),
  ).catch(() => null);
  if (writing.size > 0) holdUntilWritten(bytes, writing);
  return result;
}
