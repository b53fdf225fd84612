/** Scheduled work by cron expression; the expressions are in wrangler.toml. */
import { loadConfig } from "../runtime/config.ts";
import { LIVE_FEED_NAME } from "../runtime/constants.ts";
import { log } from "../runtime/log.ts";
import { deleteOldCounterMessages } from "../store/usage/counters.ts";
import { withWriter } from "../store/db/db.ts";
import { deleteOldAttempts } from "../store/requests/ingest-attempts.ts";
import { deleteOldSweptEntries } from "../store/requests/dead-letters.ts";
import { recountFailed } from "../store/usage/rollups.ts";
import { ensurePartitions } from "../store/db/partitions.ts";
import { deleteEndedSessions } from "../store/admin/sessions.ts";
import { repairProjection } from "../store/tenants/projection.ts";
import { watchBacklog } from "./backlog.ts";
import { repairWhenUsed, workInDatabase } from "./database-work.ts";
import { countLostExchanges } from "./lost-exchanges.ts";
import { sweepOrWait } from "./sweep.ts";

const EVERY_MINUTE = "* * * * *";
const EVERY_HOUR = "41 * * * *";
const EVERY_NIGHT = "17 3 * * *";
/** Not a cron expression: the local stack sends it once, before it serves. */
const STARTUP = "startup";
/** Partitions are created this far ahead; the default partition takes rows beyond them. */
const MONTHS_AHEAD = 3;

export async function handleScheduled(
  controller: ScheduledController,
  env: Env,
  ctx: ExecutionContext,
): Promise<void> {
  const now = controller.scheduledTime;
  switch (controller.cron) {
    case EVERY_MINUTE:
      ctx.waitUntil(workInDatabase(env, Date.now()));
      await sweepOrWait(env, { now });
      await countLostExchanges(env, now);
      return watchBacklog(env, loadConfig(env), Date.now());
    case STARTUP:
      // KV first: a restored data directory may lack it.
      await repairProjection(loadConfig(env), env, Date.now(), false);
      await env.LIVE_FEED.getByName(LIVE_FEED_NAME).started();
      return sweepOrWait(env, { now, startup: true });
    case EVERY_HOUR:
      return repairWhenUsed(env, Date.now());
    case EVERY_NIGHT:
      return tidy(env, now);
    default:
      log.error("cron: unknown expression", { cron: controller.cron });
  }
}

async function tidy(env: Env, now: number): Promise<void> {
  const made = await withWriter(loadConfig(env), async (db) => {
    const partitions = await ensurePartitions(db, now, MONTHS_AHEAD);
    await deleteEndedSessions(db, now);
    await deleteOldCounterMessages(db, now);
    await deleteOldSweptEntries(db, now);
    await deleteOldAttempts(db, now);
    await recountFailed(db);
    return partitions;
  });
  if (made > 0) log.info("cron: partitions created", { partitions: made });
}
