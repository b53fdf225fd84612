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

test("the calls of each caller are limited, and refused ones are not counted", () => {
  const rates = callRates();
  expect(rates.take("a", 3, 0, 2)).toBe(0);
  expect(rates.take("a", 3, 1_000, 2)).toBe(59_000);
  expect(rates.take("b", 3, 1_000, 2)).toBe(0);
  expect(rates.take("a", 3, 2_000)).toBe(0);
  expect(rates.take("a", 3, 3_000)).toBe(57_000);
  expect(rates.take("a", 3, 60_000, 2)).toBe(0);
});
