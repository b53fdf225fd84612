/**
 * Reads a batch of exchanges from the journal and builds their rows; most of the CPU time of ingest. An exchange that cannot be
 * read does not hold back the others. Called by consumer.ts.
 */
import { JOURNAL_TIMEOUT_MS, PREFIX_CACHE_BYTES } from "../runtime/constants.ts";
import { log } from "../runtime/log.ts";
import { withTimeout } from "../runtime/timeout.ts";
import { PrefixCache } from "../domain/content/prefix-cache.ts";
import { startedAtOf } from "../domain/exchange-id.ts";
import type { ExchangeMessage } from "../schemas/exchange.ts";
import { type BundledExchange, readJournalBundle } from "../store/journal/bundles.ts";
import { type JournalEntry, type JournalPart, readJournal } from "../store/journal/objects.ts";
import type { StorableExchange } from "../store/requests/write-model.ts";
import type { Delivery } from "./batches.ts";
import { exchangeRow, requestFromSummary } from "./rows/exchange-row.ts";

const EMPTY_ENTRY: JournalEntry = { request: null, response: null };
/** Message lists that this isolate read lately: the next turn of a conversation sends them again. */
const prefixCache = new PrefixCache(PREFIX_CACHE_BYTES);

/** One exchange, or bundle of exchanges, that messages announce. */
interface Announced {
  exchange: ExchangeMessage;
  /** It may have failed before, by this message or the sweep's, so a failure may be recorded that storing clears. */
  hadFailures: boolean;
}

/** One exchange of a batch, ready to be stored. */
export interface Entry extends Announced {
  id: string;
  /** Read from a bundle, which is cleared as a whole. */
  isBundled: boolean;
  /** Journal parts that were read. */
  parts: JournalPart[];
  /** Null when neither journal nor message has any of it. */
  row: StorableExchange | null;
  /** Builds the exchange from its response alone, once the sweep has given up its request; null otherwise. */
  fromResponseOnly: () => StorableExchange | null;
}

export interface Failure {
  /** Empty where it is not known. */
  domain: string;
  error: unknown;
  /** Retryable: the other part may still be written. */
  awaitingOtherPart?: boolean;
}
export type FailureOf = [id: string, failure: Failure];

export interface ReadBatch {
  entries: Entry[];
  /** Errors of exchanges that could not be read, by id. */
  failures: FailureOf[];
  bundles: [id: string, bundle: ReadBundle][];
}
export type ReadBundle = { exchanges: BundledExchange[]; hadFailures: boolean };

/** Never rejects. */
export async function readBatch(
  journal: R2Bucket,
  deliveries: readonly Delivery[],
  sweepAfterMs: number,
): Promise<ReadBatch> {
  const announced = mergeMessages(deliveries, Date.now() - sweepAfterMs);
  const read = await Promise.all(announced.map((one) => readAnnounced(journal, one)));
  return {
    entries: mergeEntries(read.flatMap(({ entries }) => entries)),
    failures: read.flatMap(({ failures }) => failures),
    bundles: read.flatMap(({ bundles }) => bundles),
  };
}

async function readAnnounced(journal: R2Bucket, announced: Announced): Promise<ReadBatch> {
  const { id, domain, exchanges } = announced.exchange;
  try {
    if (exchanges) return await readBundled(journal, announced);
    return { entries: [await readEntry(journal, announced)], failures: [], bundles: [] };
  } catch (error) {
    return { entries: [], failures: [[id, { domain, error }]], bundles: [] };
  }
}

/** A bundle that has been cleared has no exchanges: they are stored. */
async function readBundled(journal: R2Bucket, { exchange, hadFailures }: Announced): Promise<ReadBatch> {
  const reading = readJournalBundle(journal, exchange.id, exchange.exchanges ?? 0);
  const bundled = await withTimeout(JOURNAL_TIMEOUT_MS, reading);
  if (!bundled) log.info("ingest: message for a bundle that has been cleared", { id: exchange.id });
  const entries: Entry[] = [];
  const failures: FailureOf[] = [];
  const { exchanges: _, ...shared } = exchange;
  for (const { id, read } of bundled ?? [])
    try {
      const one = { ...shared, id };
      const row = exchangeRow(one, read());
      entries.push({
        id,
        exchange: one,
        hadFailures,
        isBundled: true,
        parts: [],
        row,
        fromResponseOnly: () => null,
      });
    } catch (error) {
      failures.push([id, { domain: exchange.domain, error }]);
    }
  return { entries, failures, bundles: [[exchange.id, { exchanges: bundled ?? [], hadFailures }]] };
}

async function readEntry(journal: R2Bucket, announced: Announced): Promise<Entry> {
  const { exchange } = announced;
  const reading = withTimeout(JOURNAL_TIMEOUT_MS, readJournal(journal, exchange.id));
  // If R2 is down, metadata of both parts is stored all the same; what R2 has completes the row later.
  const hasAllMetadata = exchange.request !== null && exchange.response !== null;
  const entry = await (hasAllMetadata ? reading.catch(() => EMPTY_ENTRY) : reading);
  return {
    ...announced,
    id: exchange.id,
    isBundled: false,
    parts: (["request", "response"] as const).filter((part) => entry[part] !== null),
    row: exchangeRow(exchange, entry, prefixCache),
    fromResponseOnly() {
      const request = exchange.isAbandoned ? requestFromSummary(entry) : null;
      return request && exchangeRow({ ...exchange, request }, entry);
    },
  };
}

/** One per exchange: several messages may announce it, and one of them may carry metadata. The sweep has seen those started before `sweptBefore`. */
function mergeMessages(deliveries: readonly Delivery[], sweptBefore: number): Announced[] {
  const byId = new Map<string, Announced>();
  for (const { exchange, isDead, message } of deliveries) {
    const isSwept = exchange.rungBy === "sweep" || (startedAtOf(exchange.id) ?? 0) < sweptBefore;
    const other = byId.get(exchange.id);
    byId.set(exchange.id, {
      exchange: {
        ...exchange,
        request: exchange.request ?? other?.exchange.request ?? null,
        response: exchange.response ?? other?.exchange.response ?? null,
        isAbandoned: exchange.isAbandoned || other?.exchange.isAbandoned || false,
      },
      hadFailures: isDead || isSwept || message.attempts > 1 || other?.hadFailures === true,
    });
  }
  return [...byId.values()];
}

/** One per exchange: it may be announced in a bundle and by itself. The bundle has all of it, a message perhaps only metadata. */
function mergeEntries(entries: readonly Entry[]): Entry[] {
  const byId = new Map<string, Entry>();
  for (const entry of entries) {
    const other = byId.get(entry.id);
    const [whole, rest] = other?.isBundled ? [other, entry] : [entry, other];
    byId.set(entry.id, {
      ...whole,
      hadFailures: whole.hadFailures || rest?.hadFailures === true,
      parts: [...whole.parts, ...(rest?.parts ?? [])],
    });
  }
  return [...byId.values()];
}
