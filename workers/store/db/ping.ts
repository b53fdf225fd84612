/** Whether Postgres responds, for `/health/ready`. */
import { sql } from "drizzle-orm";
import { timeoutOrNull } from "../../runtime/timeout.ts";
import { withReader, type DatabaseConfig } from "./db.ts";

/** One empty query; false when it fails or takes longer than `timeoutMs`. */
export async function isDatabaseUp(config: DatabaseConfig, timeoutMs: number): Promise<boolean> {
  const query = withReader(config, (db) => db.execute(sql`SELECT 1`)).then(
    () => true,
    () => false,
  );
  return (await timeoutOrNull(timeoutMs, query)) ?? false;
}
