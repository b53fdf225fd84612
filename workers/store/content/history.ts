/** Reads part of a history: the messages of a chain between two positions. Called for transcripts and search results. */
import { sql } from "drizzle-orm";
import type { Reader } from "../db/db.ts";

export interface HistoryMessage {
  /** 1 for the first message. */
  position: number;
  contentId: bigint;
  /** Uncompressed bytes. */
  size: number;
  /** The same content occurs earlier in this history. */
  isRepeated: boolean;
}

/** Up to `limit` messages from position `from` of the history that ends at this node, and its length. */
export async function readHistory(
  db: Reader,
  nodeId: bigint | null,
  { from, limit }: { from: number; limit: number },
): Promise<{ messages: HistoryMessage[]; length: number }> {
  if (nodeId === null) return { messages: [], length: 0 };
  const { rows } = await db.execute<{
    position: number;
    content_id: string;
    size: number | null;
    repeated: boolean;
    length: number;
  }>(sql`
    with recursive walk as (
      select id, parent_id, content_id, depth from nodes where id = ${nodeId}::bigint
      union all
      select n.id, n.parent_id, n.content_id, n.depth from walk join nodes n on n.id = walk.parent_id
    ), numbered as (
      select depth, content_id, row_number() over (partition by content_id order by depth) > 1 as repeated,
        max(depth) over () as length
      from walk
    )
    select depth as position, content_id, coalesce(c.size, 0) as size, repeated, length
    from numbered left join contents c on c.id = content_id
    where depth between ${from}::int and ${from + limit - 1}::int or depth = length
    order by depth`);
  const length = Number(rows[0]?.length ?? 0);
  return {
    length,
    messages: rows
      .map((row) => ({
        position: Number(row.position),
        contentId: BigInt(row.content_id),
        size: Number(row.size ?? 0),
        isRepeated: row.repeated,
      }))
      // The last row is always read, because it holds the length.
      .filter(({ position }) => position >= from && position < from + limit),
  };
}
