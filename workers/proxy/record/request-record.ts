/** Records the request part of an exchange in the journal. */
import { MAX_BUNDLED_BODY_BYTES, REQUEST_RECORDING_DELAY_MS } from "../../runtime/constants.ts";
import { redactQuery } from "../../domain/masking/redact.ts";
import { storedRequestHeaders } from "../../domain/http/stored-headers.ts";
import { carriesCredentials } from "../../domain/http/paths.ts";
import type { RequestMetadata, RequestSummary } from "../../schemas/exchange.ts";
import type { DraftMetadata } from "../../store/journal/objects.ts";
import { NO_BODY, type RequestBody } from "../body/request-body.ts";
import type { AdmittedExchange, Exchange } from "../exchange.ts";
import { notifyEnded, notifyStarted } from "../report/live-events.ts";
import { addPendingBody } from "./pending-bodies.ts";
import { BODY_NOT_RECORDED, pipedFrom, recordBuffered, recordCopy, type RecordedRequest } from "./record.ts";
import type { StoredPart } from "./recorder-entrypoint.ts";

/** How long an upload that continues after the response has ended is recorded. */
const UPLOAD_GRACE_MS = 5_000;

export interface RequestRecording {
  /** Resolves when the part is stored, or could not be; never after `detach` returned it. */
  stored: Promise<RecordedRequest>;
  /** Resolves when no recording work is left. */
  done: Promise<unknown>;
  /** Returns the request for a caller that stores it in a bundle; null unless it is small, in memory and not being written yet. */
  detach(): BufferedRequest | null;
  /** The request metadata that the response part carries, in case the request part is missing from the journal. */
  summary(): RequestSummary;
  /** To be called when the response has ended: recording starts at once, and an upload that upstream did not wait for is cut soon. */
  responseEnded(): void;
}

/** A request small enough for a bundle. */
export interface BufferedRequest {
  metadata: DraftMetadata<RequestMetadata>;
  body: Uint8Array;
}

const EMPTY = new Uint8Array(0);

/**
 * Records the request. A copy of a streamed body is taken as it passes. A buffered one is written REQUEST_RECORDING_DELAY_MS later, or when the
 * response has ended if that is sooner, so that the write does not compete with the response's first byte.
 */
export function recordRequest(exchange: Exchange, initialBody: RequestBody): RequestRecording {
  const cut = new AbortController();
  const isStreamed = initialBody.kind === "streamed";
  /** Released once it is stored: a response may take an hour. */
  let body = initialBody;
  let cutTimer: ReturnType<typeof setTimeout> | undefined;
  let isBegun = false;
  let begin: () => void = () => undefined;
  const begun = new Promise<void>((resolve) => {
    begin = () => {
      isBegun = true;
      resolve();
    };
  });
  let resolveDetached: () => void = () => undefined;
  const detached = new Promise<void>((resolve) => {
    resolveDetached = resolve;
  });
  let isStored = false;
  let lost: RequestSummary | null = null;
  const timer = setTimeout(begin, isStreamed ? 0 : REQUEST_RECORDING_DELAY_MS);
  notifyStarted(exchange, body);
  const stored = begun.then(async () => {
    const metadata = requestMetadata(exchange);
    const part = await store(exchange, metadata, body, cut.signal);
    isStored = true;
    clearTimeout(cutTimer);
    if (!part.isStored) {
      lost = { ...metadata, body: part.body };
      if (body.kind === "buffered" && !metadata.body) addPendingBody(metadata.id, body.bytes);
    }
    body = NO_BODY;
    return { metadata, part };
  });
  return {
    stored,
    done: Promise.race([stored, detached]),
    detach() {
      const bytes = body.kind === "buffered" ? body.bytes : body.kind === "none" ? EMPTY : null;
      if (
        isBegun ||
        !bytes ||
        bytes.length > MAX_BUNDLED_BODY_BYTES ||
        carriesCredentials(exchange.target.path)
      )
        return null;
      const request = { metadata: requestMetadata(exchange), body: bytes };
      isBegun = true;
      clearTimeout(timer);
      notifyEnded(exchange);
      resolveDetached();
      return request;
    },
    summary: () => lost ?? requestSummary(exchange),
    responseEnded() {
      clearTimeout(timer);
      begin();
      // The last bytes may have reached upstream and still be on their way to the archive.
      if (isStreamed && !isStored) cutTimer = setTimeout(() => cut.abort(), UPLOAD_GRACE_MS);
      notifyEnded(exchange);
    },
  };
}

function store(
  { env, ctx }: Exchange,
  metadata: DraftMetadata<RequestMetadata>,
  body: RequestBody,
  cut: AbortSignal,
): Promise<StoredPart> {
  switch (body.kind) {
    case "none":
      return recordBuffered(env, "request", metadata, EMPTY);
    case "buffered": {
      if (!metadata.body) return recordBuffered(env, "request", metadata, body.bytes);
      const unrecorded = { ...metadata, body: { ...metadata.body, bytes: body.bytes.length } };
      return recordBuffered(env, "request", unrecorded, EMPTY);
    }
    case "streamed": {
      const head = { recorded: "head" as const, bytes: 0, sha256: null };
      const cutShort = { ...metadata, body: metadata.body ?? head };
      return recordCopy(env, ctx, "request", pipedFrom(body.toArchive, cut), async (error) =>
        error ? cutShort : metadata,
      );
    }
  }
}

/** Metadata of the request part. */
export function requestMetadata(exchange: AdmittedExchange): DraftMetadata<RequestMetadata> {
  const { id, startedAt, headers, target } = exchange;
  return {
    v: 1,
    id,
    startedAt,
    ...requestSummary(exchange),
    query: redactQuery(target.query),
    headers: storedRequestHeaders(headers),
    ...(carriesCredentials(target.path) ? { body: BODY_NOT_RECORDED } : {}),
  };
}

function requestSummary({ request, target, admission }: AdmittedExchange) {
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
