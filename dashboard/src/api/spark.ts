/** The feedback on the recommendations of a page. */
import { readOpinion, type SparkOpinion } from "../../../workers/domain/spark/feedback.ts";
import { timeoutOrNull } from "../../../workers/runtime/timeout.ts";
import { MAX_SPARK_SESSIONS, type SparkBatch } from "../../../workers/schemas/api/spark.ts";
import type { ApiClient, Result } from "./client.ts";

/** How long a page waits for Spark. */
const FEEDBACK_TIMEOUT_MS = 2_500;

export interface SparkFeedback {
  /** The sessions that Spark was asked about; others are shown as tool calls. */
  sessions: ReadonlySet<string>;
  result:
    | { state: "loaded"; opinions: ReadonlyMap<string, SparkOpinion> }
    | { state: "not_configured" | "failed"; why: string };
}

/** One call for the newest hundred sessions; none, and null, without sessions. */
export async function loadSparkFeedback(
  api: ApiClient,
  sessions: readonly string[],
): Promise<SparkFeedback | null> {
  if (sessions.length === 0) return null;
  const newest = sessions.slice(-MAX_SPARK_SESSIONS);
  const call = api.send("POST", "/api/spark/feedback/batch", {}, { session_ids: newest });
  const loaded = await timeoutOrNull(FEEDBACK_TIMEOUT_MS, call);
  return { sessions: new Set(newest), result: resultOf(loaded) };
}

function resultOf(loaded: Result<SparkBatch> | null): SparkFeedback["result"] {
  if (loaded === null) return { state: "failed", why: "Spark did not respond in time." };
  if (!loaded.ok) {
    const { code, message } = loaded.problem;
    return { state: code === "not_configured" ? code : "failed", why: message };
  }
  const opinions = Object.entries(loaded.data.results).flatMap(([id, stored]) => {
    const opinion = readOpinion(stored);
    return opinion ? [[id, opinion] as const] : [];
  });
  return { state: "loaded", opinions: new Map(opinions) };
}
