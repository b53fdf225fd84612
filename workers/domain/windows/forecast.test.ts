import { describe, expect, it } from "vitest";
import type { LimitPoint } from "../../schemas/window.ts";
import { forecastLimit, forecastRolling } from "./forecast.ts";

const NOW = Date.UTC(2026, 10, 22, 12);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const RESET = NOW + 2 * HOUR;

const point = (
  minutesAgo: number,
  utilization: number | null,
  resetAt: number | null = RESET,
): LimitPoint => ({
  at: NOW - minutesAgo * MINUTE,
  utilization,
  resetAt,
  status: null,
  remaining: null,
});

describe("a vendor's window", () => {
  it("is full when the pace of the last hour says so", () => {
    const reports = [point(300, 0.1), point(60, 0.4), point(30, 0.5), point(0, 0.6)];
    const { perHour, fullAt } = forecastLimit(reports, 5 * HOUR, NOW);
    expect(perHour).toBeCloseTo(0.2, 9);
    expect(fullAt).toBeNull(); // in two hours, when it is reset
    const soon = forecastLimit([point(60, 0.2), point(0, 0.6)], 5 * HOUR, NOW);
    expect(soon.fullAt).toBe(NOW + HOUR);
  });

  it("does not fill while it is not used", () => {
    expect(forecastLimit([point(50, 0.5), point(0, 0.5)], 5 * HOUR, NOW)).toEqual({
      perHour: 0,
      fullAt: null,
    });
  });

  it("has the average since its beginning for a pace until two reports give one", () => {
    expect(forecastLimit([point(0, 0.75)], 5 * HOUR, NOW)).toEqual({
      perHour: expect.closeTo(0.25, 9) as number,
      fullAt: NOW + HOUR,
    });
    expect(forecastLimit([point(0, 0.75)], null, NOW)).toEqual({ perHour: null, fullAt: null });
  });

  it("does not take the fall at a reset for a pace", () => {
    const { perHour } = forecastLimit(
      [point(40, 0.9, NOW - 30 * MINUTE), point(20, 0.1), point(0, 0.2)],
      5 * HOUR,
      NOW,
    );
    expect(perHour).toBeCloseTo(0.3, 9);
  });

  it("is full already, over, or unknown", () => {
    expect(forecastLimit([point(10, 1), point(0, 1.04)], 5 * HOUR, NOW).fullAt).toBe(NOW);
    expect(forecastLimit([point(0, 0.9, NOW - 1)], 5 * HOUR, NOW)).toEqual({ perHour: null, fullAt: null });
    expect(forecastLimit([], 5 * HOUR, NOW)).toEqual({ perHour: null, fullAt: null });
    expect(forecastLimit([point(0, null)], 5 * HOUR, NOW)).toEqual({ perHour: null, fullAt: null });
  });
});

describe("our own five hours", () => {
  const minute = NOW / MINUTE;
  const ask = (minutes: [number, number][], limit: number) =>
    forecastRolling(new Map(minutes.map(([ago, tokens]) => [minute - ago, tokens])), {
      limit,
      length: 5 * HOUR,
      now: NOW,
    });

  it("fill at the pace of the last hour", () => {
    const busy = Array.from({ length: 60 }, (_, ago): [number, number] => [ago, 10]);
    expect(ask(busy, 600)).toBe(NOW);
    expect(ask(busy, 900)).toBe(NOW + 30 * MINUTE);
  });

  it("empty while what was used long ago leaves them", () => {
    const constant = Array.from({ length: 300 }, (_, ago): [number, number] => [ago, 10]);
    expect(ask(constant, 3_001)).toBeNull();
    expect(
      ask(
        [
          [299, 900],
          [0, 60],
        ],
        1_000,
      ),
    ).toBeNull();
  });

  it("do not fill when nothing comes", () => {
    expect(ask([[100, 999]], 1_000)).toBeNull();
    expect(ask([], 1)).toBeNull();
  });
});
