import { describe, expect, test } from "vitest";
import {
  addHistograms,
  LATENCY_BOUNDS_MS,
  LATENCY_CLASSES,
  latencyClass,
  latencyHistogram,
  quantile,
} from "./latency-histogram.ts";

const histogramOf = (durations: number[]) =>
  durations.map(latencyHistogram).reduce(addHistograms, latencyHistogram(null));

test("latency classes are those that stored histograms were counted in", () => {
  expect(LATENCY_BOUNDS_MS.join(" ")).toBe(
    "10 18 32 56 100 180 320 560 1000 1800 3200 5600 10000 18000 32000 56000 100000 180000 320000 560000 1000000 1800000 3600000",
  );
  expect(LATENCY_CLASSES).toBe(24);
});

test.each([
  [-5, 0],
  [NaN, 0],
  [0, 0],
  [10, 0],
  [10.001, 1],
  [18, 1],
  [1_000, 8],
  [3_600_000, 22],
  [3_600_001, 23],
  [Infinity, 23],
])("latency classes put %d ms into class %d", (ms, index) => {
  expect(latencyClass(ms)).toBe(index);
});

test("histograms of one duration and of none", () => {
  expect(latencyHistogram(null)).toEqual(new Array(24).fill(0));
  expect(latencyHistogram(15)).toEqual([0, 1, ...new Array<number>(22).fill(0)]);
});

test("histograms add up class by class, whatever their length, and stay as they were", () => {
  const a = [1, 2];
  const b = latencyHistogram(5);
  expect(addHistograms(a, b).slice(0, 3)).toEqual([2, 2, 0]);
  expect(addHistograms([], [])).toEqual(latencyHistogram(null));
  expect([a, b]).toEqual([[1, 2], latencyHistogram(5)]);
});

describe("quantile", () => {
  test("of nothing is null", () => {
    expect(quantile(latencyHistogram(null), 0.5)).toBeNull();
    expect(quantile([], 0.5)).toBeNull();
  });

  test.each<[string, number[], Record<number, number>]>([
    [
      "interpolates linearly within the class, 180 to 320",
      [200, 200, 200, 200],
      { 0: 180, 0.25: 215, 0.5: 250, 1: 320 },
    ],
    ["starts the first class at zero", [1, 2], { 0.5: 5 }],
    ["skips empty classes", [5, 5, 90_000, 90_000], { 0.5: 10, 0.75: 78_000 }],
    ["reads what is beyond the last bound as that bound", [1e9], { 0.5: 3_600_000 }],
    ["reads most of it beyond the last bound as that bound", [5, 1e9, 1e9], { 0.99: 3_600_000 }],
    ["takes a share out of range for the nearest one in it", [200], { [-1]: 180, 2: 320, [NaN]: 180 }],
  ])("%s", (_name, durations, expected) => {
    const histogram = histogramOf(durations);
    for (const [share, value] of Object.entries(expected))
      expect(quantile(histogram, Number(share)), share).toBe(value);
  });

  test("never falls while the share rises, and is right to a class", () => {
    const durations = Array.from({ length: 999 }, (_, n) => 5 * 1.013 ** n).toSorted((a, b) => a - b);
    const histogram = histogramOf(durations);
    let before = 0;
    for (let q = 0; q <= 1; q += 0.01) {
      const value = quantile(histogram, q)!;
      expect(value).toBeGreaterThanOrEqual(before);
      const exact = durations[Math.min(998, Math.floor(q * 999))]!;
      expect(Math.abs(latencyClass(value) - latencyClass(exact))).toBeLessThanOrEqual(1);
      before = value;
    }
  });
});
