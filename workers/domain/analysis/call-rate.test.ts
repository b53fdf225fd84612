import { expect, test } from "vitest";
import { waitMs } from "./call-rate.ts";

test.each([
  ["no calls", [], 0],
  ["fewer calls than allowed", [50_000], 0],
  ["a call that is a minute old", [0, 50_000], 0],
  ["as many calls as allowed", [10_000, 50_000], 10_000],
  ["more calls than allowed", [10_000, 20_000, 50_000], 20_000],
])("after %s", (_name, times, wait) => {
  expect(waitMs(times, 2, 60_000)).toBe(wait);
});
