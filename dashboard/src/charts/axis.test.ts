import { describe, expect, it } from "vitest";
import { niceAxis, sampleEvenly, timeAxis } from "./axis.ts";

describe("an axis", () => {
  it.each([0.003, 0.7, 1, 3.2, 99, 101, 1_234_567, 9e15])(
    "reaches %s in round steps from zero",
    (highest) => {
      const { top, ticks } = niceAxis(highest);
      expect(top).toBeGreaterThanOrEqual(highest);
      expect(top).toBeLessThanOrEqual(highest * 2.5);
      expect(ticks[0]).toBe(0);
      expect(ticks.at(-1)).toBeCloseTo(top);
      expect(ticks.length).toBeGreaterThan(2);
    },
  );

  it.each([0, -1, Number.NaN, Infinity])("has only the zero tick for %s", (highest) => {
    expect(niceAxis(highest)).toEqual({ top: 0, ticks: [0] });
  });

  it.each([
    [1, [0, 1]],
    [2, [0, 1, 2]],
    [3, [0, 1, 2, 3]],
    [7, [0, 2, 4, 6, 8]],
  ])("counts up to %i without halves", (highest, ticks) => {
    expect(niceAxis(highest, { isWhole: true }).ticks).toEqual(ticks);
  });

  it("samples the first, the last and entries between them", () => {
    expect(sampleEvenly([1, 2, 3, 4, 5, 6, 7, 8, 9], 5)).toEqual([1, 3, 5, 7, 9]);
    expect(sampleEvenly([1, 2], 5)).toEqual([1, 2]);
    expect(sampleEvenly([], 5)).toEqual([]);
    expect(sampleEvenly([4], 5)).toEqual([4]);
  });
});

describe("a time axis", () => {
  const labels = (from: string, to: string, zone: string) =>
    timeAxis(Date.parse(from), Date.parse(to), zone).map((at) => new Date(at).toISOString().slice(5, 16));

  it("has full hours of the zone around the period", () => {
    expect(labels("2026-11-22T11:42Z", "2026-11-23T17:42Z", "UTC")).toEqual([
      "11-22T11:00",
      "11-22T18:00",
      "11-23T01:00",
      "11-23T08:00",
      "11-23T15:00",
      "11-23T22:00",
    ]);
    expect(labels("2026-11-22T11:42Z", "2026-11-22T17:57Z", "Asia/Kolkata")[0]).toBe("11-22T11:30");
  });

  it("has days of the zone for more than two, those of 23 and 25 hours included", () => {
    expect(labels("2026-10-22T12:00Z", "2026-10-28T12:00Z", "Europe/Berlin")).toEqual([
      "10-21T22:00",
      "10-23T22:00",
      "10-25T23:00",
      "10-27T23:00",
      "10-29T23:00",
    ]);
  });
});
