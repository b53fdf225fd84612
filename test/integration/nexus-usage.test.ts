import { describe, expect, it } from "vitest";
import type { DailyUsage } from "../../workers/schemas/api/compat.ts";
import type { WindowList, WindowView } from "../../workers/schemas/api/windows.ts";
import { startScriptedApi } from "../support/nexus-command.ts";

const TIME = "2099-11-22T12:00:00.000Z";
const unified = {
  window: "5h",
  utilization: 0.7612,
  status: "allowed_warning",
  resetsAt: TIME,
  surpassedThreshold: 0.75,
  isBinding: true,
  hasEnded: false,
  perHour: 0.1,
  fullAt: null,
  reportedAt: TIME,
  fields: {},
  history: [],
};
const window = (accountId: string, more: Partial<WindowView> = {}): WindowView => ({
  accountId,
  windowStart: TIME,
  windowEnd: TIME,
  totals: {
    requests: 12,
    inputTokens: 1_000,
    outputTokens: 234_567,
    totalTokens: 235_567,
    cacheReadInputTokens: 9_000_000,
    cacheCreationInputTokens: 1,
    costUsd: "1.234",
    unpricedCount: 1,
  },
  tokenLimit: null,
  remaining: null,
  percentageUsed: null,
  fullAt: null,
  thresholds: [0.75, 0.9],
  status: null,
  bindingWindow: "5h",
  reportedAt: TIME,
  unified: [unified, { ...unified, window: "7d", utilization: 1.04, isBinding: false, resetsAt: null }],
  classic: [],
  overall: {},
  alerts: [],
  ...more,
});
const day = (date: string, accountId: string): DailyUsage["usage"][number] => ({
  date,
  accountId,
  domain: "team.example",
  model: "claude-opus-5-5",
  totalInputTokens: 1,
  totalOutputTokens: 2,
  totalTokens: 3,
  totalRequests: 4,
  cacheCreationInputTokens: 0,
  cacheReadInputTokens: 5,
  costUsd: "0.0012",
  unpricedCount: 0,
});

const apiWith = (windows: WindowList["windows"]) =>
  startScriptedApi((line) => {
    const account = /accountId=(\w+)/.exec(line)?.[1];
    return {
      body: account ? { usage: [day("2026-11-22", account), day("2026-11-20", account)] } : { windows },
    };
  });

describe("nexus usage", () => {
  it("shows usage and limits of each account", async () => {
    const api = await apiWith([
      window("acc_1"),
      window("acc_2", {
        tokenLimit: 500_000,
        percentageUsed: 46.9,
        unified: [{ ...unified, hasEnded: true }],
      }),
    ]);
    const ran = await api.run(["usage"]);
    expect(ran).toMatchObject({ code: 0, stderr: "" });
    expect(api.calls.map(({ line }) => line)).toEqual(["GET /api/windows?limit=200"]);
    expect(ran.stdout).toMatch(
      /^acc_1 +12 +235,567 +9,000,000 +\$1\.23\+ +- +5h\* 76\.1 %, reset .+, 7d 104 %$/m,
    );
    expect(ran.stdout).toMatch(/^acc_2 .+ 46\.9 % of 500,000 +-$/m);
  });

  it("shows days, newest first, of all accounts or one", async () => {
    const api = await apiWith([window("acc_1"), window("acc_2")]);
    const ran = await api.run(["usage", "--daily", "--days", "3"]);
    expect(ran.stdout.match(/^2026-\S+ +\S+/gm)).toEqual([
      "2026-11-22  acc_1",
      "2026-11-22  acc_2",
      "2026-11-20  acc_1",
      "2026-11-20  acc_2",
    ]);
    expect(api.calls.at(-1)?.line).toMatch(/^GET \/api\/token-usage\/daily\?accountId=acc_\d&days=3$/);
    const one = await api.run(["usage", "--daily", "--account", "acc_2", "--json"]);
    expect((JSON.parse(one.stdout) as DailyUsage).usage.map(({ accountId }) => accountId)).toEqual([
      "acc_2",
      "acc_2",
    ]);
  });

  it("says when there is no usage", async () => {
    const api = await apiWith([]);
    expect((await api.run(["usage"])).stdout).toBe("No account was used in the last eight days.\n");
    expect((await api.run(["usage", "--daily"])).stdout).toBe("No usage in these days.\n");
  });

  it("repeats until the API fails", async () => {
    const api = await startScriptedApi(() =>
      api.calls.length < 3 ? { body: { windows: [window("acc_1")] } } : { status: 503, body: "gone" },
    );
    const ran = await api.run(["usage", "--watch", "--interval", "1"]);
    expect(ran.code).toBe(1);
    expect(ran.stdout.match(/^acc_1/gm)).toHaveLength(2);
  });
});
