/** What Spark returns for feedback: the opinion that it holds, and its errors. Pure. */
import { isObject, type JsonObject, parseJson } from "../json/json.ts";
import { redact } from "../masking/redact.ts";
import { failed, ok, type Result } from "../result.ts";
import { plainText, truncate } from "../truncate.ts";

export interface SparkOpinion {
  /** 1 to 5. */
  rating: number;
  comments: string;
}

const MAX_DETAIL = 300;
const MAX_COMMENTS = 10_000;

/** The overall opinion of a stored feedback; null where there is none. */
export function readOpinion(stored: unknown): SparkOpinion | null {
  const report = isObject(stored) && isObject(stored["feedback"]) ? stored["feedback"] : stored;
  const ofText = isObject(report) ? report["recommendation_feedback"] : null;
  const overall = isObject(ofText) ? ofText["overall_feedback"] : null;
  if (!isObject(overall)) return null;
  const { rating, comments } = overall;
  if (typeof rating !== "number" || !Number.isInteger(rating) || rating < 1 || rating > 5) return null;
  return { rating, comments: typeof comments === "string" ? truncate(comments, MAX_COMMENTS) : "" };
}

export interface SparkFailure {
  code: "invalid_request" | "not_found" | "conflict" | "gone" | "rate_limited" | "unavailable";
  message: string;
  /** Seconds that Spark asks to wait. */
  retryAfter: string | null;
}

/** Statuses that say something about the call. A rejected key is no fault of the caller, so 401 and 403 are not among them. */
const CODES: Readonly<Record<number, SparkFailure["code"]>> = {
  400: "invalid_request",
  404: "not_found",
  409: "conflict",
  410: "gone",
  413: "invalid_request",
  422: "invalid_request",
  429: "rate_limited",
};

/** The JSON object of a response of Spark; an empty one is `{}`. `text` is null where it was too large. */
export function readSparkResponse(
  status: number,
  text: string | null,
  retryAfter: string | null,
): Result<JsonObject, SparkFailure> {
  const unavailable = (message: string) =>
    failed({ code: "unavailable" as const, message, retryAfter: null });
  if (status === 401 || status === 403) return unavailable(`Spark rejects SPARK_API_KEY (status ${status}).`);
  if (status >= 300 && status < 400)
    return unavailable(`Spark redirects (status ${status}), which is not followed. Check SPARK_API_URL.`);
  if (text === null) return unavailable("Spark's response is too large.");
  const body = text.trim() === "" ? {} : parseJson(text);
  if (status >= 200 && status < 300)
    return isObject(body) ? ok(body) : unavailable("Spark's response is not a JSON object.");
  const detail = detailOf(body);
  return failed({
    code: CODES[status] ?? "unavailable",
    message: `Spark returned status ${status}${detail === "" ? "." : `: ${detail}`}`,
    retryAfter: retryAfter !== null && /^\d{1,6}$/.test(retryAfter) ? retryAfter : null,
  });
}

/** FastAPI's `detail`: a text, or a list of problems with a `msg` each. */
function detailOf(body: unknown): string {
  const detail = isObject(body) ? (body["detail"] ?? body["error"]) : null;
  const texts = Array.isArray(detail)
    ? detail.slice(0, 5).map((problem: unknown) => (isObject(problem) ? problem["msg"] : problem))
    : [detail];
  const words = texts.filter((one) => typeof one === "string").map((one) => plainText(one, MAX_DETAIL));
  return plainText(redact(words.join("; ")), MAX_DETAIL);
}
