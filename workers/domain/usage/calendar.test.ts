import { describe, expect, test } from "vitest";
import { bucketsOf, instantOf } from "./calendar.ts";

const at = Date.parse;
const bucketsAsText = (from: string, to: string, zone: string) => {
  const { unit, starts } = bucketsOf(at(from), at(to), zone);
  return { unit, starts: starts.map((start) => new Date(start).toISOString().slice(0, 16)) };
};
const days = (from: string, to: string, zone: string, around: string) =>
  bucketsAsText(from, to, zone).starts.filter((start) => start.startsWith(around));

describe("buckets", () => {
  test.each([
    ["UTC", "2026-11-22T12:01:02.003Z", 3, "5m", 37],
    ["UTC", "2026-11-22T12:00:00Z", 3, "5m", 36],
    ["UTC", "2026-11-22T12:00:00Z", 4, "hour", 4],
    ["Asia/Kolkata", "2026-11-22T12:00:00Z", 4, "hour", 5],
    ["UTC", "2026-11-22T12:00:00Z", 8 * 24, "hour", 192],
    ["UTC", "2026-11-22T12:00:00Z", 8 * 24 + 1, "day", 9],
    ["UTC", "2026-11-22T00:00:00Z", 30 * 24, "day", 30],
  ])("in %s from %s over %d hours are per %s", (zone, from, hours, unit, count) => {
    const buckets = bucketsOf(at(from), at(from) + hours * 3_600_000, zone);
    expect([buckets.unit, buckets.starts.length]).toEqual([unit, count]);
    expect(buckets.starts[0]).toBeLessThanOrEqual(at(from));
  });

  test("begin at the full hours of the zone's clocks, in steps of less than an hour from UTC, too", () => {
    const inKolkata = bucketsAsText("2026-11-22T12:00:00Z", "2026-11-22T15:30:00Z", "Asia/Kolkata");
    expect(inKolkata.starts).toEqual([
      "2026-11-22T11:30",
      "2026-11-22T12:30",
      "2026-11-22T13:30",
      "2026-11-22T14:30",
    ]);
    const inKathmandu = bucketsAsText("2026-11-22T12:00:00Z", "2026-11-22T15:01:00Z", "Asia/Kathmandu");
    expect(inKathmandu.starts[1]).toBe("2026-11-22T12:15");
  });

  test.each([
    // Clocks go forward: 29 March has 23 hours. They go back: 25 October has 25.
    [
      "Europe/Berlin",
      "2026-03-27",
      "2026-04-06",
      "2026-03-2",
      ["26T23:00", "27T23:00", "28T23:00", "29T22:00"],
    ],
    ["Europe/Berlin", "2026-10-23", "2026-11-02", "2026-10-2", [22, 23, 24].map((day) => `${day}T22:00`)],
    ["America/Los_Angeles", "2026-10-30", "2026-11-09", "2026-11-0", ["01T07:00", "02T08:00", "03T08:00"]],
    ["Asia/Kolkata", "2026-11-20", "2026-12-01", "2026-11-2", ["20T18:30", "21T18:30", "22T18:30"]],
    // Midnight is skipped: the day begins at 1:00.
    [
      "Africa/Cairo",
      "2026-04-20",
      "2026-05-01",
      "2026-04-2",
      ["21T22:00", "22T22:00", "23T22:00", "24T21:00"],
    ],
    // 30 December 2011 did not exist.
    [
      "Pacific/Apia",
      "2011-12-25",
      "2012-01-05",
      "2011-12-",
      ["28T10:00", "29T10:00", "30T10:00", "31T10:00"],
    ],
  ])("in %s from %s to %s are days of the zone", (zone, from, to, around, expected) => {
    expect(days(from, to, zone, around)).toEqual(
      expect.arrayContaining(expected.map((rest) => around.slice(0, 8) + rest)),
    );
  });

  test("have 23 hours on the day the clocks go forward, and 25 on the day they go back", () => {
    const lengths = (from: string, to: string) => {
      const { starts } = bucketsOf(at(from), at(to), "Europe/Berlin");
      return starts.slice(1).map((start, index) => (start - starts[index]!) / 3_600_000);
    };
    expect(lengths("2026-03-26T00:00:00Z", "2026-04-04T00:00:00Z")).toEqual([
      24, 24, 24, 23, 24, 24, 24, 24, 24,
    ]);
    expect(lengths("2026-10-22T00:00:00Z", "2026-10-31T00:00:00Z")).toEqual([
      24, 24, 24, 25, 24, 24, 24, 24, 24,
    ]);
  });

  test("repeat an hour that the clocks repeat, also where they go back by half an hour", () => {
    expect(bucketsAsText("2026-10-24T22:00:00Z", "2026-10-25T03:00:00Z", "Europe/Berlin").starts).toEqual([
      "2026-10-24T22:00",
      "2026-10-24T23:00",
      "2026-10-25T00:00",
      "2026-10-25T01:00",
      "2026-10-25T02:00",
    ]);
    expect(
      bucketsAsText("2026-04-04T13:30:00Z", "2026-04-04T17:30:00Z", "Australia/Lord_Howe").starts,
    ).toEqual([
      "2026-04-04T13:00",
      "2026-04-04T14:00",
      "2026-04-04T15:00",
      "2026-04-04T15:30",
      "2026-04-04T16:30",
    ]);
  });
});

test.each([
  ["Europe/Berlin", "2026-11-22T08:30", "2026-11-22T07:30:00.000Z"],
  ["America/New_York", "2026-07-01T00:00", "2026-07-01T04:00:00.000Z"],
  ["Asia/Kathmandu", "2026-11-22T00:00", "2026-11-21T18:15:00.000Z"],
  ["UTC", "2026-11-22T08:30", "2026-11-22T08:30:00.000Z"],
  ["Europe/Berlin, skipped", "2026-03-29T02:30", "2026-03-29T01:30:00.000Z"],
  ["Europe/Berlin, twice", "2026-10-25T02:30", "2026-10-25T00:30:00.000Z"],
])("the instant of a local time in %s: %s", (zone, local, instant) => {
  expect(new Date(instantOf(at(`${local}:00Z`), zone.split(",")[0]!)).toISOString()).toBe(instant);
});
