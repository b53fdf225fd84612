/**
 * Small exchanges go into the journal together: for each of them a write of its own would cost more than everything else that is
 * done for it. An isolate gathers what ends within a moment, and the invocation that began the bundle writes it.
 */
import { BUNDLING_MS, MAX_BUNDLE_BYTES, MAX_BUNDLED_EXCHANGES } from "../../runtime/constants.ts";
import type { ExchangeMessage, ResponseMetadata } from "../../schemas/exchange.ts";
import { type BundlePart, writeJournalBundle } from "../../store/journal/bundles.ts";
import { journalTrailer, type DraftMetadata } from "../../store/journal/objects.ts";
import { notifyIngest, notifyWithMetadata } from "./notify.ts";
import { count, flushCounters } from "./counters.ts";
import { type Exchange, newId } from "../exchange.ts";
import { putWithRetry } from "./recorder-entrypoint.ts";
import { BODY_NOT_RECORDED, unrecordedMetadata } from "./record.ts";
import type { BufferedRequest } from "./request-record.ts";

/** An exchange that has ended, all of it at hand. */
export interface WholeExchange {
  request: BufferedRequest;
  response: { facts: DraftMetadata<ResponseMetadata>; pieces: readonly Uint8Array[]; bytes: number };
}

interface Bundle {
  exchanges: WholeExchange[];
  bytes: number;
  /** When somebody else writes it (epoch milliseconds), because the invocation that should have was ended. */
  overdueAt: number;
}

/** How late an invocation may be to write its bundle, and how long the write may take with all its tries. */
const OVERDUE_GRACE_MS = 1_000;
const WRITE_TIMEOUT_MS = 30_000;

let open: Bundle | null = null;
/** All that are not in the journal yet, `open` among them; usually there is no other. */
const unwritten = new Set<Bundle>();

/** Takes an exchange into the bundle of the moment. It will be written and rung for under `waitUntil`. */
export function addToBundle({ env, ctx }: Pick<Exchange, "env" | "ctx">, exchange: WholeExchange): void {
  const now = Date.now();
  const bytes = exchange.request.body.length + exchange.response.bytes;
  if (!open || open.exchanges.length >= MAX_BUNDLED_EXCHANGES || open.bytes + bytes > MAX_BUNDLE_BYTES) {
    const begun = { exchanges: [], bytes: 0, overdueAt: now + BUNDLING_MS + OVERDUE_GRACE_MS };
    open = begun;
    unwritten.add(begun);
    ctx.waitUntil(scheduler.wait(BUNDLING_MS).then(() => write(env, ctx, begun)));
  }
  open.exchanges.push(exchange);
  open.bytes += bytes;
}

/** Writes what another invocation should have written: it was ended. To be called by every exchange. */
export function writeOverdueBundles({ env, ctx }: Pick<Exchange, "env" | "ctx">, now: number): void {
  for (const bundle of unwritten) if (bundle.overdueAt < now) ctx.waitUntil(write(env, ctx, bundle));
}

async function write(env: Env, ctx: Exchange["ctx"], bundle: Bundle): Promise<void> {
  if (open === bundle) open = null;
  bundle.overdueAt = Date.now() + WRITE_TIMEOUT_MS;
  const { exchanges } = bundle;
  const id = newId(Date.now());
  const halves = exchanges.flatMap(partsOf);
  const putting = () => writeJournalBundle(env.JOURNAL, id, exchanges.length, halves);
  const journalBytes = await putWithRetry({ id, exchanges: exchanges.length }, bundle.bytes, putting);
  unwritten.delete(bundle); // in the journal, or in a moment among the bells that are kept
  if (journalBytes !== null)
    await notifyIngest(env, exchangeMessage(id, "", { journalBytes, exchanges: exchanges.length }));
  else await notifyWithMetadata(env, exchanges.map(metadataMessage));
  flushCounters(env, ctx, Date.now());
}

function partsOf({ request, response }: WholeExchange): BundlePart[] {
  const { id } = request.facts;
  return [
    { id, part: "request", chunks: [request.body, journalTrailer(request.facts)] },
    { id, part: "response", chunks: [...response.pieces, journalTrailer(response.facts)] },
  ];
}

/** R2 did not take the bundle: what is known of each of its exchanges travels with a bell. */
function metadataMessage({ request, response }: WholeExchange): ExchangeMessage {
  count("unrecorded");
  const none = (bytes: number) => ({ ...BODY_NOT_RECORDED, bytes });
  return exchangeMessage(request.facts.id, request.facts.domain, {
    journalBytes: 0,
    request: { ...request.facts, body: none(request.body.length) },
    response: unrecordedMetadata(response.facts, none(response.bytes)),
  });
}

function exchangeMessage(
  id: string,
  domain: string,
  rest: Partial<ExchangeMessage> & { journalBytes: number },
): ExchangeMessage {
  return { v: 1, kind: "exchange", id, domain, rungBy: "recorder", request: null, response: null, ...rest };
}
