/**
 * A slice of bells into Postgres: journal entries read, made into rows, one transaction per domain. An exchange that
 * cannot be stored does not keep the others from it. Called by the consumer.
 */
import type { Config } from "../runtime/config.ts";
import { JOURNAL_TIMEOUT_MS, PREFIX_CACHE_BYTES } from "../runtime/constants.ts";
import { PrefixCache } from "../domain/content/prefix-cache.ts";
import { startedAtOf } from "../domain/exchange-id.ts";
import { errorText, log } from "../runtime/log.ts";
import type { RequestRow } from "../schemas/api/requests.ts";
import type { ExchangeMessage } from "../schemas/exchange.ts";
import { databaseError, DatabaseUnavailableError } from "../store/db/errors.ts";
import { type Writer, type WriterTransaction, withWriter } from "../store/db/db.ts";
import { domainsOfStored, type StoredExchange, storeExchanges } from "../store/requests/write.ts";
import type { StorableExchange } from "../store/requests/write-model.ts";
import { clearFailures } from "../store/requests/dead-letters.ts";
import { readStoredRows } from "../store/requests/read-stored.ts";
import {
  type JournalEntry,
  type JournalObject,
  type JournalPart,
  readJournal,
} from "../store/journal/objects.ts";
import { withTimeout } from "../store/db/timeout.ts";
import { type ReadBundle, readBundle } from "./bundles.ts";
import type { Delivery } from "./batches.ts";
import { requestFromSummary, exchangeRow } from "./rows/exchange-row.ts";

const EMPTY_ENTRY: JournalEntry = { request: null, response: null };
/** What the isolate's last conversations sent: the next turn sends it again. */
const prefixCache = new PrefixCache(PREFIX_CACHE_BYTES);
const REQUEST_MISSING = "the journal has the answer but not the request";

export interface StoredBatch {
  /** Of what is not stored, by id. What is not in here is stored, now or before. */
  failures: Map<string, Failure>;
  /** What can go from the journal: the halves that were read, of what is stored. */
  cleared: { id: string; parts: JournalObject[] }[];
  /** What is new or was completed, as lists show it. */
  rows: RequestRow[];
  /** The same as their accounts' windows count it. */
  settled: StoredExchange[];
  /** What they were read from. */
  exchanges: StorableExchange[];
  /** What the bundles of the slice hold, by the bundle's id. */
  bundles: Map<string, ReadBundle>;
}

export interface Failure {
  /** As far as it is known. */
  domain: string;
  error: unknown;
  /** What is missing may still come, and nobody has given it up: the sweep asks again. */
  isEarly?: boolean;
}

/** An exchange of the slice on its way. */
export interface Entry {
  bell: ExchangeMessage;
  /** It may have failed before, in this bell or the sweep's, so something may be written down about it. */
  isTroubled: boolean;
  /** Came in a bundle, which is cleared as a whole. */
  isBundled?: boolean;
  parts: JournalPart[];
  /** Null when there is nothing in journal and bell. */
  exchange: StorableExchange | null;
  /** Makes an exchange of an answer that is alone, where nobody waits for its request any more. */
  alone(): StorableExchange | null;
}

/** A slice out of the journal, ready to be stored. */
export interface ReadBatch {
  entries: Entry[];
  /** Of what could not be read. */
  failures: Map<string, Failure>;
  bundles: Map<string, ReadBundle>;
}

/** Reads what the bells rang for and takes it apart. Never rejects; this is most of the CPU that ingest takes. */
export async function readBatch(
  journal: R2Bucket,
  slice: readonly Delivery[],
  sweepAfterMs: number,
): Promise<ReadBatch> {
  const read: ReadBatch = { entries: [], failures: new Map(), bundles: new Map() };
  await Promise.all(
    mergeNotifications(slice, Date.now() - sweepAfterMs).map(async (given) => {
      try {
        if (given.bell.exchanges) await readBundled(journal, given, read);
        else read.entries.push(await readEntry(journal, given));
      } catch (thrown) {
        read.failures.set(given.bell.id, { domain: given.bell.domain, error: thrown });
      }
    }),
  );
  return { ...read, entries: mergeEntries(read.entries) };
}

