import { describe, expect, it } from "vitest";
import { bindingWindow, readLimits, windowLength } from "./rate-limit-headers.ts";

const unified = (headers: Record<string, string>) =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [`anthropic-ratelimit-unified-${name}`, value]),
  );

describe("the vendor's windows", () => {
  it("are read from a refusal as it was seen", () => {
    const { readings, overall } = readLimits({
      "retry-after": "51811",
      "x-should-retry": "true",
      ...unified({
        status: "rejected",
        reset: "1785700000",
        "representative-claim": "seven_day_overage_included",
        "fallback-percentage": "0.5",
        "5h-status": "allowed",
        "5h-utilization": "0.0",
        "5h-reset": "1785650000",
        "7d-status": "allowed_warning",
        "7d-utilization": "0.94",
        "7d-surpassed-threshold": "0.75",
        "7d_oi-status": "rejected",
        "7d_oi-utilization": "1.0",
        "overage-status": "rejected",
        "overage-disabled-reason": "org_level_disabled",
      }),
    });
    expect(
      readings.map(({ name, utilization, status, resetAt }) => [name, utilization, status, resetAt]),
    ).toEqual([
      ["5h", 0, "allowed", 1_785_650_000_000],
      ["7d", 0.94, "allowed_warning", null],
      ["7d_oi", 1, "rejected", null],
      ["overage", null, "rejected", null],
    ]);
    expect(readings[1]?.fields).toEqual({
      status: "allowed_warning",
      utilization: "0.94",
      "surpassed-threshold": "0.75",
    });
    expect(overall).toEqual({
      status: "rejected",
      reset: "1785700000",
      "representative-claim": "seven_day_overage_included",
      "fallback-percentage": "0.5",
    });
    expect(bindingWindow(overall)).toBe("7d_oi");
  });

  it("may be fuller than full, and have any name", () => {
    const { readings } = readLimits(
      unified({
        "30d_mythos-utilization": "1.04",
        "7d_sonnet-reset": "1785700000",
        "30d_mythos-mood": "fine",
      }),
    );
    expect(readings).toMatchObject([
      { name: "30d_mythos", style: "unified", utilization: 1.04, fields: { mood: "fine" } },
      { name: "7d_sonnet", utilization: null, resetAt: 1_785_700_000_000 },
    ]);
  });

  it.each(["", "full", "NaN", "Infinity", "-0.1", "0x1"])("do not take %j for a share", (utilization) => {
    expect(readLimits(unified({ "5h-utilization": utilization })).readings[0]?.utilization).toBeNull();
  });

  it("bind by the name in the claim, known or not", () => {
    expect(bindingWindow({ "representative-claim": "five_hour" })).toBe("5h");
    expect(bindingWindow({ "representative-claim": "one_moon" })).toBe("one_moon");
    expect(bindingWindow({ "representative-claim": "constructor" })).toBe("constructor");
    expect(bindingWindow({})).toBeNull();
  });

  it.each([
    ["5h", 18_000_000],
    ["7d_oi", 604_800_000],
    ["30d-x", 2_592_000_000],
    ["overage", null],
    ["5hours", null],
  ])("have a length where their name tells it: %s", (name, length) => {
    expect(windowLength(name)).toBe(length);
  });
});

it("classic limits are read whatever their kind", () => {
  const { readings, overall } = readLimits({
    "anthropic-ratelimit-requests-limit": "4000",
    "anthropic-ratelimit-requests-remaining": "3000",
    "anthropic-ratelimit-requests-reset": "2026-11-22T12:00:05Z",
    "anthropic-priority-input-tokens-limit": "0",
    "anthropic-priority-input-tokens-remaining": "0",
    "anthropic-fast-output-tokens-remaining": "12",
    "anthropic-organization-id": "org",
    "content-type": "application/json",
  });
  expect(readings).toMatchObject([
    {
      name: "requests",
      style: "classic",
      limit: 4000,
      remaining: 3000,
      utilization: 0.25,
      resetAt: Date.UTC(2026, 10, 22, 12, 0, 5),
    },
    { name: "priority-input-tokens", limit: 0, remaining: 0, utilization: null },
    { name: "fast-output-tokens", limit: null, remaining: 12, utilization: null },
  ]);
  expect(overall).toEqual({});
});

it("classic limits that were not sent are none", () => {
  expect(readLimits({})).toEqual({ readings: [], overall: {} });
});
