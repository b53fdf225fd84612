/**
 * Reads a batch of exchanges from the journal and builds their rows; most of the CPU time of ingest. Rows are built one after the other, in
 * parts that fit into memory whatever their bodies decode to. An exchange that cannot be read does not hold back the others. Called by
 * consumer.ts.
 */
import {
  JOURNAL_TIMEOUT_MS,
  MAX_PART_MEMORY_BYTES,
  MAX_READ_ATTEMPTS,
  PREFIX_CACHE_BYTES,
  STEP_BYTES,
} from "../runtime/constants.ts";
import { inTurns, nextTurn } from "../runtime/next-turn.ts";
import type { Steps } from "../domain/steps.ts";
import { log } from "../runtime/log.ts";
import { withTimeout } from "../runtime/timeout.ts";
import { PrefixCache } from "../domain/content/prefix-cache.ts";
import { startedAtOf } from "../domain/exchange-id.ts";
import type { ExchangeMessage } from "../schemas/exchange.ts";
import { type BundledExchange, readJournalBundle } from "../store/journal/bundles.ts";
import { type JournalEntry, type JournalPart, readJournal } from "../store/journal/objects.ts";
import type { StorableExchange } from "../store/requests/write-model.ts";
import type { Batch, Delivery } from "./batches.ts";
import { maxDecodedBytes } from "./rows/decoding.ts";
import { exchangeRow, exchangeRowInSteps, requestFromSummary } from "./rows/exchange-row.ts";

const EMPTY_ENTRY: JournalEntry = { request: null, response: null };
/** Message lists that this isolate read lately: the next turn of a conversation sends them again. */
const prefixCache = new PrefixCache(PREFIX_CACHE_BYTES);

/** One exchange, or bundle of exchanges, that messages announce. */
interface Announced {
  exchange: ExchangeMessage;
  /** It may have failed before, by this message or the sweep's, so a failure may be recorded that storing clears. */
  hadFailures: boolean;
}

/** Memory of a list's element beside its bytes: two hashes, objects, its normalised message. */
const ELEMENT_BYTES = 2_000;

