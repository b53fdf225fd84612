import { describe, expect, test } from "vitest";
import { parseUsd, formatUsd } from "./usd.ts";

describe("dollars", () => {
  test.each([
    [0n, "0"],
    [1n, "0.000000000001"],
    [6_180_000_000n, "0.00618"],
    [1_000_000_000_000n, "1"],
    [-2_500_000_000_000n, "-2.5"],
    [123_456_789_012_345_678_901n, "123456789.012345678901"],
  ])("%s pico-dollars are %s, there and back", (pico, text) => {
    expect(formatUsd(pico)).toBe(text);
    expect(parseUsd(text)).toBe(pico);
  });

  test.each(["", "1.", ".5", "1e3", "0.0000000000001", "1,5", " 1"])("%j is none", (text) => {
    expect(() => parseUsd(text)).toThrow("not a dollar amount");
  });
});
