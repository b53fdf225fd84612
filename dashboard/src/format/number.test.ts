import { describe, expect, it } from "vitest";
import { formatBytes, formatChange, formatCount, formatExact, formatShare, formatShort } from "./number.ts";

describe("numbers", () => {
  it.each([
    [0, "0"],
    [999, "999"],
    [1284, "1,284"],
    [9999, "9,999"],
    [10_000, "10k"],
    [31_420, "31.4k"],
    [999_499, "999k"],
    [999_950, "1M"],
    [1_900_000, "1.9M"],
    [1e9, "1B"],
    [2.5e12, "2.5T"],
    [9e18, "9,000,000T"],
    [-31_420, "-31.4k"],
    [null, "–"],
    [undefined, "–"],
    [Number.NaN, "–"],
    [Infinity, "–"],
  ])("writes %s short as %s", (value, text) => {
    expect(formatShort(value)).toBe(text);
  });

  it("groups thousands and never shows an unknown number as zero", () => {
    expect(formatExact(1_234_567)).toBe("1,234,567");
    expect(formatExact(null)).toBe("–");
  });

  it.each([
    [0, "0%"],
    [0.0004, "<0.1%"],
    [-0.0004, ">−0.1%"],
    [0.004, "0.4%"],
    [0.0996, "10%"],
    [0.9134, "91%"],
    [0.9996, "99.9%"],
    [0.99999, "99.9%"],
    [1, "100%"],
    [1.4, "140%"],
    [null, "–"],
  ])("writes the share %s as %s", (share, text) => {
    expect(formatShare(share)).toBe(text);
  });

  it.each([
    [112, 100, "+12%"],
    [97, 100, "−3%"],
    [100.2, 100, "±0%"],
    [5, 0, "no earlier data"],
    [0, 0, null],
    [null, 3, null],
    [3, null, null],
  ])("compares %s with %s as %s", (now, before, text) => {
    expect(formatChange(now, before)).toBe(text);
  });

  it.each([
    [0, "0 B"],
    [812, "812 B"],
    [1024, "1 KB"],
    [50_535, "49.4 KB"],
    [33 * 1_048_576, "33 MB"],
    [null, "–"],
  ])("writes %s bytes as %s", (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });

  it("counts with the word in its number", () => {
    expect(formatCount(1, "request")).toBe("1 request");
    expect(formatCount(1284, "request")).toBe("1,284 requests");
    expect(formatCount(0, "entry", "entries")).toBe("0 entries");
  });
});
