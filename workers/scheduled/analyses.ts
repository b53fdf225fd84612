/** Enqueues analyses whose queue message is lost, and those whose attempt was interrupted. */
import { chooseProvider } from "../domain/analysis/provider.ts";
import type { Config } from "../runtime/config.ts";
import { MINUTE_MS } from "../runtime/constants.ts";
import { enqueueAnalyses } from "../runtime/enqueue-analyses.ts";
import { errorText, log } from "../runtime/log.ts";
import { overdueAnalyses } from "../store/analyses/jobs.ts";

/** A message in the queue is usually delivered sooner; a second one is harmless. */
const OVERDUE_MS = 2 * MINUTE_MS;
const MAX_ENQUEUED = 20;

/** Never rejects. */
export async function recoverAnalyses(
  env: Pick<Env, "ANALYSES">,
  config: Config,
  now: number,
): Promise<void> {
  if (!config.AI_WORKER_ENABLED || !chooseProvider(config).isConfigured) return;
  try {
    await enqueueAnalyses(env, await overdueAnalyses(config, new Date(now - OVERDUE_MS), MAX_ENQUEUED));
  } catch (thrown) {
    log.warn("analysis: not recovered", { error: errorText(thrown) });
  }
}
