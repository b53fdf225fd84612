/** Whether Postgres answers, for `/health/ready`. */
import { sql } from "drizzle-orm";
import { withReader, type DatabaseConfig } from "./db.ts";

/** One empty query; false when it fails or takes longer than `timeoutMs`. */
export async function isDatabaseUp(config: DatabaseConfig, timeoutMs: number): Promise<boolean> {
  const query = withReader(config, (db) => db.execute(sql`SELECT 1`)).then(
    () => true,
    () => false,
  );
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), timeoutMs);
  });
  const isUp = await Promise.race([query, timeout]);
  clearTimeout(timer);
  return isUp;
}
