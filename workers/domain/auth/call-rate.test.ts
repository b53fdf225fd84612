import { expect, test } from "vitest";
import { callRates, waitMs } from "./call-rate.ts";

test.each([
  ["no calls", [], 0],
  ["fewer calls than allowed", [50_000], 0],
  ["a call that is a minute old", [0, 50_000], 0],
  ["as many calls as allowed", [10_000, 50_000], 10_000],
  ["more calls than allowed", [10_000, 20_000, 50_000], 20_000],
])("after %s", (_name, times, wait) => {
  expect(waitMs(times, 2, 60_000)).toBe(wait);
});

test("each caller may call as often as the limit says, and refused calls are not counted", () => {
  const rates = callRates();
  expect(rates.take("a", 3, 0, 2)).toBe(0);
  expect(rates.take("a", 3, 0, 2)).toBe(20_000);
  expect(rates.take("b", 3, 0, 2)).toBe(0);
  expect(rates.take("a", 3, 0)).toBe(0);
  expect(rates.take("a", 3, 5_000)).toBe(15_000);
  expect(rates.take("a", 3, 20_000)).toBe(0);
  expect(rates.take("a", 3, 80_000, 3)).toBe(0);
  // More than the limit at once: only after a minute without calls.
  expect(rates.take("c", 3, 0, 5)).toBe(0);
  expect(rates.take("c", 3, 60_000)).toBe(0);
  expect(rates.take("c", 3, 60_000)).toBe(20_000);
});
