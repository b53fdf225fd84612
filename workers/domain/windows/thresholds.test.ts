import { describe, expect, it } from "vitest";
import { crossedThreshold, type ThresholdMemory } from "./thresholds.ts";

const NOW = Date.UTC(2026, 10, 22, 12);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const THRESHOLDS = [0.75, 0.9];

interface Report {
  minutes: number;
  utilization: number;
  resetAt: number | null;
}
/** A report so many minutes after noon; the reset in hours after noon. */
const report = (minutes: number, utilization: number, reset: number | null): Report => ({
  minutes,
  utilization,
  resetAt: reset === null ? null : NOW + reset * HOUR,
});

/** The alerts of a course of reports, by the minute of the report. */
function alertsOf(course: Report[], thresholds: readonly number[] = THRESHOLDS): Record<number, number> {
  let memory: ThresholdMemory | null = null;
  const alerts: Record<number, number> = {};
  for (const { minutes, ...reading } of course) {
    const verdict = crossedThreshold({ ...reading, at: NOW + minutes * MINUTE }, thresholds, memory);
    memory = verdict.memory;
    if (verdict.alert !== null) alerts[minutes] = verdict.alert;
  }
  return alerts;
}

describe("thresholds", () => {
  it("alert once each as the window fills", () => {
    expect(
      alertsOf([
        report(0, 0.5, 3),
        report(1, 0.75, 3),
        report(2, 0.8, 3),
        report(3, 0.91, 3),
        report(4, 1.04, 3),
      ]),
    ).toEqual({ 1: 0.75, 3: 0.9 });
  });

  it("passed at once are one alert", () => {
    expect(alertsOf([report(0, 0.95, 3), report(1, 0.96, 3)])).toEqual({ 0: 0.9 });
  });

  it("do not alert again when utilization or reset waver, or when reports come late", () => {
    expect(
      alertsOf([
        report(0, 0.8, 3),
        report(1, 0.7, 3.001),
        report(2, 0.8, 2.999),
        report(3, 0.76, 3.01),
        report(4, 0.95, 1),
      ]),
    ).toEqual({ 0: 0.75 });
  });

  it("alert again in the next window, also when the reset came early", () => {
    expect(alertsOf([report(0, 0.8, 1), report(61, 0.8, 6)])).toEqual({ 0: 0.75, 61: 0.75 });
    expect(alertsOf([report(0, 0.8, 4), report(10, 0, 5.5), report(20, 0.8, 5.5)])).toEqual({
      0: 0.75,
      20: 0.75,
    });
    expect(alertsOf([report(0, 0.8, 4), report(10, 0.8, 5.5)])).toEqual({ 0: 0.75 });
  });

  it("of a window without reset alert again once it has emptied, hours later", () => {
    expect(
      alertsOf([
        report(0, 0.8, null),
        report(10, 0.1, null),
        report(20, 0.8, null),
        report(400, 0.1, null),
        report(410, 0.8, null),
      ]),
    ).toEqual({ 0: 0.75, 410: 0.75 });
  });

  it("that are none never alert", () => {
    expect(alertsOf([report(0, 2, 3)], [])).toEqual({});
  });
});