/** The exchanges of a bundle, each for itself: one that cannot be read does not keep the others back. */
async function readBundled(
  journal: R2Bucket,
  { bell, isTroubled }: Pick<Entry, "bell" | "isTroubled">,
  { entries, failures, bundles }: ReadBatch,
): Promise<void> {
  const bundle = await readBundle(journal, bell);
  bundles.set(bell.id, { ...bundle, hadFailures: isTroubled });
  const { exchanges: _, ...own } = bell;
  for (const { id, read } of bundle.exchanges)
    try {
      const one = { ...own, id };
      entries.push({
        bell: one,
        isTroubled,
        isBundled: true,
        parts: [],
        exchange: exchangeRow(one, read()),
        alone: () => null,
      });
    } catch (thrown) {
      failures.set(id, { domain: bell.domain, error: thrown });
    }
}

/** One per exchange: one of a bundle may have been rung for by itself as well. The bundle has all of it, a bell perhaps only facts. */
function mergeEntries(entries: readonly Entry[]): Entry[] {
  const byId = new Map<string, Entry>();
  for (const entry of entries) {
    const other = byId.get(entry.bell.id);
    const [whole, part] = other?.isBundled ? [other, entry] : [entry, other];
    byId.set(whole.bell.id, {
      ...whole,
      isTroubled: whole.isTroubled || part?.isTroubled === true,
      parts: [...whole.parts, ...(part?.parts ?? [])],
    });
  }
  return [...byId.values()];
}

/** Stores what can be stored. Throws DatabaseUnavailableError when the database is not there; then nothing is known of any of them. */
export async function storeBatch(
  config: Config,
  { entries, failures: unread, bundles }: ReadBatch,
): Promise<StoredBatch> {
  const failures: StoredBatch["failures"] = new Map(unread);
  const settled: StoredExchange[] = [];
  const rows = await withWriter(config, async (db) => {
    const groups = await byDomain(db, entries, failures);
    for (const [domain, group] of groups)
      for (const [id, error] of await storeGroup(db, config, { domain, group, settled }))
        failures.set(id, { domain, error });
    const troubled = [...groups.values()].flat().filter(({ isTroubled }) => isTroubled);
    // Behind the commits: a failure that is written down beside them is seen here, or sees them (recordFailure).
    await clearFailures(
      db,
      [...troubled.map(({ bell }) => bell.id), ...failedBundleIds(bundles)].filter((id) => !failures.has(id)),
    );
    return changedRows(db, settled);
  });
  const cleared = entries
    .filter(({ bell, parts }) => parts.length > 0 && !failures.has(bell.id))
    .map(({ bell, parts }) => ({ id: bell.id, parts }));
  const exchanges = entries.flatMap(({ exchange }) => exchange ?? []);
  return { failures, cleared, rows, settled, exchanges, bundles };
}

/** One per exchange: several bells may ring for it, and one of them may bring facts. Those begun before `sweptBefore` the sweep knows. */
function mergeNotifications(
  slice: readonly Delivery[],
  sweptBefore: number,
): Pick<Entry, "bell" | "isTroubled">[] {
  const byId = new Map<string, Pick<Entry, "bell" | "isTroubled">>();
  for (const { bell, isDead, message } of slice) {
    const isSwept = bell.rungBy === "sweep" || (startedAtOf(bell.id) ?? 0) < sweptBefore;
    const isTroubled = isDead || isSwept || message.attempts > 1;
    const other = byId.get(bell.id);
    byId.set(bell.id, {
      bell: {
        ...bell,
        request: bell.request ?? other?.bell.request ?? null,
        response: bell.response ?? other?.bell.response ?? null,
        isAbandoned: bell.isAbandoned || other?.bell.isAbandoned || false,
      },
      isTroubled: isTroubled || other?.isTroubled === true,
    });
  }
  return [...byId.values()];
}

async function readEntry(journal: R2Bucket, given: Pick<Entry, "bell" | "isTroubled">): Promise<Entry> {
  const reading = withTimeout(JOURNAL_TIMEOUT_MS, readJournal(journal, given.bell.id));
  // R2 is down, as it was when these facts were rung for: they are stored all the same, and what R2 has completes them later.
  const knowsAll = given.bell.request !== null && given.bell.response !== null;
  const entry = await (knowsAll ? reading.catch(() => EMPTY_ENTRY) : reading);
  const parts = (["request", "response"] as const).filter((part) => entry[part] !== null);
  const { bell } = given;
  const alone = () => {
    const request = bell.isAbandoned ? requestFromSummary(entry) : null;
    return request && exchangeRow({ ...bell, request }, entry);
  };
  return { ...given, parts, exchange: exchangeRow(bell, entry, prefixCache), alone };
}

