/**
 * Attempts of ingest to read journal entries, recorded before they begin: a record that stays belongs to an entry that was being read
 * when the isolate ended. Called by workers/ingest.
 */
import { eq, inArray, lt, sql } from "drizzle-orm";
import { ingestAttempts } from "../../../drizzle/schema.ts";
import type { Reader, Writer } from "../db/db.ts";
import { timestamptz } from "../db/sql.ts";

/** By then the entry is stored, or the sweep has tried it many times. */
const ATTEMPT_RETENTION_MS = 7 * 86_400_000;
/** An isolate that ended is replaced, and its messages delivered again, later than this. */
const CONCURRENT_MS = 1_000;

/**
 * Records that reading `entryIds` begins and that reading `ended` is over, in one round trip. Returns the ids that an attempt from before
 * has left, of which nothing is recorded.
 */
export async function beginAttempts(
  db: Reader,
  entryIds: readonly string[],
  ended: readonly string[],
  now: number,
): Promise<Set<string>> {
  const begin = db
    .insert(ingestAttempts)
    .values(entryIds.map((entryId) => ({ entryId, attempts: 1, at: new Date(now) })))
    .onConflictDoNothing()
    .returning({ id: ingestAttempts.entryId });
  const begun = ended.length === 0 ? await begin : (await db.batch([deletionOf(db, ended), begin]))[1];
  const isBegun = new Set(begun.map(({ id }) => id));
  return new Set(entryIds.filter((id) => !isBegun.has(id)));
}

/** Records that reading an entry begins again; returns how often it has begun. Messages of one entry delivered at once count as one. */
export async function beginAgain(db: Reader, entryId: string, now: number): Promise<number> {
  const isLater = lt(ingestAttempts.at, new Date(now - CONCURRENT_MS));
  const [row] = await db
    .update(ingestAttempts)
    .set({
      attempts: sql`${ingestAttempts.attempts} + CASE WHEN ${isLater} THEN 1 ELSE 0 END`,
      at: sql`CASE WHEN ${isLater} THEN ${timestamptz(now)} ELSE ${ingestAttempts.at} END`,
    })
    .where(eq(ingestAttempts.entryId, entryId))
    .returning({ attempts: ingestAttempts.attempts });
  // Another invocation has ended its attempt meanwhile.
  return row?.attempts ?? 1;
}

/** Records that reading these entries is over, whatever its result. */
export async function endAttempts(db: Reader, entryIds: readonly string[]): Promise<void> {
  if (entryIds.length > 0) await deletionOf(db, entryIds);
}

function deletionOf(db: Reader, entryIds: readonly string[]) {
  return db.delete(ingestAttempts).where(inArray(ingestAttempts.entryId, [...entryIds]));
}

export async function deleteOldAttempts(db: Writer, now: number): Promise<void> {
  await db.delete(ingestAttempts).where(lt(ingestAttempts.at, new Date(now - ATTEMPT_RETENTION_MS)));
}
