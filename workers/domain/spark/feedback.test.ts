import { expect, test } from "vitest";
import { readOpinion, readSparkResponse } from "./feedback.ts";

const report = (overall: unknown) => ({ recommendation_feedback: { overall_feedback: overall } });

test("reads the opinion of a feedback, alone or with its session", () => {
  const opinion = { rating: 4, comments: "Good." };
  expect(readOpinion(report(opinion))).toEqual(opinion);
  expect(readOpinion({ session_id: "s", feedback: report(opinion) })).toEqual(opinion);
  expect(readOpinion(report({ rating: 1 }))).toEqual({ rating: 1, comments: "" });
});

test.each([
  null,
  undefined,
  "None",
  [],
  {},
  { feedback: null },
  report(null),
  report({ rating: 0 }),
  report({ rating: 6 }),
  report({ rating: 2.5 }),
  report({ rating: "4" }),
])("finds no opinion in %o", (stored) => {
  expect(readOpinion(stored)).toBeNull();
});

test("takes an object or nothing as success", () => {
  expect(readSparkResponse(200, '{"a":1}', null)).toEqual({ ok: true, value: { a: 1 } });
  expect(readSparkResponse(204, "", null)).toEqual({ ok: true, value: {} });
  for (const text of ["[]", "null", "page", null])
    expect(readSparkResponse(200, text, null)).toMatchObject({ ok: false, error: { code: "unavailable" } });
});

test("passes on the wait only as seconds, and details only as short lines without secrets", () => {
  const limited = (wait: string) => readSparkResponse(429, "", wait);
  expect(limited("7")).toMatchObject({ error: { code: "rate_limited", retryAfter: "7" } });
  expect(limited("Wed, 21 Oct 2026 07:28:00 GMT")).toMatchObject({ error: { retryAfter: null } });
  const message = (detail: unknown) => {
    const result = readSparkResponse(400, JSON.stringify({ detail }), null);
    return result.ok ? "" : result.error.message;
  };
  expect(message(`a\nb ${"x".repeat(1_000)}`).length).toBeLessThan(340);
  expect(message("key sk-ant-api03-secret")).toBe("Spark returned status 400: key sk-ant-***");
  expect(message([{ msg: "one" }, "two", 3, null])).toBe("Spark returned status 400: one; two");
  expect(message({ a: 1 })).toBe("Spark returned status 400.");
});
