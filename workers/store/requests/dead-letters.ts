/**
 * Exchanges that ingest could not store, and journal entries that the sweep enqueued. Both determine when an entry is
 * retried; both are deleted once it is stored.
 */
import { and, eq, exists, gt, inArray, lt, notInArray, sql } from "drizzle-orm";
import { ingestFailures, requests, sweptEntries } from "../../../drizzle/schema.ts";
import { startedAtOf } from "../../domain/exchange-id.ts";
import { plainText } from "../../domain/truncate.ts";
import type { Writer } from "../db/db.ts";
import { timestamptz } from "../db/sql.ts";

const MAX_ERROR_CHARACTERS = 500;
/** The wait until the sweep enqueues an entry again doubles up to 12 hours. */
const MAX_SWEEP_BACKOFF_MS = 12 * 3_600_000;
/** An entry still in the journal is enqueued long before this; the others are stale. */
const SWEPT_ENTRY_RETENTION_MS = 7 * 86_400_000;

/**
 * Records that an exchange could not be stored, and why. Its journal entry stays. If another message has stored it meanwhile,
 * the record is deleted again: the other transaction deletes records after its commit (clearFailures), this function
 * checks after its insert, so one of the two sees the other.
 */
export async function recordFailure(
  db: Writer,
  failure: { exchangeId: string; domain: string; error: string },
  now: number,
): Promise<void> {
  const at = new Date(now);
  const error = plainText(failure.error, MAX_ERROR_CHARACTERS);
  await db
    .insert(ingestFailures)
    .values({
      ...failure,
      domain: plainText(failure.domain, MAX_ERROR_CHARACTERS),
      error,
      attempts: 1,
      firstAt: at,
      lastAt: at,
    })
    .onConflictDoUpdate({
      target: ingestFailures.exchangeId,
      set: { error, attempts: sql`${ingestFailures.attempts} + 1`, lastAt: at },
    });
  await db
    .delete(ingestFailures)
    .where(
      and(eq(ingestFailures.exchangeId, failure.exchangeId), exists(storedWhole(db, failure.exchangeId))),
    );
}

/** The row, if nothing of its exchange can still be in the journal. */
function storedWhole(db: Writer, exchangeId: string) {
  const startedAt = startedAtOf(exchangeId);
  return db
    .select({ id: requests.id })
    .from(requests)
    .where(
      and(
        eq(requests.id, exchangeId),
        eq(requests.startedAt, new Date(startedAt ?? 0)),
        notInArray(requests.outcome, ["interrupted", "unrecorded"]),
      ),
    );
}

/** The ids of those entries that the sweep enqueued too recently to enqueue again. */
export async function entriesInBackoff(
  db: Writer,
  exchangeIds: readonly string[],
  now: number,
): Promise<Set<string>> {
  if (exchangeIds.length === 0) return new Set();
  const waiting = await db
    .select({ id: sweptEntries.exchangeId })
    .from(sweptEntries)
    .where(and(inArray(sweptEntries.exchangeId, [...exchangeIds]), gt(sweptEntries.nextAt, new Date(now))));
  return new Set(waiting.map(({ id }) => id));
}

/** Records that the sweep enqueued these entries; the next time is after `firstWaitMs`, doubling each time. */
export async function recordSweep(
  db: Writer,
  exchangeIds: readonly string[],
  now: number,
  firstWaitMs: number,
): Promise<void> {
  if (exchangeIds.length === 0) return;
  const waits = sql`make_interval(secs => least(${firstWaitMs / 1_000} * power(2, least(${sweptEntries.attempts}, 30)), ${MAX_SWEEP_BACKOFF_MS / 1000}))`;
  await db
    .insert(sweptEntries)
    .values(
      exchangeIds.map((exchangeId) => ({ exchangeId, attempts: 1, nextAt: new Date(now + firstWaitMs) })),
    )
    .onConflictDoUpdate({
      target: sweptEntries.exchangeId,
      set: {
        attempts: sql`${sweptEntries.attempts} + 1`,
        nextAt: sql`${timestamptz(now)} + ${waits}`,
      },
    });
}

/** Deletes records of entries that left the journal otherwise. */
export async function deleteOldSweptEntries(db: Writer, now: number): Promise<void> {
  await db.delete(sweptEntries).where(lt(sweptEntries.nextAt, new Date(now - SWEPT_ENTRY_RETENTION_MS)));
}

/** Deletes the failures and sweep records of exchanges whose storing is committed. */
export async function clearFailures(db: Writer, exchangeIds: readonly string[]): Promise<void> {
  if (exchangeIds.length === 0) return;
  const ids = [...exchangeIds];
  await db.delete(ingestFailures).where(inArray(ingestFailures.exchangeId, ids));
  await db.delete(sweptEntries).where(inArray(sweptEntries.exchangeId, ids));
}
