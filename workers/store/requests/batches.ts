/**
 * Message batches: which of their results have been counted, and by which exchange. A result counts once, with the exchange that was
 * stored first of those that downloaded it. Called inside the transaction that stores or prices exchanges, which holds the domain's lock.
 */
import { sql } from "drizzle-orm";
import type { BilledMessage } from "../../schemas/cost.ts";
import { BatchPrice } from "../../domain/pricing/batch-price.ts";
import type { BatchPart, BatchResult } from "../../domain/messages/batch-results.ts";
import { toHex } from "../../domain/bytes.ts";
import { sha256 } from "../../domain/sha256.ts";
import { batches } from "../db/statement-batches.ts";
import type { WriterTransaction } from "../db/db.ts";

/** What the price of a row depends on beside its columns: for a batch's creation, whether all its results are counted; for a download, its results. */
export type BatchPriceInput = { areResultsCounted: boolean } | { results: BatchPrice };

/** Bytes of the hash that identifies a result in its domain. */
const KEY_BYTES = 16;
/** Results read at a time: about 2 MB. */
const PAGE_ROWS = 5_000;

type Exchange = { id: string; startedAt: Date; response: { batch: BatchPart | null } | null };

/**
 * Records what these exchanges say of batches, before their rows are written. Returns the requests that created a batch whose results are
 * all counted now.
 */
export async function recordBatches(
  tx: WriterTransaction,
  domainId: number,
  exchanges: readonly Exchange[],
): Promise<string[]> {
  const counted: string[] = [];
  for (const { id, response } of exchanges) {
    if (!response?.batch) continue;
    const { batchId, isCreated, requestCount, isComplete, resultCount, results } = response.batch;
    // A download that ended in order may be cut after any line: it holds all results if it has one for each request.
    const recorded = await tx.execute<{ created_by: string | null; is_counted: boolean }>(sql`
      INSERT INTO message_batches AS known (domain_id, batch_id, created_by, request_count, result_count, is_counted)
      VALUES (${domainId}::int, ${batchId}, ${isCreated ? id : null}::uuid, ${requestCount}::int,
        ${isComplete === true ? resultCount : null}::int, ${isComplete === true}::boolean)
      ON CONFLICT (domain_id, batch_id) DO UPDATE SET
        created_by = coalesce(known.created_by, excluded.created_by),
        request_count = coalesce(known.request_count, excluded.request_count),
        result_count = greatest(known.result_count, excluded.result_count),
        is_counted = coalesce(greatest(known.result_count, excluded.result_count)
          >= coalesce(known.request_count, excluded.request_count, 0), known.is_counted)
      RETURNING created_by, is_counted`);
    const [{ created_by: createdBy, is_counted: isCounted } = { created_by: null, is_counted: false }] =
      recorded.rows;
    if (createdBy !== null && isCounted) counted.push(createdBy);
    await claimResults(tx, { domainId, requestId: id, batchId, results });
  }
  return counted;
}

async function claimResults(
  tx: WriterTransaction,
  {
    domainId,
    requestId,
    batchId,
    results,
  }: { domainId: number; requestId: string; batchId: string; results: readonly BatchResult[] },
): Promise<void> {
  for (const part of batches(results, ({ message }) => message.length)) {
    const given = part.map(({ customId, message }) => {
      const key = toHex(sha256(JSON.stringify([batchId, customId])).subarray(0, KEY_BYTES));
      return `{"key":"${key}","message":${message}}`;
    });
    await tx.execute(sql`
      INSERT INTO batch_results (domain_id, key, request_id, message)
      SELECT ${domainId}::int, decode(key, 'hex'), ${requestId}::uuid, message
      FROM jsonb_to_recordset(${`[${given.join(",")}]`}::jsonb) AS given (key text, message jsonb)
      ON CONFLICT (domain_id, key) DO NOTHING`);
  }
}

/** The price inputs of rows that belong to a batch, by id. */
export async function readBatchPriceInputs(
  tx: WriterTransaction,
  rows: readonly { id: string; startedAt: Date; endpoint: string; method: string }[],
): Promise<ReadonlyMap<string, BatchPriceInput>> {
  const inputs = new Map<string, BatchPriceInput>();
  const created = rows.filter(({ endpoint, method }) => endpoint === "batches" && method === "POST");
  if (created.length > 0) {
    const counted = await tx.execute<{ id: string }>(sql`
      SELECT created_by AS id FROM message_batches
      WHERE is_counted AND created_by = ANY(${`{${created.map(({ id }) => id).join(",")}}`}::uuid[])`);
    for (const { id } of counted.rows) inputs.set(id, { areResultsCounted: true });
  }
  for (const { id, startedAt, endpoint } of rows) {
    const results = endpoint === "batch_results" ? await readResults(tx, id, startedAt) : null;
    if (results) inputs.set(id, { results });
  }
  return inputs;
}

/** Null where it counts no result: they failed, or were downloaded before. */
async function readResults(tx: WriterTransaction, requestId: string, at: Date): Promise<BatchPrice | null> {
  const price = new BatchPrice(at);
  for (let after = ""; ;) {
    const page = await tx.execute<{ key: string; message: BilledMessage }>(sql`
      SELECT encode(key, 'hex') AS key, message FROM batch_results
      WHERE request_id = ${requestId}::uuid AND key > decode(${after}, 'hex')
      ORDER BY key LIMIT ${PAGE_ROWS}`);
    for (const { message } of page.rows) price.add(message);
    if (page.rows.length < PAGE_ROWS) return after === "" && page.rows.length === 0 ? null : price;
    after = page.rows.at(-1)!.key;
  }
}
