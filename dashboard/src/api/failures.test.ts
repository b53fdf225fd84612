import { describe, expect, it } from "vitest";
import { busyRows } from "../../fake/rows.ts";
import type { RequestRow } from "./types.ts";
import { failureKinds, mergeFailures } from "./failures.ts";

const [some] = busyRows(Date.parse("2026-11-23T12:00:00Z"));
const row = (requestId: string, minute: number, change: Partial<RequestRow>): RequestRow => ({
  ...some!,
  requestId,
  timestamp: new Date(Date.UTC(2026, 10, 23, 11, minute)).toISOString(),
  outcome: "complete",
  responseStatus: 529,
  errorType: "overloaded_error",
  ...change,
});

describe("failures", () => {
  it("stand once and newest first, from however many lists", () => {
    const rows = mergeFailures([
      [row("a", 1, {}), row("b", 5, {})],
      [row("c", 3, {}), row("a", 1, {})],
    ]);
    expect(rows.map((one) => one.requestId)).toEqual(["b", "c", "a"]);
  });

  it("are counted by what happened, the most frequent first", () => {
    const kinds = failureKinds([
      row("a", 9, { responseStatus: 429, errorType: "rate_limit_error" }),
      row("b", 8, {}),
      row("c", 7, {}),
      row("d", 6, { outcome: "upstream_failed", responseStatus: 200, errorType: null }),
      row("e", 5, { responseStatus: null, errorType: null }),
    ]);
    expect(kinds.map(({ name, count, query }) => [name, count, query])).toEqual([
      ["529 overloaded error", 2, { status: "529" }],
      ["429 rate limit error", 1, { status: "429" }],
      ["broken off", 1, { outcome: "upstream_failed" }],
      ["no answer", 1, {}],
    ]);
    expect(kinds[0]!.latest.requestId).toBe("b");
  });
});
