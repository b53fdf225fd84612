/** `/api/spark` against a fake Spark over HTTP, which rejects what Spark would reject (scripts/local/fake-spark.ts). */
import { expect, inject, it } from "vitest";
import { apiError, apiJson, type Call, call, VIEWER_KEY } from "../support/worker-api.ts";

declare module "vitest" {
  interface ProvidedContext {
    fakeSpark: string;
  }
}

const bindings = {
  SPARK_API_URL: `${inject("fakeSpark")}/`,
  SPARK_API_KEY: "fake-spark-key",
  SPARK_TIMEOUT_MS: "500",
};
const post = (body: object, options: Call = {}): Call => ({ method: "POST", body, bindings, ...options });
const opinion = { rating: 4, comments: "Right, but long." };
const feedback = (session_id: string, recommendation_feedback: object = { overall_feedback: opinion }) => ({
  session_id,
  feedback: { recommendation_feedback },
});
const readOne = (id: string, options: Call = {}) =>
  apiError(`/api/spark/sessions/${id}/feedback`, { bindings, ...options });

it("sends feedback with the key, stores an audit entry, and reads it back alone and in a batch", async () => {
  const sections = [{ section_id: "s1", feedback: { rating: 2, comments: "" } }];
  const sent = feedback("session-1", { overall_feedback: opinion, section_feedbacks: sections });
  expect(await apiJson("/api/spark/feedback", post(sent))).toEqual({
    status: "success",
    session_id: "session-1",
  });
  const stored = {
    recommendation_feedback: { overall_feedback: opinion, section_feedbacks: sections },
    source_feedbacks: [],
    lessons_learned: [],
  };
  const asViewer = { key: VIEWER_KEY, bindings };
  expect(await apiJson("/api/spark/sessions/session-1/feedback", asViewer)).toEqual({
    session_id: "session-1",
    feedback: stored,
  });
  const ids = { session_ids: ["session-1", "session-2"] };
  expect(await apiJson("/api/spark/feedback/batch", post(ids, asViewer))).toEqual({
    results: { "session-1": stored, "session-2": null },
  });
  const { entries } = await apiJson<{ entries: object[] }>("/api/audit?action=spark.feedback");
  expect(entries).toMatchObject([{ target: "session-1", details: { rating: 4 } }]);
  expect(JSON.stringify(entries)).not.toContain("long");
});

it.each([
  ["fake-400", 400, "invalid_request", "Spark returned status 400: Bad session."],
  ["unknown", 404, "not_found", "Spark returned status 404: No feedback for this session."],
  ["fake-409", 409, "conflict", "Spark returned status 409: The session has ended."],
  ["fake-422", 400, "invalid_request", "Spark returned status 422: Input should be shorter"],
  ["fake-429", 429, "rate_limited", "Spark returned status 429: Slow down."],
  ["fake-500", 503, "unavailable", "Spark returned status 500."],
  ["fake-secret", 400, "invalid_request", "Spark returned status 400: Bearer *** is not known"],
  [
    "fake-moved",
    503,
    "unavailable",
    "Spark redirects (status 302), which is not followed. Check SPARK_API_URL.",
  ],
  ["fake-page", 503, "unavailable", "Spark's response is not a JSON object."],
  ["fake-large", 503, "unavailable", "Spark's response is too large."],
  ["fake-silent", 503, "unavailable", "Spark did not respond within 0.5 s."],
])("maps Spark's response to %s to status %i", async (id, status, code, message) => {
  expect(await readOne(id)).toMatchObject({ status, code, message });
});

it("passes on how long to wait", async () => {
  const { headers } = await call("/api/spark/sessions/fake-429/feedback", { bindings });
  expect(headers.get("retry-after")).toBe("7");
});

it("says that Spark rejects its key or is not reachable, not that the caller's key is wrong", async () => {
  expect(await readOne("a", { bindings: { ...bindings, SPARK_API_KEY: "old" } })).toMatchObject({
    status: 503,
    message: "Spark rejects SPARK_API_KEY (status 401).",
  });
  expect(
    await readOne("a", { bindings: { ...bindings, SPARK_API_URL: "http://127.0.0.1:1" } }),
  ).toMatchObject({
    status: 503,
    message: "Spark is not reachable. Check SPARK_API_URL.",
  });
});

it.each([
  [{}, "Set SPARK_API_KEY, and SPARK_API_URL"],
  [{ SPARK_API_KEY: "k", SPARK_ENABLED: "false" }, "SPARK_ENABLED is false"],
])("names the variables to set with %o", async (given, variables) => {
  const refusals = [
    await apiError("/api/spark/feedback", post(feedback("a"), { bindings: given })),
    await readOne("a", { bindings: given }),
    await apiError("/api/spark/feedback/batch", post({ session_ids: ["a"] }, { bindings: given })),
  ];
  for (const refusal of refusals)
    expect(refusal).toMatchObject({
      status: 503,
      code: "not_configured",
      message: expect.stringContaining(variables) as string,
    });
});

it.each([
  ["rating", feedback("a", { overall_feedback: { rating: 6, comments: "" } })],
  ["rating", feedback("a", { overall_feedback: { rating: 2.5, comments: "" } })],
  ["comments", feedback("a", { overall_feedback: { rating: 3, comments: "x".repeat(10_001) } })],
  ["comments", feedback("a", { overall_feedback: { rating: 3 } })],
  ["session_id", feedback("../feedback")],
  ["session_id", feedback("..")],
  ["more", { ...feedback("a"), more: 1 }],
])("refuses feedback with an invalid %s", async (parameter, body) => {
  const { status, details } = await apiError("/api/spark/feedback", post(body));
  expect(status).toBe(400);
  expect(details[0]?.parameter).toContain(parameter);
});

it("refuses a batch of none or of more than 100, a path in an id, and too much text", async () => {
  const batch = (ids: string[]) => apiError("/api/spark/feedback/batch", post({ session_ids: ids }));
  for (const ids of [[], Array.from({ length: 101 }, (_, n) => `s${n}`), ["a/b"]])
    expect(await batch(ids)).toMatchObject({ status: 400, code: "invalid_request" });
  expect(await readOne("a%2Fb")).toMatchObject({ status: 400 });
  const lesson = Object.fromEntries(
    ["situation", "action", "result", "learning"].map((name) => [name, "x".repeat(9_000)]),
  );
  const long = feedback("a");
  Object.assign(long.feedback, { lessons_learned: Array.from({ length: 10 }, () => lesson) });
  expect(await apiError("/api/spark/feedback", post(long))).toMatchObject({
    status: 400,
    message: expect.stringContaining("is too long") as string,
  });
});