/** An exchange of a batch whose row is not built yet. */
interface Unbuilt {
  id: string;
  domain: string;
  /** Bytes of its bodies when decoded, at most. */
  maxBytes: number;
  /** Throws where it cannot be read. */
  build: () => Steps<Entry>;
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

/** A part of a batch. */
export interface ReadPart {
  entries: Entry[];
  /** Errors of exchanges that could not be read, by id. */
  failures: FailureOf[];
  bundles: [id: string, bundle: ReadBundle][];
  isLast: boolean;
}
export interface ReadBundle {
  exchanges: BundledExchange[];
  hadFailures: boolean;
  /** Reading it has ended the isolate before: its exchanges are to be read each by itself. */
  isToBeSplit: boolean;
}

/** Parts of at most MAX_PART_MEMORY_BYTES, or of one exchange. `attempt`: which one it is of a batch that is read alone. Never rejects. */
export async function* readBatch(
  journal: R2Bucket,
  { deliveries }: Pick<Batch, "deliveries">,
  { attempt, sweepAfterMs }: { attempt: number; sweepAfterMs: number },
): AsyncGenerator<ReadPart, void> {
  const announced = mergeMessages(deliveries, Date.now() - sweepAfterMs);
  const read = await Promise.all(announced.map((one) => readAnnounced(journal, one, attempt)));
  const failures = read.flatMap((one) => one.failures);
  const bundles = read.flatMap((one) => one.bundles);
  let entries: Entry[] = [];
  let bytesLeft = MAX_PART_MEMORY_BYTES;
  let stepBytesLeft = STEP_BYTES;
  for (const { id, domain, maxBytes, build } of read.flatMap(({ unbuilt }) => unbuilt)) {
    if (maxBytes > bytesLeft && entries.length > 0) {
      yield { entries: mergeEntries(entries), failures: [], bundles: [], isLast: false };
      entries = [];
      bytesLeft = MAX_PART_MEMORY_BYTES;
    }
    stepBytesLeft -= maxBytes;
    if (stepBytesLeft < 0) {
      await nextTurn();
      stepBytesLeft = STEP_BYTES - maxBytes;
    }
    try {
      const entry = await inTurns(build());
      entries.push(entry);
      bytesLeft -= memoryOf(entry);
    } catch (error) {
      failures.push([id, { domain, error }]);
    }
  }
  yield { entries: mergeEntries(entries), failures, bundles, isLast: true };
}

type Announcement = Pick<ReadPart, "failures" | "bundles"> & { unbuilt: Unbuilt[] };

async function readAnnounced(
  journal: R2Bucket,
  announced: Announced,
  attempt: number,
): Promise<Announcement> {
  const { id, domain, exchanges } = announced.exchange;
  try {
    if (exchanges) return await readBundled(journal, announced, attempt);
    return { unbuilt: [await readEntry(journal, announced, attempt)], failures: [], bundles: [] };
  } catch (error) {
    return { unbuilt: [], failures: [[id, { domain, error }]], bundles: [] };
  }
}

/** A bundle that has been cleared has no exchanges: they are stored. */
async function readBundled(
  journal: R2Bucket,
  { exchange, hadFailures }: Announced,
  attempt: number,
): Promise<Announcement> {
  const reading = readJournalBundle(journal, exchange.id, exchange.exchanges ?? 0);
  const bundled = (await withTimeout(JOURNAL_TIMEOUT_MS, reading)) ?? [];
  if (bundled.length === 0)
    log.info("ingest: message for a bundle that has been cleared", { id: exchange.id });
  const isToBeSplit = attempt > 1;
  const bundles: Announcement["bundles"] = [[exchange.id, { exchanges: bundled, hadFailures, isToBeSplit }]];
  const result: Announcement = { unbuilt: [], failures: [], bundles };
  if (isToBeSplit) return result;
  const { exchanges: _, ...shared } = exchange;
  const { domain } = exchange;
  for (const { id, read } of bundled)
    try {
      const one = { ...shared, id };
      const entry = read();
      const build = function* (): Steps<Entry> {
        const row = yield* exchangeRowInSteps(one, entry);
        return {
          id,
          exchange: one,
          hadFailures,
          isBundled: true,
          parts: [],
          row,
          fromResponseOnly: () => null,
        };
      };
      result.unbuilt.push({ id, domain, maxBytes: maxBytesOf(entry), build });
    } catch (error) {
      result.failures.push([id, { domain, error }]);
    }
  return result;
}

async function readEntry(journal: R2Bucket, announced: Announced, attempt: number): Promise<Unbuilt> {
  const { exchange } = announced;
  const reading = withTimeout(JOURNAL_TIMEOUT_MS, readJournal(journal, exchange.id));
  // If R2 is down, metadata of both parts is stored all the same; what R2 has completes the row later.
  const hasAllMetadata = exchange.request !== null && exchange.response !== null;
  const entry = await (hasAllMetadata ? reading.catch(() => EMPTY_ENTRY) : reading);
  const options = { isUnread: attempt > MAX_READ_ATTEMPTS };
  const build = function* (): Steps<Entry> {
    const row = yield* exchangeRowInSteps(exchange, entry, { ...options, cache: prefixCache });
    return {
      ...announced,
      id: exchange.id,
      isBundled: false,
      parts: (["request", "response"] as const).filter((part) => entry[part] !== null),
      row,
      fromResponseOnly() {
        const request = exchange.isAbandoned ? requestFromSummary(entry) : null;
        return request && exchangeRow({ ...exchange, request }, entry, options);
      },
    };
  };
  return { id: exchange.id, domain: exchange.domain, maxBytes: maxBytesOf(entry), build };
}

function maxBytesOf({ request, response }: JournalEntry): number {
  return (
    (request ? maxDecodedBytes(request.body, request.metadata.headers["content-encoding"]) : 0) +
    (response ? maxDecodedBytes(response.body, response.metadata.bodyCoding) : 0)
  );
}

/** What an entry holds in memory until it is stored. */
function memoryOf({ row }: Entry): number {
  const body = row?.request?.body;
  const elements = body ? [body.messages, body.system, body.tools].flat() : [];
  return (
    (body?.skeleton.bytes.length ?? 0) +
    (body?.received?.bytes.length ?? 0) +
    elements.reduce((sum, { content }) => sum + content.length + ELEMENT_BYTES, 0) +
    (row?.response?.body?.length ?? 0) +
    (row?.response?.message?.bytes.length ?? 0)
  );
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
