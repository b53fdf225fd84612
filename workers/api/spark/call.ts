/** Calls Spark's API with the key of the deployment. Callers of ours never see the key. */
import { readSparkResponse } from "../../domain/spark/feedback.ts";
import type { Config } from "../../runtime/config.ts";
import { VERSION } from "../../runtime/constants.ts";
import { errorText, log } from "../../runtime/log.ts";
import { readText } from "../../runtime/read-body.ts";
import type { SparkResponse } from "../../schemas/api/spark.ts";
import { ApiError, invalidParameter } from "../http/errors.ts";

/** A feedback has some 10 KB, a batch a hundred of them. */
const MAX_RESPONSE_BYTES = 2 * 1_048_576;
const MAX_SENT_CHARACTERS = 200_000;

export type SparkCall = { method: "GET"; path: string } | { method: "POST"; path: string; body: object };

/** The key; throws ApiError not_configured without one. */
export function sparkKey({ SPARK_API_KEY, SPARK_ENABLED }: Config): string {
  if (!SPARK_ENABLED)
    throw new ApiError("not_configured", "Feedback on recommendations is off: SPARK_ENABLED is false.");
  if (SPARK_API_KEY === undefined)
    throw new ApiError(
      "not_configured",
      "Feedback on recommendations is off. Set SPARK_API_KEY, and SPARK_API_URL to the address of Spark's API.",
    );
  return SPARK_API_KEY;
}

/** The JSON object that Spark returns. Throws ApiError. Redirects are not followed, so that the key is sent nowhere else. */
export async function callSpark(config: Config, call: SparkCall): Promise<SparkResponse> {
  const key = sparkKey(config);
  const body = call.method === "POST" ? JSON.stringify(call.body) : null;
  if (body !== null && body.length > MAX_SENT_CHARACTERS)
    throw invalidParameter("body", "feedback", "is too long", `${MAX_SENT_CHARACTERS} characters of JSON`);
  const result = await send(config, key, call, body);
  if (result.ok) return result.value;
  const { code, message, retryAfter } = result.error;
  if (code === "unavailable") log.warn("spark: call failed", { path: call.path, reason: message });
  throw new ApiError(code, message, { headers: retryAfter === null ? {} : { "retry-after": retryAfter } });
}

async function send(config: Config, key: string, { method, path }: SparkCall, body: string | null) {
  try {
    const response = await fetch(config.SPARK_API_URL.replace(/\/+$/, "") + path, {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        accept: "application/json",
        "user-agent": `claude-nexus-edge/${VERSION}`,
        ...(body !== null && { "content-type": "application/json" }),
      },
      ...(body !== null && { body }),
      redirect: "manual",
      signal: AbortSignal.timeout(config.SPARK_TIMEOUT_MS),
    });
    const text = await readText(response.body, MAX_RESPONSE_BYTES);
    return readSparkResponse(response.status, text, response.headers.get("retry-after"));
  } catch (thrown) {
    const isTimeout = thrown instanceof Error && thrown.name === "TimeoutError";
    log.warn("spark: no response", { path, error: errorText(thrown) });
    const message = isTimeout
      ? `Spark did not respond within ${config.SPARK_TIMEOUT_MS / 1_000} s.`
      : "Spark is not reachable. Check SPARK_API_URL.";
    throw new ApiError("unavailable", message);
  }
}
