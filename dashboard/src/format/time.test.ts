import { describe, expect, it } from "vitest";
import {
  formatAbsolute,
  formatDay,
  formatDuration,
  formatHour,
  formatRelative,
  formatShortDay,
  supportedZone,
} from "./time.ts";

const NOW = Date.parse("2026-11-23T12:41:03Z");
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

it.each([
  [0, "0 ms"],
  [0.4, "0 ms"],
  [812, "812 ms"],
  [999.6, "1.0 s"],
  [4230, "4.2 s"],
  [59_949, "59.9 s"],
  [59_999, "1 m"],
  [64_000, "1 m 4 s"],
  [3_599_600, "1 h"],
  [7_260_000, "2 h 1 m"],
  [47.9 * HOUR, "47 h 54 m"],
  [50 * HOUR, "2 d 2 h"],
  [-5, "0 ms"],
  [null, "–"],
  [Number.NaN, "–"],
])("durations writes %s ms as %s", (milliseconds, text) => {
  expect(formatDuration(milliseconds)).toBe(text);
});

describe("times", () => {
  it.each([
    [0, "just now"],
    [-3 * SECOND, "just now"],
    [12 * SECOND, "12 s ago"],
    [5 * MINUTE, "5 m ago"],
    [23.9 * HOUR, "23 h ago"],
    [3 * DAY, "3 d ago"],
    [30 * DAY, "24 Oct 2026"],
    [-14 * MINUTE, "in 14 m"],
    [-2 * HOUR, "in 2 h"],
  ])("says of %s ms before now: %s", (gap, text) => {
    expect(formatRelative(NOW - gap, NOW, "UTC")).toBe(text);
  });

  it("stand in the viewer's zone, with its name", () => {
    expect(formatAbsolute(NOW, "UTC")).toBe("2026-11-23 12:41:03 UTC");
    expect(formatAbsolute(NOW, "Asia/Tokyo")).toBe("2026-11-23 21:41:03 GMT+9");
    expect(formatHour(NOW, "America/New_York")).toBe("07:41");
    expect(formatHour(Date.parse("2026-11-23T00:05:00Z"), "UTC")).toBe("00:05");
  });

  it("name the day that it is there", () => {
    const late = Date.parse("2026-11-23T23:30:00Z");
    expect(formatDay(late, "UTC")).toBe("23 Nov 2026");
    expect(formatShortDay(late, "Europe/Berlin")).toBe("24 Nov");
  });

  it.each([undefined, "", "Mars/Olympus", "x".repeat(100), "UTC; drop"])("take %j for UTC", (name) => {
    expect(supportedZone(name)).toBe("UTC");
  });

  it("know real zones", () => {
    expect(supportedZone("Europe/Berlin")).toBe("Europe/Berlin");
  });
});
