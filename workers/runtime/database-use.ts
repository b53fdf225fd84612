/** Reports to the cron schedule that the database is in use: what was written may be work for cron. */
import { CRON_SCHEDULE_NAME, DATABASE_USE_REPORT_MS } from "./constants.ts";
import { errorText, log } from "./log.ts";

let reportedAt = -Infinity;

/** To be called after a write, under `waitUntil`. Never rejects: cron looks for work at night in any case. */
export async function reportDatabaseUse(env: Pick<Env, "CRON_SCHEDULE">, now: number): Promise<void> {
  if (now < reportedAt + DATABASE_USE_REPORT_MS) return;
  reportedAt = now;
  try {
    await env.CRON_SCHEDULE.getByName(CRON_SCHEDULE_NAME).used(now);
  } catch (thrown) {
    reportedAt = -Infinity;
    log.warn("cron: use of the database not reported", { error: errorText(thrown) });
  }
}
