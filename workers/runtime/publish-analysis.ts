/** Notifies the live feed that an analysis has changed. Called by the API and the queue consumer. */
import { LIVE_FEED_NAME } from "./constants.ts";
import { errorText, log } from "./log.ts";

/** Never rejects: a page that missed it shows the change when it is loaded again. */
export async function publishAnalysis(env: Pick<Env, "LIVE_FEED">, analysisId: string): Promise<void> {
  try {
    const notice = { event: "analysis.updated" as const, data: { analysisId } };
    await env.LIVE_FEED.getByName(LIVE_FEED_NAME).publish([notice]);
  } catch (thrown) {
    log.warn("live: notice of an analysis dropped", { id: analysisId, error: errorText(thrown) });
  }
}
