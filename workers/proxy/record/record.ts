/**
 * What happens beside the stream: halves of an exchange go to the journal, then the bell rings. Everything here runs under
 * `waitUntil`; nothing here throws or makes a stream wait.
 */
import { errorText, log } from "../../runtime/log.ts";
import type { BodyMetadata, RequestMetadata, ResponseMetadata } from "../../schemas/exchange.ts";
import { journalTrailer, type JournalPart, type DraftMetadata } from "../../store/journal/objects.ts";
import { notifyIngest } from "./notify.ts";
import { count, flushCounters } from "./counters.ts";
import type { TeeReadResult } from "../body/tee-reader.ts";
import { takePendingBody } from "./pending-bodies.ts";
import { record, storeBytes, storeBody, type StoredPart } from "./recorder-entrypoint.ts";

type Metadata = DraftMetadata<RequestMetadata> | DraftMetadata<ResponseMetadata>;
type Waiting = Pick<ExecutionContext, "waitUntil" | "exports">;

/** The request's half, and what became of it. */
export interface RecordedRequest {
  facts: DraftMetadata<RequestMetadata>;
  half: StoredPart;
}

const NOT_STORED: StoredPart = {
  isStored: false,
  journalBytes: 0,
  body: { recorded: "none", bytes: 0, sha256: null },
};

/** Stores a half whose body is at hand (or has none). */
export async function recordBuffered(
  env: Env,
  part: JournalPart,
  facts: Metadata,
  body: Uint8Array,
  retryDelays?: readonly number[],
): Promise<StoredPart> {
  try {
    return await storeBytes(env.JOURNAL, part, facts, body, retryDelays);
  } catch (thrown) {
    return notStored(part, facts.id, thrown);
  }
}

/**
 * Sends a copy of a stream to the Recorder. `fill` writes it and leaves its stream open; when it has ended, `conclude` is told with
 * what error (null: none) and answers with the facts, which follow the bytes. A copy that breaks *ends*, or the bytes seen so far
 * would be lost with it.
 */
export async function recordCopy(
  env: Env,
  ctx: Waiting,
  part: JournalPart,
  fill: (copy: WritableStream) => Promise<unknown>,
  finishMetadata: (broken: unknown) => Promise<Metadata>,
): Promise<StoredPart> {
  const copy = new IdentityTransformStream();
  const stored = callRecorder(env, ctx, part, copy.readable);
  const broken = await fill(copy.writable);
  const facts = await finishMetadata(broken);
  try {
    const writer = copy.writable.getWriter();
    await writer.write(journalTrailer(facts));
    await writer.close();
    return await stored;
  } catch (thrown) {
    return notStored(part, facts.id, thrown);
  }
}

/** Fills a copy from a branch of a tee, pumped by the runtime, until it ends, breaks, or is cut. */
export function pipedFrom(
  branch: ReadableStream,
  cut?: AbortSignal,
): (copy: WritableStream) => Promise<unknown> {
  return (copy) =>
    branch.pipeTo(copy, { preventAbort: true, preventClose: true, ...(cut ? { signal: cut } : {}) }).then(
      () => null,
      (thrown: unknown) => thrown ?? new Error("broken"),
    );
}

/** Stores what was taken of a branch of a tee, here: no call, no pump. `conclude` is as for recordCopy. */
export async function recordBody(
  env: Env,
  part: JournalPart,
  { buffered: gulped, error: broken }: TeeReadResult,
  finishMetadata: (broken: unknown) => Promise<Metadata>,
): Promise<StoredPart> {
  const facts = await finishMetadata(broken);
  try {
    return await storeBody(env.JOURNAL, part, facts, gulped);
  } catch (thrown) {
    return notStored(part, facts.id, thrown);
  }
}

/**
 * The end of every exchange: waits for both halves, then tells ingest; a half that R2 did not take travels in the message.
 * What went wrong on the way is counted, and the count sent off: there may be no request after this one.
 */
export async function finishExchange(
  env: Env,
  ctx: Waiting,
  requestStored: Promise<RecordedRequest>,
  responseFacts: DraftMetadata<ResponseMetadata>,
  responseStored: Promise<StoredPart>,
): Promise<void> {
  const response = await responseStored;
  const { facts: requestFacts, half } = await requestStored;
  const request = half.isStored ? half : await retryRequestPart(env, requestFacts, half, response.isStored);
  if (!request.isStored || !response.isStored) count("unrecorded");
  await notifyIngest(env, {
    v: 1,
    kind: "exchange",
    id: requestFacts.id,
    domain: requestFacts.domain,
    journalBytes: request.journalBytes + response.journalBytes,
    rungBy: "recorder",
    request: request.isStored ? null : { ...requestFacts, body: request.body },
    response: response.isStored ? null : unrecordedMetadata(responseFacts, response.body),
  });
  flushCounters(env, ctx, Date.now());
}

/** Without what it knows of its request, which is in the journal or in the same bell. */
export function unrecordedMetadata(
  { asked: _, ...facts }: DraftMetadata<ResponseMetadata>,
  body: BodyMetadata,
): ResponseMetadata {
  return { ...facts, outcome: "unrecorded", body };
}

/** R2 did not take the request and then took the answer: it may take the request now, if that is at hand. One try. */
async function retryRequestPart(
  env: Env,
  facts: DraftMetadata<RequestMetadata>,
  half: StoredPart,
  isResponseStored: boolean,
): Promise<StoredPart> {
  const body = takePendingBody(facts.id);
  if (body === null || !isResponseStored) return half;
  return recordBuffered(env, "request", facts, body, []);
}

/** Over the loopback entrypoint, which the runtime feeds without JavaScript; directly where there is none. */
async function callRecorder(
  env: Env,
  ctx: Waiting,
  part: JournalPart,
  body: ReadableStream,
): Promise<StoredPart> {
  const request = new Request(`http://recorder/${part}`, { method: "POST", body });
  try {
    const response = ctx.exports?.Recorder
      ? await ctx.exports.Recorder.fetch(request)
      : await record(request, env);
    return await response.json<StoredPart>();
  } catch (thrown) {
    return notStored(part, "", thrown);
  }
}

function notStored(part: JournalPart, id: string, thrown: unknown): StoredPart {
  log.error("recording: a half is not in the journal", { id, part, error: errorText(thrown) });
  count("recorder_failed");
  return NOT_STORED;
}

/** How a body that is never recorded is declared. */
export const BODY_NOT_RECORDED: BodyMetadata = { recorded: "none", bytes: 0, sha256: null };
