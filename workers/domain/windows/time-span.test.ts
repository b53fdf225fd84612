import { describe, expect, it } from "vitest";
import { splitSpan, rollingSpan } from "./time-span.ts";

describe("the parts of a window", () => {
  it.each([
    [0, 0],
    [0, 1],
    [59_999, 60_001],
    [1, 60_000],
    [60_000, 120_000],
    [60_001, 179_999],
    [30_000, 30_500],
    [120_000, 60_000],
  ])("cover every instant from %i to %i once", (from, to) => {
    const { minutes, edges } = splitSpan({ from, to });
    const spans = [...edges, { from: minutes.from * 60_000, to: minutes.to * 60_000 }]
      .filter((span) => span.to > span.from)
      .sort((a, b) => a.from - b.from);
    let at = from;
    for (const span of spans) {
      expect(span.from).toBe(at);
      at = span.to;
    }
    expect(at).toBe(Math.max(from, to > from ? to : from));
    for (const edge of edges) expect(edge.to - edge.from).toBeLessThan(120_000);
  });

  it("of a rolling window end with its last millisecond", () => {
    expect(rollingSpan(1_000_000, 1_000)).toEqual({ from: 999_001, to: 1_000_001 });
  });
});
