/**
 * Rows of the full-text index as ingest writes them: one per distinct message of a domain, with the earliest request that
 * contains it, and without terms. Written in the transaction of the exchanges; indexer.ts adds the terms.
 */
import { sql } from "drizzle-orm";
import type { ChainElement } from "../../domain/content/split-body.ts";
import { addressKey, type Content, type ContentIds, findContents } from "../content/contents.ts";
import { arrayLiteral, MAX_STATEMENT_ROWS } from "../db/statement-batches.ts";
import type { WriterTransaction } from "../db/db.ts";

/** An exchange whose messages or response are being stored. */
export interface IndexedExchange {
  id: string;
  startedAt: Date;
  /** Its whole history, and how many of its messages were stored before. */
  messages: readonly ChainElement[];
  storedBefore: number;
  response: Content | null;
}

/** Adds new messages; for known ones, keeps the earliest request, because exchanges arrive in any order. */
export async function addSearchEntries(
  tx: WriterTransaction,
  domainId: number,
  exchanges: readonly IndexedExchange[],
  contentIds: ContentIds,
): Promise<void> {
  const ids = new Map(contentIds);
  // A history stored before came with a retry, or with a later request that arrived first.
  const repeated = exchanges
    .filter(({ messages, storedBefore }) => messages.length > 0 && storedBefore === messages.length)
    .flatMap(({ messages }) => messages.map(({ contentSha256: sha256 }) => ({ sha256 })))
    .filter(({ sha256 }) => !ids.has(addressKey(sha256)));
  if (repeated.length > 0)
    for (const [key, id] of await findContents(tx, domainId, repeated)) ids.set(key, id);

  const earliest = new Map<bigint, { id: string; at: number }>();
  for (const { id, startedAt, messages, storedBefore, response } of exchanges) {
    const added = storedBefore === messages.length ? messages : messages.slice(storedBefore);
    for (const sha256 of [
      ...added.map(({ contentSha256 }) => contentSha256),
      ...(response ? [response.sha256] : []),
    ]) {
      const contentId = ids.get(addressKey(sha256));
      if (contentId === undefined) continue;
      const at = startedAt.getTime();
      const other = earliest.get(contentId);
      if (!other || at < other.at || (at === other.at && id < other.id)) earliest.set(contentId, { id, at });
    }
  }
  const rows = [...earliest].sort(([a], [b]) => (a < b ? -1 : 1));
  for (let from = 0; from < rows.length; from += MAX_STATEMENT_ROWS) {
    const part = rows.slice(from, from + MAX_STATEMENT_ROWS);
    const requestIds = `{${part.map(([, { id }]) => id).join(",")}}`;
    await tx.execute(sql`
      INSERT INTO search_entries (content_id, domain_id, request_id, started_at)
      SELECT content_id, ${domainId}::int, request_id, to_timestamp(at::float8 / 1000)
      FROM unnest(${arrayLiteral(part.map(([id]) => id))}::bigint[], ${requestIds}::uuid[],
        ${arrayLiteral(part.map(([, { at }]) => at))}::bigint[]) AS given (content_id, request_id, at)
      ON CONFLICT (content_id) DO UPDATE SET request_id = excluded.request_id, started_at = excluded.started_at
      WHERE (excluded.started_at, excluded.request_id) < (search_entries.started_at, search_entries.request_id)`);
  }
}
