import { describe, expect, it } from "vitest";
import { currentSpan, splitSpan, rollingSpan } from "./time-span.ts";

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

  it.each([
    // Window 07:00 to 12:00, now 11:42: since 07:00, not since 06:42.
    ["12:00", "11:42", "07:00"],
    ["12:00", "07:00", "07:00"],
    // The reset has passed: what was before it is not the new window's.
    ["12:00", "12:10", "12:00"],
    ["12:00", "17:30", "12:30"],
    [null, "11:42", "06:42"],
  ])("of the vendor's window, reset at %s, at %s begin at %s", (reset, now, from) => {
    const at = (time: string) => Date.parse(`2026-11-23T${time}:00Z`);
    const span = currentSpan(reset === null ? null : at(reset), at(now), 5 * 3_600_000);
    expect([Math.floor(span.from / 10) * 10, span.to]).toEqual([at(from), at(now) + 1]);
  });

  it("of a rolling window end with its last millisecond", () => {
    expect(rollingSpan(1_000_000, 1_000)).toEqual({ from: 999_001, to: 1_000_001 });
  });
});
