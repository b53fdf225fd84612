/**
 * What cron does each minute in Postgres: it has to look there to find out whether there is work. It looks only after the database was
 * used, or when work that it has seen is due, so that a database without traffic can suspend.
 */
import { toHex } from "../domain/bytes.ts";
import { sha256 } from "../domain/sha256.ts";
import { type Config, loadConfig } from "../runtime/config.ts";
import { CRON_SCHEDULE_NAME, HOUR_MS } from "../runtime/constants.ts";
import { errorText, log } from "../runtime/log.ts";
import { indexByCron } from "../store/search/indexer.ts";
import { repairProjection } from "../store/tenants/projection.ts";
import { analysesByCron } from "./analyses.ts";
import { syncPromptsByCron } from "./prompts.ts";

/** Indexing, analyses and syncs. Never rejects. `now` in epoch milliseconds. */
export async function workInDatabase(env: Env, now: number): Promise<void> {
  const config = loadConfig(env);
  const schedule = env.CRON_SCHEDULE.getByName(CRON_SCHEDULE_NAME);
  const settings = settingsOf(config);
  try {
    if (!(await schedule.isDue(now, settings))) return;
  } catch (thrown) {
    log.warn("cron: the schedule is not reachable", { error: errorText(thrown) });
  }
  const due = await Promise.all([
    indexByCron(config, now),
    analysesByCron(env, config, now),
    syncPromptsByCron(env, config, now),
  ]);
  const next = Math.min(...due.map((at) => at ?? Infinity));
  try {
    await schedule.ran(now, Number.isFinite(next) ? next : null, settings);
  } catch (thrown) {
    log.warn("cron: the schedule was not set", { error: errorText(thrown) });
  }
}

/** Compares KV with Postgres every hour in which the database was used. */
export async function repairWhenUsed(env: Env, now: number): Promise<void> {
  const config = loadConfig(env);
  if (await wasUsed(env, now - HOUR_MS)) await repairProjection(config, env, now);
}

async function wasUsed(env: Env, since: number): Promise<boolean> {
  try {
    return await env.CRON_SCHEDULE.getByName(CRON_SCHEDULE_NAME).wasUsedSince(since);
  } catch (thrown) {
    log.warn("cron: the schedule is not reachable", { error: errorText(thrown) });
    return true;
  }
}

/** A digest: another budget, provider or repository may make work due. */
const settingsOf = (config: Config) => toHex(sha256(JSON.stringify(config)));
