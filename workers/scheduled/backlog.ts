/** Raises an alert when ingest is behind: checked every minute by cron, sent at most once an hour. */
import { alert } from "../runtime/raise-alert.ts";
import type { Config } from "../runtime/config.ts";
import { BACKLOG_ALERT_MS } from "../runtime/constants.ts";
import { errorText, log } from "../runtime/log.ts";
import { isDatabaseUp } from "../store/db/ping.ts";
import { readJournalStatus } from "../store/admin/status.ts";

const DATABASE_PING_TIMEOUT_MS = 5_000;

/** Never rejects. `now` in epoch milliseconds. */
export async function watchBacklog(env: Env, config: Config, now: number): Promise<void> {
  try {
    const journal = await readJournalStatus(env, new Date(now));
    if (journal.oldestAgeMs === null || journal.oldestAgeMs < BACKLOG_ALERT_MS) return;
    const databaseReachable = await isDatabaseUp(config, DATABASE_PING_TIMEOUT_MS);
    await alert(env, {
      kind: "ingest_backlog",
      entries: journal.ended ?? 0,
      isMore: journal.isMore,
      oldestAgeMs: journal.oldestAgeMs,
      databaseReachable,
      at: now,
    });
  } catch (thrown) {
    log.warn("cron: backlog check failed", { error: errorText(thrown) });
  }
}
