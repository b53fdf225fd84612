import { expect, it } from "vitest";
import { failureKinds } from "./failures.ts";

const counted = (minute: number, count: number, more: object = {}) => ({
  errorType: "overloaded_error" as string | null,
  status: 529 as number | null,
  outcome: "complete",
  refusedBy: null,
  count,
  latest: {
    requestId: `r${minute}`,
    timestamp: new Date(Date.UTC(2026, 10, 23, 11, minute)).toISOString(),
    domain: "a.example",
    model: null,
    message: null,
  },
  ...more,
});

it("failures are counted by kind, most frequent first, equal labels together", () => {
  const broken = { outcome: "upstream_failed", errorType: null };
  const kinds = failureKinds([
    counted(9, 1, { status: 429, errorType: "rate_limit_error" }),
    counted(8, 4),
    counted(6, 1, { ...broken, status: 200 }),
    counted(7, 2, { ...broken, status: null }),
    counted(5, 1, { status: null, errorType: null }),
    counted(4, 1, { status: 504, errorType: "timeout_error", outcome: "upstream_failed" }),
    counted(3, 1, { status: 200, errorType: "stream_ended_early", outcome: "upstream_failed" }),
    counted(2, 1, { status: 200 }),
    counted(1, 1, { ...broken, outcome: "interrupted" }),
  ]);
  expect(kinds.map(({ name, count, query, latest }) => [name, count, query, latest.requestId])).toEqual([
    ["529 overloaded_error", 4, { failed: "true", status: "529" }, "r8"],
    ["upstream disconnected", 3, { failed: "true", outcome: "upstream_failed" }, "r7"],
    ["429 rate_limit_error", 1, { failed: "true", status: "429" }, "r9"],
    ["no response", 1, { failed: "true" }, "r5"],
    ["504 timeout_error", 1, { failed: "true", status: "504" }, "r4"],
    ["200 stream_ended_early", 1, { failed: "true", status: "200" }, "r3"],
    ["200 overloaded_error", 1, { failed: "true", status: "200" }, "r2"],
    ["interrupted", 1, { failed: "true", outcome: "interrupted" }, "r1"],
  ]);
});
