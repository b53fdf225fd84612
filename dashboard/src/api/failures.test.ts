import { describe, expect, it } from "vitest";
import { recordedBody } from "../../../test/support/replayed-api.ts";
import type { RequestRow } from "../../../workers/schemas/api/requests.ts";
import { failureKinds, mergeFailures } from "./failures.ts";

const [some] = recordedBody<{ requests: RequestRow[] }>("/api/requests?limit=50").requests;
const row = (requestId: string, minute: number): RequestRow => ({
  ...some!,
  requestId,
  timestamp: new Date(Date.UTC(2026, 10, 23, 11, minute)).toISOString(),
});

const counted = (minute: number, count: number, more: object = {}) => ({
  errorType: "overloaded_error" as string | null,
  status: 529 as number | null,
  outcome: "complete",
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

describe("failures", () => {
  it("are merged from several lists without duplicates, newest first", () => {
    const rows = mergeFailures([
      [row("a", 1), row("b", 5)],
      [row("c", 3), row("a", 1)],
    ]);
    expect(rows.map((one) => one.requestId)).toEqual(["b", "c", "a"]);
  });

  it("are counted by kind, most frequent first, equal labels together", () => {
    const broken = { outcome: "upstream_failed", errorType: null };
    const kinds = failureKinds([
      counted(9, 1, { status: 429, errorType: "rate_limit_error" }),
      counted(8, 4),
      counted(6, 1, { ...broken, status: 200 }),
      counted(7, 2, { ...broken, status: null }),
      counted(5, 1, { status: null, errorType: null }),
    ]);
    expect(kinds.map(({ name, count, query, latest }) => [name, count, query, latest.requestId])).toEqual([
      ["529 overloaded_error", 4, { status: "529" }, "r8"],
      ["upstream disconnected", 3, { outcome: "upstream_failed" }, "r7"],
      ["429 rate_limit_error", 1, { status: "429" }, "r9"],
      ["no response", 1, {}, "r5"],
    ]);
  });
});
