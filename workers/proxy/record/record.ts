/**
 * Stores the two parts of an exchange in the journal, then notifies ingest. Everything here runs under `waitUntil`; nothing here rejects or
 * delays a stream.
 */
import { errorText, log } from "../../runtime/log.ts";
import type { BodyMetadata, RequestMetadata, ResponseMetadata } from "../../schemas/exchange.ts";
import { type DraftMetadata, journalTrailer, type JournalPart } from "../../store/journal/objects.ts";
import { releaseBody, type TeeReadResult } from "../body/tee-reader.ts";
import { count, flushCounters } from "./counters.ts";
import { notifyIngest } from "./notify.ts";
import { takePendingBody } from "./pending-bodies.ts";
import { record, storeBody, storeBytes, type StoredPart } from "./recorder-entrypoint.ts";

type DraftRequest = DraftMetadata<RequestMetadata>;
type DraftResponse = DraftMetadata<ResponseMetadata>;
type Context = Pick<ExecutionContext, "waitUntil" | "exports">;

/** Called when a copy has ended, with its error (null: none); resolves with the metadata that follows the bytes. */
export type Finish<M> = (error: unknown) => Promise<M>;
export type FinishResponse = Finish<DraftResponse>;

export interface RecordedRequest {
  metadata: DraftRequest;
  part: StoredPart;
}

const NOT_STORED: StoredPart = {
  isStored: false,
  journalBytes: 0,
  body: { recorded: "none", bytes: 0, sha256: null },
};

/** Stores a part whose body is in memory. */
export async function recordBuffered(
  env: Env,
  part: JournalPart,
  metadata: DraftRequest | DraftResponse,
  body: Uint8Array,
  retryDelays?: readonly number[],
): Promise<StoredPart> {
  try {
    return await storeBytes(env.JOURNAL, part, metadata, body, retryDelays);
  } catch (thrown) {
    return notStored(part, metadata.id, thrown);
  }
}

/**
 * Sends a copy of a stream to the Recorder. `fill` writes it, leaves its stream open and resolves with its error (null: none). A copy
 * whose source failed is *closed*, because erroring it would lose the bytes sent so far.
 */
export async function recordCopy(
  env: Env,
  ctx: Context,
  part: JournalPart,
  fill: (copy: WritableStream) => Promise<unknown>,
  finish: Finish<DraftRequest | DraftResponse>,
): Promise<StoredPart> {
  const copy = new IdentityTransformStream();
  const stored = callRecorder(env, ctx, part, copy.readable);
  const error = await fill(copy.writable);
  const metadata = await finish(error);
  try {
    const writer = copy.writable.getWriter();
    await writer.write(journalTrailer(metadata));
    await writer.close();
    return await stored;
  } catch (thrown) {
    return notStored(part, metadata.id, thrown);
  }
}

/** Fills a copy from a branch of a tee, pumped by the runtime, until it ends, fails, or `cut` is aborted. */
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

/** Stores what was read of a branch of a tee, in this invocation: no call, no pump. */
export async function recordBody(
  env: Env,
  part: JournalPart,
  { buffered, error }: TeeReadResult,
  finish: Finish<DraftRequest | DraftResponse>,
): Promise<StoredPart> {
  try {
    const metadata = await finish(error);
    return await storeBody(env.JOURNAL, part, metadata, buffered).catch((thrown: unknown) =>
      notStored(part, metadata.id, thrown),
    );
  } finally {
    releaseBody(buffered);
  }
}

/**
 * Waits for both parts, then notifies ingest; metadata of a part that R2 did not take travels in the message. Flushes the counters,
 * because no request may follow this one.
 */
export async function finishExchange(
  env: Env,
  ctx: Context,
  requestStored: Promise<RecordedRequest>,
  responseMetadata: DraftResponse,
  responseStored: Promise<StoredPart>,
): Promise<void> {
  const response = await responseStored;
  const recorded = await requestStored;
  const { metadata } = recorded;
  const request = recorded.part.isStored
    ? recorded.part
    : await retryRequestPart(env, recorded, response.isStored);
  if (!request.isStored || !response.isStored) count("unrecorded");
  await notifyIngest(env, {
    v: 1,
    kind: "exchange",
    id: metadata.id,
    domain: metadata.domain,
    journalBytes: request.journalBytes + response.journalBytes,
    rungBy: "recorder",
    request: request.isStored ? null : { ...metadata, body: request.body },
    response: response.isStored ? null : unrecordedMetadata(responseMetadata, response.body),
  });
  flushCounters(env, ctx, Date.now());
}

/** Leaves out the summary of the request, which is in the journal or in the same message. */
export function unrecordedMetadata(
  { asked: _, ...metadata }: DraftResponse,
  body: BodyMetadata,
): ResponseMetadata {
  return { ...metadata, outcome: "unrecorded", endedAs: metadata.outcome, body };
}

/** R2 took the response after it did not take the request: one more attempt, if the request's body is still in memory. */
async function retryRequestPart(
  env: Env,
  { metadata, part }: RecordedRequest,
  isResponseStored: boolean,
): Promise<StoredPart> {
  const body = takePendingBody(metadata.id);
  if (body === null || !isResponseStored) return part;
  return recordBuffered(env, "request", metadata, body, []);
}

/** Calls the loopback entrypoint, to which the runtime pumps without JavaScript; without one, runs the same code here. */
async function callRecorder(
  env: Env,
  ctx: Context,
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
  log.error("recorder: part not written to the journal", { id, part, error: errorText(thrown) });
  count("recorder_failed");
  return NOT_STORED;
}

/** Metadata of a body that is never recorded. */
export const BODY_NOT_RECORDED: BodyMetadata = { recorded: "none", bytes: 0, sha256: null };
