/** The request's half of an exchange on its way into the journal. */
import { MAX_BUNDLED_BODY_BYTES, REQUEST_RECORDING_DELAY_MS } from "../../runtime/constants.ts";
import { storedRequestHeaders } from "../../domain/http/stored-headers.ts";
import { isOAuthPath } from "../../domain/http/paths.ts";
import type { RequestSummary, RequestMetadata } from "../../schemas/exchange.ts";
import type { DraftMetadata } from "../../store/journal/objects.ts";
import type { Exchange } from "../exchange.ts";
import { addPendingBody } from "./pending-bodies.ts";
import type { StoredPart } from "./recorder-entrypoint.ts";
import { notifyEnded, notifyStarted } from "../report/live-events.ts";
import { BODY_NOT_RECORDED, pipedFrom, recordCopy, recordBuffered, type RecordedRequest } from "./record.ts";
import type { RequestBody } from "../body/request-body.ts";

/** An upload that goes on this long after the answer has ended is not waited for. */
const UPLOAD_GRACE_MS = 5_000;

export interface RequestRecording {
  /** Resolves when the half is stored, or could not be; never when it was handed over. */
  stored: Promise<RecordedRequest>;
  /** Resolves when nothing is left to do for it. */
  done: Promise<unknown>;
  /** The half for whoever stores it together with others, if it is small, at hand and not on its way into the journal. */
  detach(): BufferedRequest | null;
  /** What the answer's half has to know, should it be alone in the journal. */
  summary(): RequestSummary;
  /** The answer has ended: nothing is left to wait for, and an upload that upstream did not wait for is over soon. */
  responseEnded(): void;
}

/** A request as small as those that are stored together. */
export interface BufferedRequest {
  facts: DraftMetadata<RequestMetadata>;
  body: Uint8Array;
}

const NOTHING = new Uint8Array(0);
const NO_BODY: RequestBody = { kind: "none" };

/**
 * Records the request. A copy of a streamed body is taken as it passes. A held one is written a moment later, or when the
 * answer has ended if that is sooner, so that the write does not compete with the answer's first byte.
 */
export function recordRequest(exchange: Exchange, given: RequestBody): RequestRecording {
  const cut = new AbortController();
  const isStreamed = given.kind === "streamed";
  /** Let go once it is stored: an answer may take an hour. */
  let body = given;
  let cutting: ReturnType<typeof setTimeout> | undefined;
  let isBegun = false;
  let begin: () => void = () => undefined;
  const begun = new Promise<void>((resolve) => {
    begin = () => {
      isBegun = true;
      resolve();
    };
  });
  let handedOver: () => void = () => undefined;
  const isElsewhere = new Promise<void>((resolve) => {
    handedOver = resolve;
  });
  let isStored = false;
  let lost: RequestSummary | null = null;
  const timer = setTimeout(begin, isStreamed ? 0 : REQUEST_RECORDING_DELAY_MS);
  const stored = begun.then(async () => {
    notifyStarted(exchange, body);
    const facts = requestMetadata(exchange);
    const half = await store(exchange, facts, body, cut.signal);
    isStored = true;
    clearTimeout(cutting);
    if (!half.isStored) {
      lost = { ...facts, body: half.body };
      if (body.kind === "held" && !facts.body) addPendingBody(facts.id, body.bytes);
    }
    body = NO_BODY;
    return { facts, half };
  });
  return {
    stored,
    done: Promise.race([stored, isElsewhere]),
    detach() {
      const held = body.kind === "held" ? body.bytes : body.kind === "none" ? NOTHING : null;
      if (isBegun || !held || held.length > MAX_BUNDLED_BODY_BYTES || isOAuthPath(exchange.target.path))
        return null;
      const half = { facts: requestMetadata(exchange), body: held };
      isBegun = true;
      clearTimeout(timer);
      notifyStarted(exchange, body);
      notifyEnded(exchange);
      handedOver();
      return half;
    },
    summary: () => lost ?? requestSummary(exchange),
    responseEnded() {
      clearTimeout(timer);
      begin();
      // The last bytes may have gone up and still be on their way to the archive; and who uploads on is given some time.
      if (isStreamed && !isStored) cutting = setTimeout(() => cut.abort(), UPLOAD_GRACE_MS);
      void begun.then(() => notifyEnded(exchange)); // after the note that it started
    },
  };
}

function store(
  { env, ctx }: Exchange,
  facts: DraftMetadata<RequestMetadata>,
  body: RequestBody,
  cut: AbortSignal,
): Promise<StoredPart> {
  switch (body.kind) {
    case "none":
      return recordBuffered(env, "request", facts, new Uint8Array(0));
    case "held": {
      if (!facts.body) return recordBuffered(env, "request", facts, body.bytes);
      const unrecorded = { ...facts, body: { ...facts.body, bytes: body.bytes.length } };
      return recordBuffered(env, "request", unrecorded, new Uint8Array(0));
    }
    case "streamed": {
      const isCut = { ...facts, body: facts.body ?? { recorded: "head" as const, bytes: 0, sha256: null } };
      return recordCopy(env, ctx, "request", pipedFrom(body.copy, cut), async (broken) =>
        broken ? isCut : facts,
      );
    }
  }
}

function requestMetadata(exchange: Exchange): DraftMetadata<RequestMetadata> {
  const { id, startedAt, request, target } = exchange;
  return {
    v: 1,
    id,
    startedAt,
    ...requestSummary(exchange),
    query: target.query,
    headers: storedRequestHeaders(request.headers),
    ...(isOAuthPath(target.path) ? { body: BODY_NOT_RECORDED } : {}),
  };
}

/** Who asked where. */
function requestSummary({ request, target, admission }: Exchange) {
  const { domain, accountId, credentialType } = admission.record;
  return {
    domain,
    accountId,
    credentialType,
    clientKeyId: admission.clientKeyId,
    method: request.method,
    path: target.path,
  };
}
