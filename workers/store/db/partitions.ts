/** The monthly partitions of `requests` and `response_bodies`. The work is done by the SQL function of the first migration. */
import { sql } from "drizzle-orm";
import type { Writer } from "./db.ts";

/** Creates the missing partitions for the month of `now` and the `months` after it. Returns how many it created. */
export async function ensurePartitions(db: Writer, now: number, months: number): Promise<number> {
  const first = new Date(now).toISOString();
  const made = await db.execute<{ made: number }>(
    sql`SELECT ensure_partitions(${first}::timestamptz, ${months + 1}::int) AS made`,
  );
  return made.rows[0]?.made ?? 0;
}
