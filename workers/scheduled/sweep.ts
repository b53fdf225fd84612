/**
 * The sweep: rings again for journal entries that nobody rang for, or whose bell was lost. Called every minute by cron, and
 * once at the start of the local stack, whose queue lives in memory.
 *
 * It needs no cursor: entries are listed in order of time, and those rung for have to wait in Postgres (longer each time).
 * Without Postgres nothing could be stored, so then it does not ring at all.
 */
import { loadConfig } from "../runtime/config.ts";
import { MAX_QUEUE_BATCH_MESSAGES } from "../runtime/constants.ts";
import { startedAtOf } from "../domain/exchange-id.ts";
import { errorText, log } from "../runtime/log.ts";
import type { ExchangeMessage } from "../schemas/exchange.ts";
import { DatabaseUnavailableError } from "../store/db/errors.ts";
import { type Writer, withWriter } from "../store/db/db.ts";
import { domainsOfStored } from "../store/requests/write.ts";
import { recordSweep, entriesInBackoff } from "../store/requests/dead-letters.ts";
import { type JournalListing, listJournal } from "../store/journal/objects.ts";

/**
 * Of SWEEP_AFTER_MS. The recorder rings within seconds; who is not stored after that was forgotten, or waits in a queue that stands
 * still. An answer without its request is stored as it is after five times as long, by default ten minutes: the request's half
 * would have come, in the journal or in a bell. An entry that was rung for has as long to be stored.
 */
const ABANDON_AFTER_SWEEPS = 5;
/** Beyond the longest stream: clocks, and what is left to do at its end. */
const STREAM_END_GRACE_MS = 300_000;
const PAGE_ENTRIES = 500;
/** Of one run. A run of a minute can look at so many and rings for no more than ingest can store meanwhile. */
const MAX_LISTED = 20_000;
const MAX_ENQUEUED = 2_000;

export interface SweepOptions {
  /** Epoch milliseconds. */
  now: number;
  /** Nothing can be in flight or in the queue: every entry is left behind, however young, and nobody has to wait. */
  startup?: boolean;
}

/** Answers for how many exchanges it rang. */
export async function sweepJournal(env: Env, { now, startup = false }: SweepOptions): Promise<number> {
  const config = loadConfig(env);
  let rung = 0;
  let listed = 0;
  let startAfter: string | undefined;
  while (listed < MAX_LISTED && (startup || rung < MAX_ENQUEUED)) {
    const page = await listJournal(env.JOURNAL, {
      limit: PAGE_ENTRIES,
      ...(startAfter === undefined ? {} : { startAfter }),
    });
    const old = page.entries.filter((entry) => startup || now - entry.uploadedAt > config.SWEEP_AFTER_MS);
    const patienceMs = ABANDON_AFTER_SWEEPS * config.SWEEP_AFTER_MS;
    if (old.length > 0)
      rung += await withWriter(config, async (db) => {
        const left = startup
          ? old
          : await leftBehind(db, old, now - config.STREAM_MAX_MS - STREAM_END_GRACE_MS);
        return enqueue(env.EXCHANGES, db, left, { now, startup, patienceMs });
      });
    listed += page.entries.length;
    // Ids are in order of time: what comes later is too young as well.
    const reached = page.cursor === null ? null : startedAtOf(page.cursor);
    if (page.cursor === null || (!startup && reached !== null && reached > now - config.SWEEP_AFTER_MS))
      break;
    startAfter = page.cursor;
  }
  if (rung > 0) log.warn("sweep: rang for journal entries left behind", { entries: rung, startup });
  return rung;
}

/** The same for cron: a database that is down is not this run's failure. */
export async function sweepOrWait(env: Env, options: SweepOptions): Promise<void> {
  try {
    await sweepJournal(env, options);
  } catch (thrown) {
    if (!(thrown instanceof DatabaseUnavailableError)) throw thrown;
    log.warn("sweep: waits for the database", { error: errorText(thrown) });
  }
}

/**
 * An entry without its answer may be a stream that goes on; one that was written before `endedBefore` is certainly not, and
 * neither is one whose row is there: R2 took it late, when its facts had been stored.
 */
async function leftBehind(
  db: Writer,
  entries: readonly JournalListing[],
  endedBefore: number,
): Promise<JournalListing[]> {
  const isEnded = ({ hasResponse, uploadedAt }: JournalListing) => hasResponse || uploadedAt < endedBefore;
  const open = entries.flatMap((entry) => {
    const startedAt = isEnded(entry) ? null : startedAtOf(entry.id);
    return startedAt === null ? [] : [{ id: entry.id, startedAt: new Date(startedAt) }];
  });
  const stored = await domainsOfStored(db, open);
  return entries.filter((entry) => isEnded(entry) || stored.has(entry.id));
}

async function enqueue(
  queue: Queue,
  db: Writer,
  entries: readonly JournalListing[],
  { now, startup, patienceMs }: Required<SweepOptions> & { patienceMs: number },
): Promise<number> {
  const ids = entries.map(({ id }) => id);
  const waiting = startup ? new Set<string>() : await entriesInBackoff(db, ids, now);
  const due = entries.filter(({ id }) => !waiting.has(id));
  for (let at = 0; at < due.length; at += MAX_QUEUE_BATCH_MESSAGES) {
    const together = due.slice(at, at + MAX_QUEUE_BATCH_MESSAGES);
    await queue.sendBatch(
      together.map((entry) => ({
        body: sweepMessage(entry, startup || now - entry.uploadedAt > patienceMs),
      })),
    );
    await recordSweep(
      db,
      together.map(({ id }) => id),
      now,
      patienceMs,
    );
  }
  return due.reduce((sum, { exchanges = 1 }) => sum + exchanges, 0);
}

function sweepMessage({ id, bytes, exchanges }: JournalListing, isAbandoned: boolean): ExchangeMessage {
  // The domain is in the entry, or in the row stored before.
  const facts = { request: null, response: null };
  return {
    v: 1,
    kind: "exchange",
    id,
    domain: "",
    journalBytes: bytes,
    rungBy: "sweep",
    isAbandoned,
    ...facts,
    ...(exchanges === undefined ? {} : { exchanges }),
  };
}
