/**
 * The Recorder takes copies of bodies, sent by workers/proxy to this entrypoint so that the runtime pumps them without
 * JavaScript, and puts them into the journal. Reached only through `ctx.exports`: nothing outside can call it.
 */
import { WorkerEntrypoint } from "cloudflare:workers";
import { createHash, type Hash } from "node:crypto";
import { MAX_RECORDED_BODY_BYTES, RECORDED_HEAD_BYTES } from "../../runtime/constants.ts";
import { errorText, log } from "../../runtime/log.ts";
import type { BodyMetadata } from "../../schemas/exchange.ts";
import {
  journalKey,
  journalTrailer,
  putJournalObject,
  splitJournalObject,
  type JournalPart,
} from "../../store/journal/objects.ts";
import { withTimeout } from "../../store/db/timeout.ts";
import { tailOf, firstBytes, readToEnd, type BufferedBody } from "../body/tee-reader.ts";

/** What became of one half of an exchange. */
export interface StoredPart {
  isStored: boolean;
  /** Size of its journal object; 0 when not stored. */
  journalBytes: number;
  body: BodyMetadata;
}

/** Facts as they follow a body; the rest of them is not looked at here. */
interface Trailer {
  id: string;
  /** Left out: whole, unless it turns out too large. `none`: forget the bytes. `head`: the body was cut off on its way. */
  body?: BodyMetadata;
}

/**
 * Pauses before the second and third try. With the time limits of three tries, and those of the bell behind them, within the 30 s
 * that `waitUntil` gives after the end of an answer.
 */
const PUT_RETRY_DELAYS_MS = [300, 1_500];
const PUT_TIMEOUT_MS = 4_000;
/** Longer for large bodies: R2 takes far more than this in a second. */
const PUT_BYTES_PER_MS = 8_192;

export class Recorder extends WorkerEntrypoint<Env> {
  override async fetch(request: Request): Promise<Response> {
    const recorded = record(request, this.env);
    this.ctx.waitUntil(recorded.catch(() => undefined)); // goes on when the caller is gone
    return recorded;
  }
}

/** Reads a copy to its end and stores it. Answers with a StoredHalf; rejects when the copy broke or is not in the format. */
export async function record(request: Request, env: Pick<Env, "JOURNAL">): Promise<Response> {
  const part: JournalPart = new URL(request.url).pathname === "/request" ? "request" : "response";
  if (!request.body) throw new TypeError("the recorder needs a body");
  const gulped = await readToEnd(request.body);
  return Response.json(await storeCopy(env.JOURNAL, part, gulped));
}

/** Stores a half whose body is at hand. Never rejects for R2's sake. */
export async function storeBytes(
  bucket: R2Bucket,
  part: JournalPart,
  facts: Trailer,
  bytes: Uint8Array,
  retryDelays: readonly number[] = PUT_RETRY_DELAYS_MS,
): Promise<StoredPart> {
  const body: BodyMetadata = facts.body ?? { recorded: "whole", bytes: bytes.length, sha256: null };
  return put(bucket, part, facts.id, body, [bytes, journalTrailer({ ...facts, body })], retryDelays);
}

/** Stores a half whose body was gulped beside the client's stream. Never rejects for R2's sake. */
export function storeBody(
  bucket: R2Bucket,
  part: JournalPart,
  facts: Trailer,
  { chunks, bytes, hash, tail: end }: BufferedBody,
): Promise<StoredPart> {
  if (facts.body?.recorded === "none") return storeWithoutBody(bucket, part, facts, bytes);
  if (hash) return storeHead(bucket, part, facts, { chunks, bytes, hash, unhashed: [end] });
  if (facts.body || bytes > MAX_RECORDED_BODY_BYTES)
    return storeHead(bucket, part, facts, { chunks, bytes, hash: createHash("sha256"), unhashed: chunks });
  const body: BodyMetadata = { recorded: "whole", bytes, sha256: null };
  return put(bucket, part, facts.id, body, [...chunks, journalTrailer({ ...facts, body })]);
}

/** The same for a copy with its facts behind it. */
async function storeCopy(bucket: R2Bucket, part: JournalPart, copy: BufferedBody): Promise<StoredPart> {
  const split = splitJournalObject(tailOf(copy));
  const facts = JSON.parse(new TextDecoder().decode(split.metadata)) as Trailer;
  const bytes = copy.bytes - split.trailerBytes;
  const isWhole = !facts.body && !copy.hash && bytes <= MAX_RECORDED_BODY_BYTES;
  if (isWhole) return put(bucket, part, facts.id, { recorded: "whole", bytes, sha256: null }, copy.chunks);
  const chunks = copy.hash ? copy.chunks : firstBytes(copy.chunks, bytes);
  return storeBody(bucket, part, facts, { chunks, bytes, hash: copy.hash, tail: split.body });
}

function storeWithoutBody(
  bucket: R2Bucket,
  part: JournalPart,
  facts: Trailer,
  bytes: number,
): Promise<StoredPart> {
  const body: BodyMetadata = { recorded: "none", bytes, sha256: null };
  return put(bucket, part, facts.id, body, [journalTrailer({ ...facts, body })]);
}

/** `unhashed`: what `hash` has not seen yet. */
function storeHead(
  bucket: R2Bucket,
  part: JournalPart,
  facts: Trailer,
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
  return put(bucket, part, facts.id, body, [...head, journalTrailer({ ...facts, body })]);
}

async function put(
  bucket: R2Bucket,
  part: JournalPart,
  id: string,
  body: BodyMetadata,
  chunks: Uint8Array[],
  retryDelays: readonly number[] = PUT_RETRY_DELAYS_MS,
): Promise<StoredPart> {
  const putting = () => putJournalObject(bucket, journalKey(id, part), chunks);
  const journalBytes = await putWithRetry({ id, part }, body.bytes, putting, retryDelays);
  return journalBytes === null
    ? { isStored: false, journalBytes: 0, body: { ...body, recorded: "none" } }
    : { isStored: true, journalBytes, body };
}

/** Puts something of so many bytes into the journal, in several tries; null when R2 took none. Never rejects. */
export async function putWithRetry<T>(
  what: Record<string, unknown>,
  bytes: number,
  putting: () => Promise<T>,
  retryDelays: readonly number[] = PUT_RETRY_DELAYS_MS,
): Promise<T | null> {
  for (let attempt = 0; ; attempt++) {
    try {
      // A put that lands after its time is harmless: same key, same bytes.
      return await withTimeout(PUT_TIMEOUT_MS + bytes / PUT_BYTES_PER_MS, putting());
    } catch (thrown) {
      log.warn("recorder: R2 did not take what was recorded", { ...what, attempt, error: errorText(thrown) });
      const delay = retryDelays[attempt];
      if (delay === undefined) return null;
      await scheduler.wait(delay);
    }
  }
}
