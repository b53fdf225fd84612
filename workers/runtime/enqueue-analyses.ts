/** Enqueues analyses. Called by the API after creation, and by cron for those whose message is lost. */
import type { AnalysisMessage } from "../schemas/analysis.ts";
import { errorText, log } from "./log.ts";

/** Never rejects: cron enqueues again what was not sent. */
export async function enqueueAnalyses(env: Pick<Env, "ANALYSES">, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  try {
    await env.ANALYSES.sendBatch(
      ids.map((id) => ({ body: { v: 1, kind: "analysis", id } satisfies AnalysisMessage })),
    );
  } catch (thrown) {
    log.warn("analysis: not enqueued", { analyses: ids.length, error: errorText(thrown) });
  }
}
