/**
 * Writes small exchanges to the journal in bundles: a write for each would cost more than the rest of its
 * processing. An isolate collects the exchanges that end within BUNDLING_MS; the invocation that began the bundle writes it.
 */
import { BUNDLING_MS, MAX_BUNDLE_BYTES, MAX_BUNDLED_EXCHANGES } from "../../runtime/constants.ts";
import type { ExchangeMessage, ResponseMetadata } from "../../schemas/exchange.ts";
import { type BundlePart, journalBundle, writeJournalBundle } from "../../store/journal/bundles.ts";
import { type DraftMetadata, journalTrailer } from "../../store/journal/objects.ts";
import { describe, errorBody, type ProxyError } from "../../runtime/anthropic-errors.ts";
import { type AdmittedExchange, elapsed, type Exchange, newId } from "../exchange.ts";
import { holdBytes, releaseBytes } from "../body/held-bytes.ts";
import { count, flushCounters } from "./counters.ts";
import { notifyIngest, notifyWithMetadata } from "./notify.ts";
import { BODY_NOT_RECORDED, unrecordedMetadata } from "./record.ts";
import { putWithRetry } from "./recorder-entrypoint.ts";
import { type BufferedRequest, requestMetadata } from "./request-record.ts";

/** An exchange that has ended, all of it in memory. */
export interface WholeExchange {
  request: BufferedRequest;
  response: { metadata: DraftMetadata<ResponseMetadata>; chunks: readonly Uint8Array[]; bytes: number };
}

interface Bundle {
  exchanges: WholeExchange[];
  bytes: number;
  /** When another invocation writes it (epoch milliseconds), because the one that began it was ended. */
  overdueAt: number;
}

/** How late an invocation may be to write its bundle. */
const OVERDUE_GRACE_MS = 1_000;
/** How long the write may take with all its attempts. */
const WRITE_TIMEOUT_MS = 30_000;

let open: Bundle | null = null;
/** All that are not in the journal yet, `open` included. */
const unwritten = new Set<Bundle>();

/** Adds an exchange to the open bundle, which is written under `waitUntil` and then announced to ingest. */
export function addToBundle({ env, ctx }: Pick<Exchange, "env" | "ctx">, exchange: WholeExchange): void {
  const now = Date.now();
  const bytes = exchange.request.body.length + exchange.response.bytes;
  if (!open || open.exchanges.length >= MAX_BUNDLED_EXCHANGES || open.bytes + bytes > MAX_BUNDLE_BYTES) {
    const bundle = { exchanges: [], bytes: 0, overdueAt: now + BUNDLING_MS + OVERDUE_GRACE_MS };
    open = bundle;
    unwritten.add(bundle);
    ctx.waitUntil(scheduler.wait(BUNDLING_MS).then(() => write(env, ctx, bundle)));
  }
  open.exchanges.push(exchange);
  open.bytes += bytes;
}

/** Records a request that the proxy rejected without sending it. Its body was not read. */
export function recordRejection(exchange: AdmittedExchange, error: ProxyError): void {
  const { id, request } = exchange;
  const { status, type: errorType } = describe(error);
  const chunk = new TextEncoder().encode(errorBody(error, id));
  const announced = Number(request.headers.get("content-length"));
  const bytes = Number.isSafeInteger(announced) && announced > 0 ? announced : 0;
  addToBundle(exchange, {
    request: {
      metadata: { ...requestMetadata(exchange), body: { ...BODY_NOT_RECORDED, bytes } },
      body: new Uint8Array(0),
    },
    response: {
      metadata: {
        v: 1,
        id,
        outcome: "complete",
        status,
        errorType,
        headers: {},
        timeToFirstByteMs: null,
        upstreamAttempts: 0,
        durationMs: elapsed(exchange),
        bodyCoding: "identity",
      },
      chunks: [chunk],
      bytes: chunk.length,
    },
  });
}

/** Writes bundles whose invocation was ended before it could. To be called by every exchange. */
export function writeOverdueBundles({ env, ctx }: Pick<Exchange, "env" | "ctx">, now: number): void {
  for (const bundle of unwritten) if (bundle.overdueAt < now) ctx.waitUntil(write(env, ctx, bundle));
}

async function write(env: Env, ctx: Exchange["ctx"], bundle: Bundle): Promise<void> {
  if (open === bundle) open = null;
  bundle.overdueAt = Date.now() + WRITE_TIMEOUT_MS;
  const { exchanges } = bundle;
  const id = newId(Date.now());
  const object = journalBundle(id, exchanges.flatMap(partsOf));
  const put = () => writeJournalBundle(env.JOURNAL, id, exchanges.length, object);
  holdBytes(object.length);
  const journalBytes = await putWithRetry({ id, exchanges: exchanges.length }, object.length, put);
  releaseBytes(object.length);
  unwritten.delete(bundle); // in the journal, or in a moment among the pending messages
  if (journalBytes !== null)
    await notifyIngest(env, exchangeMessage(id, "", { journalBytes, exchanges: exchanges.length }));
  else await notifyWithMetadata(env, exchanges.map(metadataMessage));
  flushCounters(env, ctx, Date.now());
}

function partsOf({ request, response }: WholeExchange): BundlePart[] {
  const { id } = request.metadata;
  return [
    { id, part: "request", chunks: [request.body, journalTrailer(request.metadata)] },
    { id, part: "response", chunks: [...response.chunks, journalTrailer(response.metadata)] },
  ];
}

/** R2 did not take the bundle: the metadata of each of its exchanges travels in a message. */
function metadataMessage({ request, response }: WholeExchange): ExchangeMessage {
  count("unrecorded");
  const notRecorded = (bytes: number) => ({ ...BODY_NOT_RECORDED, bytes });
  return exchangeMessage(request.metadata.id, request.metadata.domain, {
    journalBytes: 0,
    request: { ...request.metadata, body: notRecorded(request.body.length) },
    response: unrecordedMetadata(response.metadata, notRecorded(response.bytes)),
  });
}

function exchangeMessage(
  id: string,
  domain: string,
  fields: Partial<ExchangeMessage> & { journalBytes: number },
): ExchangeMessage {
  return { v: 1, kind: "exchange", id, domain, rungBy: "recorder", request: null, response: null, ...fields };
}
