/**
 * Adds terms to the full-text index outside of storing, because reading and tokenising texts costs as much as storing them.
 * Called by ingest after light batches and by cron each minute; may run concurrently. Never throws.
 */
import { sql } from "drizzle-orm";
import { searchText } from "../../domain/search/text.ts";
import { indexTermsInSteps } from "../../domain/search/tokenize.ts";
import { MAX_PARSED_BYTES } from "../../runtime/constants.ts";
import { errorText, log } from "../../runtime/log.ts";
import { inTurns } from "../../runtime/next-turn.ts";
import { readContents } from "../content/request-body.ts";
import { type DatabaseConfig, withWriter, type WriterTransaction } from "../db/db.ts";

/** Contents per transaction, by number and by uncompressed bytes. */
const MAX_BATCH_CONTENTS = 200;
const MAX_BATCH_BYTES = 524_288;

/** After a larger batch more exchanges are waiting: storing comes first, and cron or a later batch indexes. */
const MAX_LIGHT_BATCH = 20;
/** Limits how long the next batch waits for the database. */
const MAX_MS_AFTER_BATCH = 3_000;
/** Per minute, whatever the load, so that the index always catches up. */
const MAX_MS_BY_CRON = 6_000;

/** `exchanges`: size of the batch that was just stored. */
export async function indexAfterBatch(config: DatabaseConfig, exchanges: number): Promise<void> {
  if (exchanges <= MAX_LIGHT_BATCH) await tryIndex(config, MAX_MS_AFTER_BATCH);
}

/** Returns `now` where something may be left, else null. */
export async function indexByCron(config: DatabaseConfig, now: number): Promise<number | null> {
  return (await tryIndex(config, MAX_MS_BY_CRON)) ? null : now;
}

/** Whether nothing is left. */
async function tryIndex(config: DatabaseConfig, maxMs: number): Promise<boolean> {
  const deadline = Date.now() + maxMs;
  try {
    await indexWaiting(config, maxMs);
    return Date.now() < deadline;
  } catch (thrown) {
    log.warn("search: indexing failed", { error: errorText(thrown) });
    return false;
  }
}

/** Indexes until nothing is left or `maxMs` have passed. Returns the number of messages indexed. */
export async function indexWaiting(config: DatabaseConfig, maxMs: number): Promise<number> {
  const deadline = Date.now() + maxMs;
  return withWriter(config, async (db) => {
    let done = 0;
    for (;;) {
      const count = await db.transaction(indexNextBatch);
      done += count;
      if (count === 0 || Date.now() >= deadline) return done;
    }
  });
}

async function indexNextBatch(tx: WriterTransaction): Promise<number> {
  const waiting = await tx.execute<{ id: string; size: number | null }>(sql`
    SELECT e.content_id AS id, c.size FROM search_entries e LEFT JOIN contents c ON c.id = e.content_id
    WHERE e.words IS NULL ORDER BY e.content_id LIMIT ${MAX_BATCH_CONTENTS} FOR UPDATE OF e SKIP LOCKED`);
  const selected: { id: bigint; length: number }[] = [];
  let bytesLeft = MAX_BATCH_BYTES;
  for (const { id, size } of waiting.rows) {
    if (bytesLeft <= 0) break;
    selected.push({ id: BigInt(id), length: size ?? 0 });
    bytesLeft -= size ?? 0;
  }
  if (selected.length === 0) return 0;
  const contents = await readContents(
    tx,
    selected.filter(({ length }) => length > 0 && length <= MAX_PARSED_BYTES),
  );
  const indexed: { id: string; role: string | null; words: string[] }[] = [];
  for (const { id } of selected) {
    const bytes = contents.get(id);
    const message = bytes ? searchText(bytes) : null;
    const words = message ? await inTurns(indexTermsInSteps(message.text)) : [];
    indexed.push({ id: id.toString(), role: message?.role ?? null, words });
  }
  await tx.execute(sql`
    UPDATE search_entries e SET role = given.role, words = array_to_tsvector(ARRAY(SELECT jsonb_array_elements_text(given.words)))
    FROM jsonb_to_recordset(${JSON.stringify(indexed)}::jsonb) AS given (id bigint, role text, words jsonb)
    WHERE e.content_id = given.id`);
  return selected.length;
}
