import { describe, expect, it } from "vitest";
import type { WindowView } from "../../../workers/schemas/api/windows.ts";
import { peakUtilization, windowName, windowRows } from "./windows.ts";

const NOW = Date.parse("2026-11-23T12:00:00Z");
const at = (minutes: number) => new Date(NOW + minutes * 60_000).toISOString();

type Unified = WindowView["unified"][number];
function account(unified: Partial<Unified>[], rest: Partial<WindowView> = {}): WindowView {
  return {
    accountId: "acc",
    windowStart: at(-300),
    windowEnd: at(0),
    totals: {
      requests: 0,
      inputTokens: 0,
      outputTokens: 0,
      totalTokens: 0,
      cacheReadInputTokens: 0,
      cacheCreationInputTokens: 0,
      costUsd: "0",
      unpricedCount: 0,
    },
    tokenLimit: null,
    remaining: null,
    percentageUsed: null,
    fullAt: null,
    thresholds: [],
    status: null,
    bindingWindow: null,
    reportedAt: null,
    unified: unified.map((one) => ({
      window: "5h",
      utilization: 0.5,
      status: "allowed",
      resetsAt: at(120),
      surpassedThreshold: null,
      isBinding: false,
      hasEnded: false,
      perHour: 0.1,
      fullAt: null,
      reportedAt: at(-1),
      fields: {},
      history: [],
      ...one,
    })),
    classic: [],
    overall: {},
    alerts: [],
    ...rest,
  };
}
const rowOf = (one: Partial<Unified>) => windowRows(account([one]), NOW)[0]!;

describe("an account's windows", () => {
  it("show utilization, reset time and forecast", () => {
    expect(rowOf({})).toEqual({
      name: "5 h",
      used: 0.5,
      atReset: 0.7,
      tone: "good",
      reset: "resets in 2 h",
      forecast: "At this pace, 70% when it resets.",
      isBinding: false,
      reportedAt: at(-1),
      isStale: false,
      state: null,
    });
  });

  it("have an age each, and are stale after ten minutes, whatever else was reported since", () => {
    const reports = [{ reportedAt: at(-55) }, { window: "7d", reportedAt: at(-10) }];
    const rows = windowRows(account(reports, { reportedAt: at(-1), percentageUsed: 5 }), NOW);
    expect(rows.map(({ name, reportedAt, isStale }) => [name, reportedAt, isStale])).toEqual([
      ["5 h", at(-55), true],
      ["7 d", at(-10), false],
      ["Custom limit", null, false],
    ]);
  });

  it("do not warn about extra usage that is off", () => {
    const overage = {
      window: "overage",
      utilization: null,
      status: "rejected",
      resetsAt: null,
      perHour: null,
    };
    expect(rowOf({ ...overage, fields: { "disabled-reason": "org_level_disabled" } })).toMatchObject({
      used: null,
      tone: "good",
      state: "Off (org level disabled)",
    });
    expect(rowOf({ ...overage, status: "allowed" }).state).toBe("Allowed");
    expect(rowOf({ ...overage, status: null }).state).toBe("Not reported");
    expect(rowOf({ ...overage, utilization: 0.2 })).toMatchObject({ used: 0.2, tone: "good", state: null });
  });

  it("warn before they are full and forecast the time", () => {
    expect(rowOf({ fullAt: at(14) })).toMatchObject({
      tone: "warning",
      forecast: "At this pace, full in 14 m.",
    });
    expect(rowOf({ status: "allowed_warning" }).tone).toBe("warning");
    expect(rowOf({ utilization: 0.95 }).tone).toBe("warning");
  });

  it("are an error when rejected or above 100%", () => {
    expect(rowOf({ status: "rejected", utilization: 0.4 }).tone).toBe("error");
    expect(rowOf({ utilization: 1.2 })).toMatchObject({ tone: "error", used: 1.2 });
    expect(rowOf({ utilization: 1.2 }).forecast).toBe("Limit reached.");
  });

  it("are empty after their reset, whatever was reported before", () => {
    expect(
      rowOf({ hasEnded: true, utilization: 1.1, status: "rejected", resetsAt: at(-5), fullAt: at(3) }),
    ).toMatchObject({ used: 0, tone: "good", reset: "reset 5 m ago", atReset: null, forecast: "" });
  });

  it("leave unreported values empty", () => {
    expect(rowOf({ utilization: null, resetsAt: null, perHour: null })).toMatchObject({
      used: null,
      atReset: null,
      tone: "good",
      reset: "",
      forecast: "",
    });
    expect(windowRows(account([]), NOW)).toEqual([]);
  });

  it("list the custom limit apart from the vendor windows", () => {
    const rows = windowRows(account([{}], { percentageUsed: 130, tokenLimit: 100 }), NOW);
    expect(rows.map((row) => row.name)).toEqual(["5 h", "Custom limit"]);
    expect(rows[1]).toMatchObject({ used: 1.3, tone: "error" });
  });

  it.each([
    ["5h", "5 h"],
    ["7d", "7 d"],
    ["7d_opus_x", "7 d opus x"],
    ["overage", "Extra usage"],
    ["<b>_x", "<b> x"],
  ])("name the window %s as %s", (name, words) => {
    expect(windowName(name)).toBe(words);
  });

  it("are ranked by their highest utilization", () => {
    expect(
      peakUtilization(
        account([{ utilization: 0.2 }, { utilization: 0.8 }, { utilization: 2, hasEnded: true }]),
      ),
    ).toBe(0.8);
    expect(peakUtilization(account([], { percentageUsed: 130 }))).toBe(1.3);
    expect(peakUtilization(account([]))).toBe(0);
  });
});
