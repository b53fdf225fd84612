/**
 * The Recorder takes copies of bodies, sent by workers/proxy to this entrypoint so that the runtime pumps them without
 * JavaScript, and puts them into the journal. Reached only through `ctx.exports`: nothing outside can call it.
 */
import { WorkerEntrypoint } from "cloudflare:workers";
import { createHash } from "node:crypto";
import { MAX_RECORDED_BODY_BYTES, RECORDED_HEAD_BYTES } from "../constants.ts";
import { errorText, log } from "../log.ts";
import type { BodyFacts } from "../schemas/exchange.ts";
import {
  journalKey,
  journalTrailer,
  putJournalObject,
  splitJournalObject,
  type JournalPart,
} from "../store/journal.ts";
import { withinTime } from "../store/time-limit.ts";
import { endOf, firstBytes, gulp, type Gulped } from "./gulps.ts";

/** What became of one half of an exchange. */
export interface StoredHalf {
  isStored: boolean;
  /** Size of its journal object; 0 when not stored. */
  journalBytes: number;
  body: BodyFacts;
}

/** Facts as they follow a body; the rest of them is not looked at here. */
interface Trailer {
  id: string;
  /** Left out: whole, unless it turns out too large. `none`: forget the bytes. `head`: the body was cut off on its way. */
  body?: BodyFacts;
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
  const gulped = await gulp(request.body);
  return Response.json(await storeGulped(env.JOURNAL, part, gulped));
}

/** Stores a half whose body is at hand. Never rejects for R2's sake. */
export async function storeBytes(
  bucket: R2Bucket,
  part: JournalPart,
  facts: Trailer,
  bytes: Uint8Array,
  retryDelays: readonly number[] = PUT_RETRY_DELAYS_MS,
): Promise<StoredHalf> {
  const body: BodyFacts = facts.body ?? { recorded: "whole", bytes: bytes.length, sha256: null };
  return put(bucket, part, facts.id, body, [bytes, journalTrailer({ ...facts, body })], retryDelays);
}

async function storeGulped(bucket: R2Bucket, part: JournalPart, gulped: Gulped): Promise<StoredHalf> {
  const split = splitJournalObject(endOf(gulped));
  const facts = JSON.parse(new TextDecoder().decode(split.facts)) as Trailer;
  const bytes = gulped.bytes - split.trailerBytes;
  if (facts.body?.recorded === "none") {
    const body: BodyFacts = { recorded: "none", bytes, sha256: null };
    return put(bucket, part, facts.id, body, [journalTrailer({ ...facts, body })]);
  }
  if (!facts.body && !gulped.hash && bytes <= MAX_RECORDED_BODY_BYTES)
    return put(bucket, part, facts.id, { recorded: "whole", bytes, sha256: null }, gulped.chunks);

  const seen = gulped.hash ? [split.body] : firstBytes(gulped.chunks, bytes);
  const hash = gulped.hash ?? createHash("sha256");
  for (const chunk of seen) hash.update(chunk);
  const body: BodyFacts = { recorded: "head", bytes, sha256: hash.digest("hex") };
  const head = firstBytes(gulped.chunks, bytes > MAX_RECORDED_BODY_BYTES ? RECORDED_HEAD_BYTES : bytes);
  return put(bucket, part, facts.id, body, [...head, journalTrailer({ ...facts, body })]);
}

async function put(
  bucket: R2Bucket,
  part: JournalPart,
  id: string,
  body: BodyFacts,
  chunks: Uint8Array[],
  retryDelays: readonly number[] = PUT_RETRY_DELAYS_MS,
): Promise<StoredHalf> {
  for (let attempt = 0; ; attempt++) {
    try {
      // A put that lands after its time is harmless: same key, same bytes.
      const putting = putJournalObject(bucket, journalKey(id, part), chunks);
      const journalBytes = await withinTime(PUT_TIMEOUT_MS + body.bytes / PUT_BYTES_PER_MS, putting);
      return { isStored: true, journalBytes, body };
    } catch (thrown) {
      log.warn("recorder: R2 did not take a half", { id, part, attempt, error: errorText(thrown) });
      const delay = retryDelays[attempt];
      if (delay === undefined)
        return { isStored: false, journalBytes: 0, body: { ...body, recorded: "none" } };
      await scheduler.wait(delay);
    }
  }
}
