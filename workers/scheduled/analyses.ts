/**
 * Enqueues analyses whose queue message is lost, those whose attempt was interrupted, and those that wait for a budget which was raised;
 * starts those of automatic mode.
 */
import { dailyBudgetOf, estimateCost } from "../domain/analysis/price.ts";
import { promptTokens } from "../domain/analysis/provider.ts";
import type { Config } from "../runtime/config.ts";
import { DAY_MS, MINUTE_MS } from "../runtime/constants.ts";
import { enqueueAnalyses } from "../runtime/enqueue-analyses.ts";
import { errorText, log } from "../runtime/log.ts";
import { publishAnalysis } from "../runtime/publish-analysis.ts";
import { readAutomatic } from "../store/analyses/automatic.ts";
import { createAnalysis } from "../store/analyses/create.ts";
import { nextAnalysisAt, releaseBudgetWaits, takeOverdueAnalyses } from "../store/analyses/jobs.ts";
import { readProvider, type ReadProvider } from "../store/analyses/provider.ts";
import { instructionTokens } from "../store/prompts/analysis-prompts.ts";

/** A message in the queue is usually delivered sooner; a second one is harmless. */
const OVERDUE_MS = 2 * MINUTE_MS;
const MAX_ENQUEUED = 20;
/** Of those that wait for a budget: some are too dear for what is left. */
const MAX_WAITING = 100;

/** Never rejects. Returns when the next analysis may have to be enqueued or started; null: none is known. */
export async function analysesByCron(
  env: Pick<Env, "ANALYSES" | "LIVE_FEED">,
  config: Config,
  now: number,
): Promise<number | null> {
  if (!config.AI_WORKER_ENABLED) return null;
  try {
    const provider = await readProvider(config);
    if (provider.problem !== null) return null;
    const overdueAt = await recoverAnalyses(env, config, now);
    const idleAt = await startAutomaticAnalyses(env, config, provider, now);
    return overdueAt === null || idleAt === null ? (overdueAt ?? idleAt) : Math.min(overdueAt, idleAt);
  } catch (thrown) {
    log.warn("analysis: not advanced by cron", { error: errorText(thrown) });
    return now;
  }
}

/** Returns when the next analysis may have to be enqueued; null: none is open. */
async function recoverAnalyses(
  env: Pick<Env, "ANALYSES">,
  config: Config,
  now: number,
): Promise<number | null> {
  const at = new Date(now);
  const released = await releaseBudgetWaits(config, dailyBudgetOf(config), MAX_WAITING, at);
  await enqueueAnalyses(env, released);
  const overdue = await takeOverdueAnalyses(config, new Date(now - OVERDUE_MS), MAX_ENQUEUED, at);
  await enqueueAnalyses(env, overdue);
  const next = await nextAnalysisAt(config);
  return next && next.getTime() + OVERDUE_MS;
}

/** Some are too dear for what is left of the budget. */
const MAX_CANDIDATES = 50;
const AUTOMATIC = { actor: "automatic mode", role: "none" } as const;

/**
 * Starts analyses of idle conversations in domains with an automatic mode: as many as slots are free, while the budget of the day covers
 * their estimated cost. Without a budget, or where the model has no known price, none. Returns when the next conversation may start; null:
 * none is known.
 */
async function startAutomaticAnalyses(
  env: Pick<Env, "ANALYSES" | "LIVE_FEED">,
  config: Config,
  provider: ReadProvider,
  now: number,
): Promise<number | null> {
  const at = new Date(now);
  const { AI_WORKER_MAX_CONCURRENT_JOBS: slots } = config;
  const budget = dailyBudgetOf(config);
  if (budget === null) return null;
  const instructions = await instructionTokens(null, provider.provider);
  const { open, spentPico, candidates, nextIdleAt } = await readAutomatic(config, at, MAX_CANDIDATES);
  let next = nextIdleAt?.getTime() ?? null;
  let leftPico = budget - spentPico;
  let free = slots - open;
  for (const { conversationId, branchKey, contextTokens } of candidates) {
    // The end of an analysis is a use of the database.
    if (free <= 0) break;
    const costPico = estimateCost(
      provider.provider,
      provider.model,
      promptTokens(contextTokens, instructions, provider),
      at,
    );
    if (costPico === null) break;
    // An older one may cost less.
    if (costPico > leftPico) {
      const tomorrow = now - (now % DAY_MS) + DAY_MS;
      next = Math.min(next ?? tomorrow, tomorrow);
      continue;
    }
    const branch = { conversationId, branchId: branchKey };
    const request = {
      branch,
      customPrompt: undefined,
      instructionTokens: instructions,
      provider,
      limitPerMinute: Infinity,
    };
    const created = await createAnalysis(
      config,
      { ...request, isRegeneration: false },
      { ...AUTOMATIC, now: at },
    );
    if (!created.ok || created.value.kind !== "new") continue;
    leftPico -= costPico;
    free--;
    await enqueueAnalyses(env, [created.value.analysisId]);
    await publishAnalysis(env, created.value.analysisId);
    // The next run finds when it is overdue.
    next = now;
  }
  return next;
}
