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

describe("latency classes", () => {
  test("are those that stored histograms were counted in", () => {
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
  ])("put %d ms into class %d", (ms, index) => {
    expect(latencyClass(ms)).toBe(index);
  });
});

describe("histograms", () => {
  test("of one duration and of none", () => {
    expect(latencyHistogram(null)).toEqual(new Array(24).fill(0));
    expect(latencyHistogram(15)).toEqual([0, 1, ...new Array<number>(22).fill(0)]);
  });

  test("add up class by class, whatever their length, and stay as they were", () => {
    const a = [1, 2];
    const b = latencyHistogram(5);
    expect(addHistograms(a, b).slice(0, 3)).toEqual([2, 2, 0]);
    expect(addHistograms([], [])).toEqual(latencyHistogram(null));
    expect([a, b]).toEqual([[1, 2], latencyHistogram(5)]);
  });
});

describe("quantile", () => {
  test("of nothing is null", () => {
    expect(quantile(latencyHistogram(null), 0.5)).toBeNull();
    expect(quantile([], 0.5)).toBeNull();
  });

  test("interpolates linearly within the class", () => {
    const histogram = histogramOf([200, 200, 200, 200]); // all within 180 to 320
    expect(quantile(histogram, 0)).toBe(180);
    expect(quantile(histogram, 0.25)).toBe(215);
    expect(quantile(histogram, 0.5)).toBe(250);
    expect(quantile(histogram, 1)).toBe(320);
  });

  test("starts the first class at zero", () => {
    expect(quantile(histogramOf([1, 2]), 0.5)).toBe(5);
  });

  test("skips empty classes", () => {
    const histogram = histogramOf([5, 5, 90_000, 90_000]);
    expect(quantile(histogram, 0.5)).toBe(10);
    expect(quantile(histogram, 0.75)).toBe(78_000);
  });

  test("reads what is beyond the last bound as that bound", () => {
    expect(quantile(histogramOf([1e9]), 0.5)).toBe(3_600_000);
    expect(quantile(histogramOf([5, 1e9, 1e9]), 0.99)).toBe(3_600_000);
  });

  test("takes a share out of range for the nearest one in it", () => {
    const histogram = histogramOf([200]);
    expect([quantile(histogram, -1), quantile(histogram, 2), quantile(histogram, NaN)]).toEqual([
      180, 320, 180,
    ]);
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
