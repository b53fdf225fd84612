/**
 * What happens beside the stream: halves of an exchange go to the journal, then the bell rings. Everything here runs under
 * `waitUntil`; nothing here throws or makes a stream wait.
 */
import { MAX_QUEUE_MESSAGE_BYTES } from "../constants.ts";
import { errorText, log } from "../log.ts";
import type { BodyFacts, ExchangeBell, RequestFacts, ResponseFacts } from "../schemas/exchange.ts";
import { journalTrailer, type JournalPart, type OpenFacts } from "../store/journal.ts";
import { withinTime } from "../store/time-limit.ts";
import { count, flushCounters } from "./counters.ts";
import { gulpBranch } from "./gulps.ts";
import { takeKeptBody } from "./kept-bodies.ts";
import { record, storeBytes, storeGulped, type StoredHalf } from "./recorder.ts";
import { keepUnsent } from "./unsent-bells.ts";

type Facts = OpenFacts<RequestFacts> | OpenFacts<ResponseFacts>;
type Waiting = Pick<ExecutionContext, "waitUntil" | "exports">;

/** The request's half, and what became of it. */
export interface RecordedRequest {
  facts: OpenFacts<RequestFacts>;
  half: StoredHalf;
}

/** Pauses before the second and third try of a queue send, and the time each may take: see PUT_RETRY_DELAYS_MS. */
const BELL_RETRY_DELAYS_MS = [500, 1_500];
const BELL_TIMEOUT_MS = 4_000;

const NOT_STORED: StoredHalf = {
  isStored: false,
  journalBytes: 0,
  body: { recorded: "none", bytes: 0, sha256: null },
};

/** Stores a half whose body is at hand (or has none). */
export async function recordHeld(
  env: Env,
  part: JournalPart,
  facts: Facts,
  body: Uint8Array,
  retryDelays?: readonly number[],
): Promise<StoredHalf> {
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
  conclude: (broken: unknown) => Promise<Facts>,
): Promise<StoredHalf> {
  const copy = new IdentityTransformStream();
  const stored = callRecorder(env, ctx, part, copy.readable);
  const broken = await fill(copy.writable);
  const facts = await conclude(broken);
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
export function pumped(
  branch: ReadableStream,
  cut?: AbortSignal,
): (copy: WritableStream) => Promise<unknown> {
  return (copy) =>
    branch.pipeTo(copy, { preventAbort: true, preventClose: true, ...(cut ? { signal: cut } : {}) }).then(
      () => null,
      (thrown: unknown) => thrown ?? new Error("broken"),
    );
}

/**
 * Takes the copy that is one branch of a tee when the client has got the other (see gulpBranch), and stores it here: no
 * call, no pump, and nothing that runs while events pass, unless `came` is to hear of them. `conclude` is as for recordCopy.
 */
export async function recordBranch(
  env: Env,
  part: JournalPart,
  branch: ReadableStream,
  served: Promise<boolean>,
  rested: Promise<unknown>,
  conclude: (broken: unknown) => Promise<Facts>,
  came?: (bytes: number) => void,
): Promise<StoredHalf> {
  const { gulped, broken } = await gulpBranch(branch, served, rested, came);
  const facts = await conclude(broken);
  try {
    return await storeGulped(env.JOURNAL, part, facts, gulped);
  } catch (thrown) {
    return notStored(part, facts.id, thrown);
  }
}

/**
 * The end of every exchange: waits for both halves, then tells ingest; a half that R2 did not take travels in the message.
 * What went wrong on the way is counted, and the count sent off: there may be no request after this one.
 */
export async function concludeExchange(
  env: Env,
  ctx: Waiting,
  requestStored: Promise<RecordedRequest>,
  responseFacts: OpenFacts<ResponseFacts>,
  responseStored: Promise<StoredHalf>,
): Promise<void> {
  const response = await responseStored;
  const { facts: requestFacts, half } = await requestStored;
  const request = half.isStored ? half : await onceMore(env, requestFacts, half, response.isStored);
  if (!request.isStored || !response.isStored) count("unrecorded");
  await ring(env, {
    v: 1,
    kind: "exchange",
    id: requestFacts.id,
    domain: requestFacts.domain,
    journalBytes: request.journalBytes + response.journalBytes,
    rungBy: "recorder",
    request: request.isStored ? null : { ...requestFacts, body: request.body },
    response: response.isStored ? null : unrecorded(responseFacts, response.body),
  });
  flushCounters(env, ctx, Date.now());
}

/** Without what it knows of its request, which is in the journal or in the same bell. */
function unrecorded({ asked: _, ...facts }: OpenFacts<ResponseFacts>, body: BodyFacts): ResponseFacts {
  return { ...facts, outcome: "unrecorded", body };
}

/** R2 did not take the request and then took the answer: it may take the request now, if that is at hand. One try. */
async function onceMore(
  env: Env,
  facts: OpenFacts<RequestFacts>,
  half: StoredHalf,
  isWorthIt: boolean,
): Promise<StoredHalf> {
  const body = takeKeptBody(facts.id);
  if (body === null || !isWorthIt) return half;
  return recordHeld(env, "request", facts, body, []);
}

async function ring(env: Env, message: ExchangeBell): Promise<void> {
  const bell = fitted(message);
  for (let attempt = 0; ; attempt++) {
    try {
      // One that arrives after its time rings twice, which does no harm.
      await withinTime(BELL_TIMEOUT_MS, env.EXCHANGES.send(bell));
      return;
    } catch (thrown) {
      log.warn("bell: queue send failed", { id: bell.id, attempt, error: errorText(thrown) });
      const delay = BELL_RETRY_DELAYS_MS[attempt];
      if (delay === undefined) return notRung(bell);
      await scheduler.wait(delay);
    }
  }
}

/** What is in the journal is found there by the sweep. Facts that are only in the bell have to wait for the queue. */
function notRung(bell: ExchangeBell): void {
  count("bell_failed");
  if ((bell.request || bell.response) && !keepUnsent(bell)) count("facts_lost");
}

/** The queue refuses a message that is too large; headers are what can be large and be done without. */
function fitted(bell: ExchangeBell): ExchangeBell {
  if (!bell.request && !bell.response) return bell;
  if (JSON.stringify(bell).length * 3 < MAX_QUEUE_MESSAGE_BYTES) return bell;
  return {
    ...bell,
    request: bell.request && { ...bell.request, headers: {} },
    response: bell.response && { ...bell.response, headers: {} },
  };
}

/** Over the loopback entrypoint, which the runtime feeds without JavaScript; directly where there is none. */
async function callRecorder(
  env: Env,
  ctx: Waiting,
  part: JournalPart,
  body: ReadableStream,
): Promise<StoredHalf> {
  const request = new Request(`http://recorder/${part}`, { method: "POST", body });
  try {
    const response = ctx.exports?.Recorder
      ? await ctx.exports.Recorder.fetch(request)
      : await record(request, env);
    return await response.json<StoredHalf>();
  } catch (thrown) {
    return notStored(part, "", thrown);
  }
}

function notStored(part: JournalPart, id: string, thrown: unknown): StoredHalf {
  log.error("recording: a half is not in the journal", { id, part, error: errorText(thrown) });
  count("recorder_failed");
  return NOT_STORED;
}

/** How a body that is never recorded is declared. */
export const BODY_NOT_RECORDED: BodyFacts = { recorded: "none", bytes: 0, sha256: null };
