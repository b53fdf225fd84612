/**
 * Queue consumer of analyses. A message only names its analysis: whether an attempt may start is decided in Postgres
 * (workers/store/analyses/jobs.ts), so a repeated message makes no second call. A message is delivered again after the wait that the claim
 * or the provider asks for; analyses whose message is lost are enqueued again by cron.
 */
import { type Config, loadConfig } from "../runtime/config.ts";
import { errorText, log } from "../runtime/log.ts";
import { publishAnalysis } from "../runtime/publish-analysis.ts";
import { dailyBudgetOf } from "../domain/analysis/price.ts";
import { AnalysisMessage } from "../schemas/analysis.ts";
import { claimAnalysis } from "../store/analyses/jobs.ts";
import { runAttempt, timeoutMs } from "./attempt.ts";

/** A queue takes at most this delay. /queues/configuration/batching-retries */
const MAX_DELAY_SECONDS = 43_200;
const UNAVAILABLE_DELAY_SECONDS = 30;
/** Of a lease beyond the deadline of the call: for storing its end. */
const LEASE_MARGIN_MS = 60_000;

export async function handleAnalyses(batch: MessageBatch, env: Env): Promise<void> {
  const config = loadConfig(env);
  await Promise.all(batch.messages.map((message) => handleMessage(message, config, env)));
}

async function handleMessage(message: Message, config: Config, env: Env): Promise<void> {
  const parsed = AnalysisMessage.safeParse(message.body);
  if (!parsed.success) {
    log.error("analysis: malformed message", { messageId: message.id });
    return message.ack();
  }
  // Cron enqueues it again once the worker is on.
  if (!config.AI_WORKER_ENABLED) return message.ack();
  try {
    const delayMs = await advance(parsed.data.id, config, env);
    if (delayMs === null) return message.ack();
    message.retry({ delaySeconds: Math.min(MAX_DELAY_SECONDS, Math.max(1, Math.ceil(delayMs / 1_000))) });
  } catch (thrown) {
    log.error("analysis: not advanced", { id: parsed.data.id, error: errorText(thrown) });
    message.retry({ delaySeconds: UNAVAILABLE_DELAY_SECONDS });
  }
}

/** Makes the next attempt if one is due. Milliseconds until the analysis should be looked at again; null: it has ended. */
async function advance(id: string, config: Config, env: Env): Promise<number | null> {
  const dailyBudget = dailyBudgetOf(config);
  const claim = await claimAnalysis(
    config,
    id,
    {
      maxConcurrent: config.AI_WORKER_MAX_CONCURRENT_JOBS,
      maxAttempts: config.AI_ANALYSIS_MAX_RETRIES,
      leaseMs: timeoutMs(config, config.AI_MAX_PROMPT_TOKENS) + LEASE_MARGIN_MS,
      dailyBudget,
    },
    new Date(),
  );
  if (claim.state === "claimed") {
    const deadline = new Date(claim.leaseUntil.getTime() - LEASE_MARGIN_MS);
    const [delayMs] = await Promise.all([
      runAttempt(config, claim.job, { deadline, dailyBudget }),
      publishAnalysis(env, id),
    ]);
    await publishAnalysis(env, id);
    return delayMs;
  }
  return claim.state === "wait" ? claim.delayMs : null;
}
