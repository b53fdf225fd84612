import { describe, expect, it } from "vitest";
import { crossedThreshold, type ThresholdMemory } from "./thresholds.ts";

const NOW = Date.UTC(2026, 10, 22, 12);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const THRESHOLDS = [0.75, 0.9];

/** What is told of a course of reports: [minutes after noon, utilization, reset in hours after noon]. */
function told(
  course: [number, number, number | null][],
  thresholds: readonly number[] = THRESHOLDS,
): unknown[] {
  let memory: ThresholdMemory | null = null;
  return course.flatMap(([minutes, utilization, reset]) => {
    const filling = {
      utilization,
      at: NOW + minutes * MINUTE,
      resetAt: reset === null ? null : NOW + reset * HOUR,
    };
    const verdict = crossedThreshold(filling, thresholds, memory);
    memory = verdict.memory;
    return verdict.alert === null ? [] : [[minutes, verdict.alert]];
  });
}

describe("thresholds", () => {
  it("are told once each as the window fills", () => {
    expect(
      told([
        [0, 0.5, 3],
        [1, 0.75, 3],
        [2, 0.8, 3],
        [3, 0.91, 3],
        [4, 1.04, 3],
      ]),
    ).toEqual([
      [1, 0.75],
      [3, 0.9],
    ]);
  });

  it("passed at once are one piece of news", () => {
    expect(
      told([
        [0, 0.95, 3],
        [1, 0.96, 3],
      ]),
    ).toEqual([[0, 0.9]]);
  });

  it("are not told again when figures or resets waver, or when reports come late", () => {
    expect(
      told([
        [0, 0.8, 3],
        [1, 0.7, 3.001],
        [2, 0.8, 2.999],
        [3, 0.76, 3.01],
        [4, 0.95, 1],
      ]),
    ).toEqual([[0, 0.75]]);
  });

  it("are told of the next window, also when the reset came early", () => {
    expect(
      told([
        [0, 0.8, 1],
        [61, 0.8, 6],
      ]),
    ).toEqual([
      [0, 0.75],
      [61, 0.75],
    ]);
    expect(
      told([
        [0, 0.8, 4],
        [10, 0, 5.5],
        [20, 0.8, 5.5],
      ]),
    ).toEqual([
      [0, 0.75],
      [20, 0.75],
    ]);
    expect(
      told([
        [0, 0.8, 4],
        [10, 0.8, 5.5],
      ]),
    ).toEqual([[0, 0.75]]);
  });

  it("of a window without reset are told again once it has emptied, hours later", () => {
    expect(
      told([
        [0, 0.8, null],
        [10, 0.1, null],
        [20, 0.8, null],
        [400, 0.1, null],
        [410, 0.8, null],
      ]),
    ).toEqual([
      [0, 0.75],
      [410, 0.75],
    ]);
  });

  it("that are none are never told", () => {
    expect(told([[0, 2, 3]], [])).toEqual([]);
  });
});
