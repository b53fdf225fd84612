/**
 * Contents: bytes stored once per domain, addressed by their SHA-256. Ingest stores them in a transaction that holds the
 * domain's lock (requests/write.ts), so no other transaction adds to the same domain.
 */
import { and, eq, type SQL, sql } from "drizzle-orm";
import type { PgColumn } from "drizzle-orm/pg-core";
import { contents } from "../../../drizzle/schema.ts";
import { inTurns } from "../../runtime/next-turn.ts";
import { encodeAll } from "./compression.ts";
import { arrayLiteral, MAX_STATEMENT_BYTES, concatenated, batches } from "../db/statement-batches.ts";
import type { WriterTransaction } from "../db/db.ts";
import type { DomainId } from "../db/domain-lock.ts";

/** Bytes with their address. */
export interface Content {
  bytes: Uint8Array;
  sha256: Uint8Array;
}

/** Ids by `addressKey`. */
export type ContentIds = ReadonlyMap<string, bigint>;

export interface SoughtContents {
  /** By `addressKey`. */
  sought: ReadonlySet<string>;
  /** Of those that are stored. */
  ids: ContentIds;
}

export const HASH_BYTES = 32;
/** Postgres accepts 65,535 parameters in one statement. */
const MAX_ADDRESSES = 10_000;

/** Whether the column holds one of these hashes, which are one parameter: a thousand would take longer to send than to look up. */
export function isAmong(column: PgColumn, hashes: readonly Uint8Array[]): SQL {
  const { bytes } = concatenated(hashes);
  const nth = sql`substring(${bytes}::bytea FROM n * ${HASH_BYTES}::int + 1 FOR ${HASH_BYTES}::int)`;
  return sql`${column} = ANY(ARRAY(SELECT ${nth} FROM generate_series(0, ${hashes.length - 1}::int) AS n))`;
}

/** A hash as the key of a Map. */
export function addressKey(hash: Uint8Array): string {
  return String.fromCharCode(...hash);
}

/** Stores the contents that are not stored yet and returns the ids of all. A content may be given more than once. */
export async function putContents(
  tx: WriterTransaction,
  domainId: number,
  given: readonly Content[],
  known: SoughtContents,
): Promise<ContentIds> {
  const distinct = new Map(given.map((content) => [addressKey(content.sha256), content]));
  const unsought = [...distinct].filter(([key]) => !known.sought.has(key)).map(([, content]) => content);
  const ids = new Map([...known.ids, ...(await findContents(tx, domainId, unsought))]);
  const missing = [...distinct].filter(([key]) => !ids.has(key)).map(([, content]) => content);
  for (const part of batches(missing, ({ bytes }) => bytes.length))
    await insertContents(tx, domainId, part, ids);
  return ids;
}

/** Which of these contents are stored. */
export async function seekContents(
  tx: WriterTransaction,
  domainId: DomainId,
  wanted: readonly Pick<Content, "sha256">[],
): Promise<SoughtContents> {
  const distinct = new Map(wanted.map((content) => [addressKey(content.sha256), content]));
  return { sought: new Set(distinct.keys()), ids: await findContents(tx, domainId, [...distinct.values()]) };
}

/** The ids of the contents that are stored. */
export async function findContents(
  tx: WriterTransaction,
  domainId: DomainId,
  wanted: readonly Pick<Content, "sha256">[],
): Promise<Map<string, bigint>> {
  const ids = new Map<string, bigint>();
  for (let at = 0; at < wanted.length; at += MAX_ADDRESSES) {
    const addresses = wanted.slice(at, at + MAX_ADDRESSES).map(({ sha256 }) => sha256);
    const found = await tx
      .select({ id: contents.id, sha256: contents.sha256 })
      .from(contents)
      .where(and(eq(contents.domainId, domainId), isAmong(contents.sha256, addresses)));
    for (const { id, sha256 } of found) ids.set(addressKey(sha256), id);
  }
  return ids;
}

async function insertContents(
  tx: WriterTransaction,
  domainId: number,
  part: readonly Content[],
  ids: Map<string, bigint>,
): Promise<void> {
  const rows = (await inTurns(encodeAll(part))).map(({ bytes, ...row }) => ({ ...row, size: bytes.length }));
  const hashes = concatenated(rows.map(({ sha256 }) => sha256));
  const firsts = rows.map(({ data }) => data.subarray(0, MAX_STATEMENT_BYTES));
  const data = concatenated(firsts);
  const numbers = [
    arrayLiteral(rows.map(({ size }) => size)),
    arrayLiteral(rows.map(({ coding }) => coding)),
    data.starts,
    arrayLiteral(firsts.map(({ length }) => length)),
  ] as const;
  const inserted = await tx.execute<{ id: string; sha256: Uint8Array }>(sql`
    INSERT INTO contents (domain_id, sha256, size, coding, data)
    SELECT ${domainId}::int, substring(${hashes.bytes}::bytea FROM (n::int - 1) * ${HASH_BYTES}::int + 1 FOR ${HASH_BYTES}::int),
      size, coding, substring(${data.bytes}::bytea FROM start + 1 FOR length)
    FROM unnest(${numbers[0]}::int[], ${numbers[1]}::smallint[], ${numbers[2]}::int[], ${numbers[3]}::int[])
      WITH ORDINALITY AS given (size, coding, start, length, n)
    RETURNING id, sha256`);
  for (const { id, sha256 } of inserted.rows) ids.set(addressKey(sha256), BigInt(id));
  for (const { sha256, data } of rows) {
    const id = ids.get(addressKey(sha256));
    for (let at = MAX_STATEMENT_BYTES; at < data.length; at += MAX_STATEMENT_BYTES) {
      const more = data.subarray(at, at + MAX_STATEMENT_BYTES);
      await tx
        .update(contents)
        .set({ data: sql`${contents.data} || ${more}` })
        .where(eq(contents.id, id!));
    }
  }
}
