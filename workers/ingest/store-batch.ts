/**
 * Stores a part of a batch in Postgres, one transaction per domain. An exchange that cannot be stored does not hold back the others: its
 * group is halved until it is alone. Called by consumer.ts.
 */
import type { Config } from "../runtime/config.ts";
import { errorText, log } from "../runtime/log.ts";
import type { RequestRow } from "../schemas/api/requests.ts";
import { databaseError, DatabaseUnavailableError } from "../store/db/errors.ts";
import { type Writer, type WriterTransaction, withWriter } from "../store/db/db.ts";
import type { JournalObject } from "../store/journal/objects.ts";
import { clearFailures } from "../store/requests/dead-letters.ts";
import { readStoredRows } from "../store/requests/read-stored.ts";
import { domainsOfStored, type StoredExchange, storeExchanges } from "../store/requests/write.ts";
import type { StorableExchange } from "../store/requests/write-model.ts";
import type { Entry, Failure, FailureOf, ReadBundle, ReadPart } from "./read-batch.ts";

const REQUEST_MISSING = "the journal has the response but not the request";

/** A batch, or a part of one. */
export interface StoredBatch {
  /** Errors of exchanges that are not stored, by id. All others are stored. */
  failures: ReadonlyMap<string, Failure>;
  /** Journal parts of stored exchanges, which can be deleted. */
  cleared: { id: string; parts: JournalObject[] }[];
  /** New or completed exchanges as lists show them. */
  rows: RequestRow[];
  /** The same as account windows count them. */
  changed: StoredExchange[];
  bundles: ReadonlyMap<string, ReadBundle>;
}

/** With the exchanges that the rows were built from. */
export type StoredPart = StoredBatch & { exchanges: StorableExchange[] };

interface GroupResult {
  changed: StoredExchange[];
  failures: FailureOf[];
}

/** Rejects with DatabaseUnavailableError when the database is unavailable; then nothing is known of any exchange. */
export async function storePart(config: Config, read: ReadPart): Promise<StoredPart> {
  return withWriter(config, async (db) => {
    const { entries, groups, failures: incomplete } = await groupByDomain(db, read.entries);
    const results: GroupResult[] = [];
    for (const [domain, group] of groups) results.push(await storeGroup(db, config, domain, group));
    const failures = new Map([
      ...read.failures,
      ...incomplete,
      ...results.flatMap((result) => result.failures),
    ]);
    const isStored = ({ id }: { id: string }) => !failures.has(id);
    const changed = results.flatMap((result) => result.changed);
    const retried = [...groups.values()].flat().filter(({ hadFailures }) => hadFailures);
    // A failure recorded for a bundle is about reading it; those of its exchanges are recorded for them.
    const retriedBundles = read.bundles.flatMap(([id, { hadFailures }]) => (hadFailures ? [{ id }] : []));
    // After the commits: a failure that is recorded concurrently is seen here, or sees the rows (recordFailure).
    await clearFailures(
      db,
      [...retried, ...retriedBundles].filter(isStored).map(({ id }) => id),
    );
    return {
      failures,
      cleared: entries
        .filter((entry) => entry.parts.length > 0 && isStored(entry))
        .map(({ id, parts }) => ({ id, parts })),
      rows: await changedRows(db, changed),
      changed,
      exchanges: entries.flatMap(({ row }) => row ?? []),
      bundles: new Map(read.bundles),
    };
  });
}

/**
 * The request names the domain. Without a request the exchange must be stored already: its response came late, or it was cleared and
 * the message is a duplicate. If it is not stored and its request was given up, the response's summary of the request is used.
 */
async function groupByDomain(
  db: Writer,
  given: readonly Entry[],
): Promise<{ entries: Entry[]; groups: Map<string, Entry[]>; failures: FailureOf[] }> {
  const withoutRequest = given.filter(({ row }) => !row?.request);
  const stored = await domainsOfStored(
    db,
    withoutRequest.map(({ id }) => id),
  );
  const entries = given.map((entry) =>
    entry.row?.request || stored.has(entry.id)
      ? entry
      : { ...entry, row: entry.fromResponseOnly() ?? entry.row },
  );
  const groups = new Map<string, Entry[]>();
  const failures: FailureOf[] = [];
  for (const entry of entries) {
    const { id, exchange, row } = entry;
    const domain = row?.request?.domain ?? stored.get(id);
    const group = domain === undefined ? undefined : groups.get(domain);
    if (group) group.push(entry);
    else if (domain !== undefined) groups.set(domain, [entry]);
    else if (row)
      failures.push([
        id,
        {
          domain: exchange.domain,
          error: new Error(REQUEST_MISSING),
          awaitingOtherPart: !exchange.isAbandoned,
        },
      ]);
    else log.error("ingest: message for an exchange that does not exist", { id, domain: exchange.domain });
  }
  return { entries, groups, failures };
}

/** All of a group in one transaction; if that fails, each half in its own, and so on. */
async function storeGroup(
  db: Writer,
  config: Config,
  domain: string,
  group: readonly Entry[],
): Promise<GroupResult> {
  try {
    return { changed: await db.transaction((tx) => storeTogether(tx, domain, group)), failures: [] };
  } catch (thrown) {
    const error = databaseError(thrown, config.DATABASE_URL);
    if (error instanceof DatabaseUnavailableError) throw error;
    const [first, ...others] = group;
    if (first && others.length === 0) return { changed: [], failures: [[first.id, { domain, error }]] };
    const fields = { domain, exchanges: group.length, error: errorText(error) };
    log.warn("ingest: transaction failed, retrying it in two parts", fields);
  }
  const middle = Math.ceil(group.length / 2);
  const first = await storeGroup(db, config, domain, group.slice(0, middle));
  const second = await storeGroup(db, config, domain, group.slice(middle));
  return {
    changed: [...first.changed, ...second.changed],
    failures: [...first.failures, ...second.failures],
  };
}

/** Rows for the live feed and alerts. The batch is stored, so failing to read them is no failure. */
async function changedRows(db: Writer, changed: readonly StoredExchange[]): Promise<RequestRow[]> {
  try {
    return await readStoredRows(
      db,
      changed.map(({ id, startedAt }) => ({ id, startedAt: new Date(startedAt) })),
    );
  } catch (thrown) {
    log.warn("ingest: stored rows not read for the live feed", { error: errorText(thrown) });
    return [];
  }
}

/** Returns new and completed exchanges. */
async function storeTogether(
  tx: WriterTransaction,
  domain: string,
  group: readonly Entry[],
): Promise<StoredExchange[]> {
  const exchanges = group.flatMap(({ row }) => row ?? []);
  if (exchanges.length === 0) return [];
  const { stored, missingRequest } = await storeExchanges(tx, domain, exchanges);
  if (missingRequest.length > 0) throw new Error(REQUEST_MISSING);
  return stored;
}
