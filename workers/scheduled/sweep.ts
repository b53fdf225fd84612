/**
 * The sweep enqueues journal entries again whose message was never sent, or was lost. Called every minute by cron, and
 * once at the start of the local stack, whose queue is in memory.
 *
 * It needs no cursor: entries are listed in order of time, and Postgres holds a growing backoff for those enqueued.
 * Without Postgres nothing could be stored, so then it enqueues nothing.
 */
import { type Config, loadConfig } from "../runtime/config.ts";
import { LIVE_FEED_NAME, MAX_QUEUE_BATCH_MESSAGES } from "../runtime/constants.ts";
import { startedAtOf } from "../domain/exchange-id.ts";
import { errorText, log } from "../runtime/log.ts";
import type { ExchangeMessage } from "../schemas/exchange.ts";
import { DatabaseUnavailableError } from "../store/db/errors.ts";
import { type Writer, withWriter } from "../store/db/db.ts";
import { domainsOfStored } from "../store/requests/write.ts";
import { recordSweep, entriesInBackoff } from "../store/requests/dead-letters.ts";
import { type JournalListing, listJournal } from "../store/journal/objects.ts";

/**
 * In multiples of SWEEP_AFTER_MS. The recorder notifies ingest within seconds, so an entry that is older was missed, or waits in a stalled queue.
 * A response without its request is stored as it is after five times as long, by default ten minutes: its request part
 * would have arrived in the journal or in a message. An enqueued entry has as long to be stored.
 */
const ABANDON_AFTER_SWEEPS = 5;
/** Added to the longest stream for clock differences and for recording its end. */
const STREAM_END_GRACE_MS = 300_000;
const PAGE_ENTRIES = 500;
/** Limits of one run: what a minute allows to list, and what ingest can store meanwhile. */
const MAX_LISTED = 20_000;
const MAX_ENQUEUED = 2_000;

export interface SweepOptions {
  /** Epoch milliseconds. */
  now: number;
  /** Nothing is in flight or in the queue: every entry is enqueued, however young, without backoff. */
  startup?: boolean;
}

/** Returns how many exchanges it enqueued. */
export async function sweepJournal(env: Env, { now, startup = false }: SweepOptions): Promise<number> {
  const config = loadConfig(env);
  let enqueued = 0;
  let listed = 0;
  let startAfter: string | undefined;
  let endedBefore: number | undefined;
  while (listed < MAX_LISTED && (startup || enqueued < MAX_ENQUEUED)) {
    const page = await listJournal(env.JOURNAL, {
      limit: PAGE_ENTRIES,
      ...(startAfter === undefined ? {} : { startAfter }),
    });
    const old = page.entries.filter((entry) => startup || now - entry.uploadedAt > config.SWEEP_AFTER_MS);
    const backoffMs = ABANDON_AFTER_SWEEPS * config.SWEEP_AFTER_MS;
    if (old.length > 0)
      enqueued += await withWriter(config, async (db) => {
        const unstored = startup
          ? old
          : await withoutOpenStreams(db, old, (endedBefore ??= await streamsEndedBefore(env, config, now)));
        return enqueue(env.EXCHANGES, db, unstored, { now, startup, backoffMs });
      });
    listed += page.entries.length;
    // Ids are in order of time: later entries are too young as well.
    const reached = page.cursor === null ? null : startedAtOf(page.cursor);
    if (page.cursor === null || (!startup && reached !== null && reached > now - config.SWEEP_AFTER_MS))
      break;
    startAfter = page.cursor;
  }
  if (enqueued > 0) log.warn("sweep: enqueued unstored journal entries", { entries: enqueued, startup });
  return enqueued;
}

/** The same for cron, which does not fail when the database is unavailable. */
export async function sweepOrWait(env: Env, options: SweepOptions): Promise<void> {
  try {
    await sweepJournal(env, options);
  } catch (thrown) {
    if (!(thrown instanceof DatabaseUnavailableError)) throw thrown;
    log.warn("sweep: database unavailable", { error: errorText(thrown) });
  }
}

/** Streams that began before this have ended: they took longer than any may, or the runtime of the local stack has been started since. */
async function streamsEndedBefore(
  env: Env,
  { STREAM_MAX_MS }: Pick<Config, "STREAM_MAX_MS">,
  now: number,
): Promise<number> {
  const longest = now - STREAM_MAX_MS - STREAM_END_GRACE_MS;
  try {
    return Math.max(longest, await env.LIVE_FEED.getByName(LIVE_FEED_NAME).startedAt());
  } catch (thrown) {
    log.warn("sweep: the start of the runtime is not known", { error: errorText(thrown) });
    return longest;
  }
}

/**
 * Excludes entries that may still be streaming: those without a response, unless they were written before `endedBefore`, or
 * their row exists because R2 took them late, after their metadata had been stored.
 */
async function withoutOpenStreams(
  db: Writer,
  entries: readonly JournalListing[],
  endedBefore: number,
): Promise<JournalListing[]> {
  const isEnded = ({ hasResponse, uploadedAt }: JournalListing) => hasResponse || uploadedAt < endedBefore;
  const open = entries.flatMap((entry) => (isEnded(entry) ? [] : [entry.id]));
  const stored = await domainsOfStored(db, open);
  return entries.filter((entry) => isEnded(entry) || stored.has(entry.id));
}

async function enqueue(
  queue: Queue,
  db: Writer,
  entries: readonly JournalListing[],
  { now, startup, backoffMs }: Required<SweepOptions> & { backoffMs: number },
): Promise<number> {
  const ids = entries.map(({ id }) => id);
  const inBackoff = startup ? new Set<string>() : await entriesInBackoff(db, ids, now);
  const due = entries.filter(({ id }) => !inBackoff.has(id));
  for (let at = 0; at < due.length; at += MAX_QUEUE_BATCH_MESSAGES) {
    const batch = due.slice(at, at + MAX_QUEUE_BATCH_MESSAGES);
    await queue.sendBatch(
      batch.map((entry) => ({
        body: sweepMessage(entry, startup || now - entry.uploadedAt > backoffMs),
      })),
    );
    await recordSweep(
      db,
      batch.map(({ id }) => id),
      now,
      backoffMs,
    );
  }
  return due.reduce((sum, { exchanges = 1 }) => sum + exchanges, 0);
}

function sweepMessage({ id, bytes, exchanges }: JournalListing, isAbandoned: boolean): ExchangeMessage {
  // The domain is in the entry, or in the stored row.
  return {
    v: 1,
    kind: "exchange",
    id,
    domain: "",
    journalBytes: bytes,
    rungBy: "sweep",
    isAbandoned,
    request: null,
    response: null,
    ...(exchanges === undefined ? {} : { exchanges }),
  };
}
