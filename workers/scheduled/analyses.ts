/**
 * Enqueues analyses whose queue message is lost, those whose attempt was interrupted, and those that wait for a budget which was raised;
 * starts those of automatic mode.
 */
import { dailyBudgetOf, estimateCost } from "../domain/analysis/price.ts";
import { chooseProvider } from "../domain/analysis/provider.ts";
import type { Config } from "../runtime/config.ts";
import { MINUTE_MS } from "../runtime/constants.ts";
import { enqueueAnalyses } from "../runtime/enqueue-analyses.ts";
import { errorText, log } from "../runtime/log.ts";
import { publishAnalysis } from "../runtime/publish-analysis.ts";
import { readAutomatic } from "../store/analyses/automatic.ts";
import { createAnalysis } from "../store/analyses/create.ts";
import { releaseBudgetWaits, takeOverdueAnalyses } from "../store/analyses/jobs.ts";

/** A message in the queue is usually delivered sooner; a second one is harmless. */
const OVERDUE_MS = 2 * MINUTE_MS;
const MAX_ENQUEUED = 20;
/** Of those that wait for a budget: some are too dear for what is left. */
const MAX_WAITING = 100;

/** Never rejects. */
export async function recoverAnalyses(
  env: Pick<Env, "ANALYSES">,
  config: Config,
  now: number,
): Promise<void> {
  if (!config.AI_WORKER_ENABLED || !chooseProvider(config).isConfigured) return;
  try {
    const at = new Date(now);
    const released = await releaseBudgetWaits(config, dailyBudgetOf(config), MAX_WAITING, at);
    await enqueueAnalyses(env, released);
    const overdue = await takeOverdueAnalyses(config, new Date(now - OVERDUE_MS), MAX_ENQUEUED, at);
    await enqueueAnalyses(env, overdue);
  } catch (thrown) {
    log.warn("analysis: not recovered", { error: errorText(thrown) });
  }
}

/** Some are too dear for what is left of the budget. */
const MAX_CANDIDATES = 50;
const AUTOMATIC = { actor: "automatic mode", role: "none" } as const;

/**
 * Starts analyses of idle conversations in domains with an automatic mode: as many as slots are free, while the budget of the day covers
 * their estimated cost. Without a budget, or where the model has no known price, none. Never rejects.
 */
export async function startAutomaticAnalyses(
  env: Pick<Env, "ANALYSES" | "LIVE_FEED">,
  config: Config,
  now: Date,
): Promise<void> {
  const provider = chooseProvider(config);
  const { AI_WORKER_MAX_CONCURRENT_JOBS: slots } = config;
  const budget = dailyBudgetOf(config);
  if (!config.AI_WORKER_ENABLED || !provider.isConfigured || budget === null) return;
  try {
    const { open, spentPico, candidates } = await readAutomatic(config, now, MAX_CANDIDATES);
    let leftPico = budget - spentPico;
    let free = slots - open;
    for (const { conversationId, branchKey, contextTokens } of candidates) {
      if (free <= 0) return;
      const costPico = estimateCost(
        provider.provider,
        provider.model,
        Math.min(contextTokens, provider.maxPromptTokens),
        now,
      );
      if (costPico === null) return;
      // An older one may cost less.
      if (costPico > leftPico) continue;
      const branch = { conversationId, branchId: branchKey };
      const request = { branch, customPrompt: undefined, provider, limitPerMinute: Infinity };
      const created = await createAnalysis(
        config,
        { ...request, isRegeneration: false },
        { ...AUTOMATIC, now },
      );
      if (!created.ok || created.value.kind !== "new") continue;
      leftPico -= costPico;
      free--;
      await enqueueAnalyses(env, [created.value.analysisId]);
      await publishAnalysis(env, created.value.analysisId);
    }
  } catch (thrown) {
    log.warn("analysis: automatic mode failed", { error: errorText(thrown) });
  }
}