/**
 * The request names the domain. Where there is none the exchange has to be stored already: its answer came late, or it was
 * cleared and the bell is a repetition. If it is not, and its request will not come, the answer says who asked.
 */
async function byDomain(
  db: Writer,
  entries: readonly Entry[],
  failures: StoredBatch["failures"],
): Promise<Map<string, Entry[]>> {
  const bare = entries.filter(({ exchange }) => !exchange?.request);
  const known = await domainsOfStored(
    db,
    bare.flatMap(({ bell }) => {
      const startedAt = startedAtOf(bell.id);
      return startedAt === null ? [] : [{ id: bell.id, startedAt: new Date(startedAt) }];
    }),
  );
  const groups = new Map<string, Entry[]>();
  for (const entry of entries) {
    const { bell } = entry;
    if (!entry.exchange?.request && !known.has(bell.id)) entry.exchange = entry.alone() ?? entry.exchange;
    const { exchange } = entry;
    const domain = exchange?.request?.domain ?? known.get(bell.id);
    if (domain !== undefined) groups.set(domain, [...(groups.get(domain) ?? []), entry]);
    else if (exchange)
      failures.set(bell.id, {
        domain: bell.domain,
        error: new Error(REQUEST_MISSING),
        isEarly: !bell.isAbandoned,
      });
    else
      log.error("ingest: a bell rang for an exchange that is nowhere", { id: bell.id, domain: bell.domain });
  }
  return groups;
}

/** All of a domain in one transaction; where that fails, each half in its own, and so on. Answers the failures. */
async function storeGroup(
  db: Writer,
  config: Config,
  { domain, group, settled }: { domain: string; group: readonly Entry[]; settled: StoredExchange[] },
): Promise<Map<string, unknown>> {
  try {
    settled.push(...(await db.transaction((tx) => storeTogether(tx, domain, group))));
    return new Map();
  } catch (thrown) {
    const error = databaseError(thrown, config.DATABASE_URL);
    if (error instanceof DatabaseUnavailableError) throw error;
    const [first, ...others] = group;
    if (first && others.length === 0) return new Map([[first.bell.id, error]]);
    log.warn("ingest: exchanges failed together, trying half of them", {
      domain,
      exchanges: group.length,
      error: errorText(error),
    });
  }
  const failures = new Map<string, unknown>();
  const half = Math.ceil(group.length / 2);
  for (const part of [group.slice(0, half), group.slice(half)])
    for (const [id, error] of await storeGroup(db, config, { domain, group: part, settled }))
      failures.set(id, error);
  return failures;
}

/** What was written down about a bundle is about its reading; its exchanges answer for themselves. */
const failedBundleIds = (bundles: ReadBatch["bundles"]) =>
  [...bundles].filter(([, { hadFailures: isTroubled }]) => isTroubled).map(([id]) => id);

/** For the live feed only: what is stored is stored, whether it can be read again just now or not. */
async function changedRows(db: Writer, settled: readonly StoredExchange[]): Promise<RequestRow[]> {
  try {
    const exchanges = settled.map(({ id, startedAt }) => ({ id, startedAt: new Date(startedAt) }));
    return await readStoredRows(db, exchanges);
  } catch (thrown) {
    log.warn("ingest: stored rows not read for the live feed", { error: errorText(thrown) });
    return [];
  }
}

/** Answers what is new or was completed. */
async function storeTogether(
  tx: WriterTransaction,
  domain: string,
  group: readonly Entry[],
): Promise<StoredExchange[]> {
  const exchanges = group.flatMap(({ exchange }) => exchange ?? []);
  const stored = exchanges.length === 0 ? null : await storeExchanges(tx, domain, exchanges);
  if (stored && stored.missingRequest.length > 0) throw new Error(REQUEST_MISSING);
  return stored?.stored ?? [];
}
