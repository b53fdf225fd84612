/** Counts the rows that a Durable Object writes, as Cloudflare bills them: index entries and deletions included. */
import { runInDurableObject } from "cloudflare:test";

/** Rows written by this object's statements from now on, until it is evicted. */
export async function countWrittenRows(stub: DurableObjectStub): Promise<() => number> {
  const cursors: SqlStorageCursor<Record<string, SqlStorageValue>>[] = [];
  await runInDurableObject(stub, (_, { storage: { sql } }) => {
    const exec = sql.exec.bind(sql);
    sql.exec = ((...args: Parameters<typeof exec>) => {
      const cursor = exec(...args);
      cursors.push(cursor);
      return cursor;
    }) as typeof sql.exec;
  });
  return () => cursors.reduce((sum, { rowsWritten }) => sum + rowsWritten, 0);
}
