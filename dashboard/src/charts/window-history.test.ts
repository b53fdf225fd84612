import { describe, expect, it } from "vitest";
import { windowHistory } from "./window-history.ts";

const at = (time: string) => Date.parse(`2026-11-23T${time}:00Z`);
const report = (time: string, utilization: number | null, reset: string | null) => ({
  time: new Date(at(time)).toISOString(),
  utilization,
  status: null,
  remaining: null,
  resetsAt: reset === null ? null : new Date(at(reset)).toISOString(),
});
const lineOf = (...history: ReturnType<typeof report>[]) =>
  windowHistory(history).map((point) => [new Date(point.at).toISOString().slice(11, 16), point.value]);

describe("the line of a window", () => {
  it("joins reports of one window, and leaves out those without a value", () => {
    const history = [
      report("10:00", 0.1, "12:00"),
      report("10:20", null, "12:00"),
      report("10:30", 0.2, "12:00"),
    ];
    expect(lineOf(...history)).toEqual([
      ["10:00", 0.1],
      ["10:30", 0.2],
    ]);
  });

  it("drops at the reset, not from one report to the next", () => {
    expect(lineOf(report("06:50", 0.6, "07:00"), report("07:20", 0.05, "12:00"))).toEqual([
      ["06:50", 0.6],
      ["07:00", 0.6],
      ["07:00", 0],
      ["07:20", 0.05],
    ]);
  });

  it("breaks where nothing was reported for more than 30 minutes", () => {
    expect(lineOf(report("10:00", 0.1, "12:00"), report("10:31", 0.2, "12:00"))).toEqual([
      ["10:00", 0.1],
      ["10:00", null],
      ["10:31", 0.2],
    ]);
    // A reset long after one report and long before the next.
    expect(lineOf(report("05:08", 0.022, "07:00"), report("09:51", 0.002, "12:00"))).toEqual([
      ["05:08", 0.022],
      ["05:08", null],
      ["09:51", 0.002],
    ]);
  });

  it("breaks where the vendor moved the reset, and knows no reset where none is named", () => {
    expect(lineOf(report("10:00", 0.5, "12:00"), report("10:10", 0.1, "15:00"))[1]).toEqual(["10:00", null]);
    expect(lineOf(report("10:00", 0.5, null), report("10:10", 0.6, null))).toHaveLength(2);
  });
});
