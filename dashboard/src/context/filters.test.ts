import { describe, expect, it } from "vitest";
import { apiQuery, filterQuery, linkTo, parseFilters, periodOf } from "./filters.ts";

const NOW = Date.parse("2026-11-23T12:00:00Z");

describe("filters in the address", () => {
  it("are the last 24 hours of everything by default", () => {
    const filters = parseFilters({}, "UTC");
    expect(periodOf(filters, NOW)).toEqual({
      from: NOW - 86_400_000,
      to: NOW,
      isPast: false,
      label: "Last 24 hours",
    });
    expect(linkTo("/requests", filters)).toBe("/requests");
  });

  it.each(["__proto__", "constructor", "1y", ""])("take no range %j", (range) => {
    expect(parseFilters({ range }, "UTC").range).toBe("24h");
  });

  it.each(["yesterday", "x".repeat(50), "2026-13-40"])("take no time %j", (from) => {
    expect(parseFilters({ from }, "UTC").from).toBeNull();
  });

  it("follow from page to page without their defaults", () => {
    const filters = parseFilters({ domain: "a.b", range: "7d", model: "m&n" }, "UTC");
    expect(linkTo("/usage", filters, { tab: "x", none: null })).toBe(
      "/usage?domain=a.b&model=m%26n&range=7d&tab=x",
    );
    expect(filterQuery(parseFilters({ range: "24h" }, "UTC")).range).toBeNull();
  });

  it("let a chosen period override the range, and never reach into the future", () => {
    const filters = parseFilters(
      { range: "7d", from: "2026-11-20T00:00", to: "2027-01-01T00:00:00Z" },
      "UTC",
    );
    expect(periodOf(filters, NOW)).toMatchObject({
      from: Date.parse("2026-11-20T00:00Z"),
      to: NOW,
      isPast: false,
    });
    expect(apiQuery(filters, NOW)).toMatchObject({ from: "2026-11-20T00:00:00.000Z", to: null });
  });

  it.each([
    ["Europe/Berlin", "2026-11-22", "2026-11-21T23:00:00.000Z"],
    ["Europe/Berlin", "2026-07-22T08:30", "2026-07-22T06:30:00.000Z"],
    ["America/Los_Angeles", "2026-11-22T08:30:15", "2026-11-22T16:30:15.000Z"],
    ["Asia/Kolkata", "2026-11-22T08:30:15.250", "2026-11-22T03:00:15.250Z"],
    ["Asia/Kolkata", "2026-11-22T08:30Z", "2026-11-22T08:30:00.000Z"],
    ["Asia/Kolkata", "2026-11-22T08:30+01:00", "2026-11-22T07:30:00.000Z"],
  ])("in %s, %s is %s: without a zone it is the viewer's time", (zone, from, instant) => {
    expect(parseFilters({ from }, zone).from).toBe(instant);
  });

  it("survive a period that ends before it begins", () => {
    const period = periodOf(parseFilters({ from: "2026-11-22T00:00Z", to: "2026-11-21T00:00Z" }, "UTC"), NOW);
    expect(period.from).toBeLessThanOrEqual(period.to);
  });
});
