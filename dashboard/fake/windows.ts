/** Windows of two accounts: one quiet, one nearly full; and of hostile names. */
import type { WindowDetail, WindowView } from "../../workers/schemas/api/windows.ts";
import type { Scenario } from "./api.ts";
import { MALICIOUS_STRINGS } from "./hostile.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

function sums(requests: number, output: number, costUsd: string) {
  return {
    requests,
    inputTokens: output * 3,
    outputTokens: output,
    totalTokens: output * 4,
    cacheReadInputTokens: output * 90,
    cacheCreationInputTokens: output * 6,
    costUsd,
    unpricedCount: 0,
  };
}

type Unified = WindowView["unified"][number];

/** A window that filled evenly since it began. */
function unified(now: number, window: string, hours: number, passed: number, share: number): Unified {
  const resetsAt = new Date(now + (hours - passed) * HOUR).toISOString();
  const perHour = share / passed;
  const fullIn = (1 - share) / perHour;
  const history = Array.from({ length: 40 }, (_, index) => ({
    time: new Date(now - passed * HOUR * (1 - index / 39)).toISOString(),
    utilization: Math.round(share * (index / 39) ** 1.2 * 1000) / 1000,
    status: "allowed",
    remaining: null,
    resetsAt,
  }));
  return {
    window,
    utilization: share,
    status: share > 0.9 ? "allowed_warning" : "allowed",
    resetsAt,
    surpassedThreshold: share > 0.9 ? 0.9 : null,
    isBinding: share > 0.5,
    hasEnded: false,
    perHour,
    fullAt: fullIn < hours - passed ? new Date(now + fullIn * HOUR).toISOString() : null,
    reportedAt: new Date(now - 2 * MINUTE).toISOString(),
    fields: { [`anthropic-ratelimit-unified-${window}-utilization`]: String(share) },
    history,
  };
}

function view(now: number, accountId: string, list: Unified[]): WindowView {
  return {
    accountId,
    windowStart: new Date(now - 5 * HOUR).toISOString(),
    windowEnd: new Date(now).toISOString(),
    totals: sums(212, 184_220, "9.3120"),
    tokenLimit: null,
    remaining: null,
    percentageUsed: null,
    fullAt: null,
    thresholds: [0.75, 0.9],
    status: list.length > 0 ? "allowed" : null,
    bindingWindow: list[0]?.window ?? null,
    reportedAt: list.length > 0 ? new Date(now - 2 * MINUTE).toISOString() : null,
    unified: list,
    classic: [],
    overall: {},
    alerts: [],
  };
}

export function windowsOf(scenario: Scenario, now: number): WindowView[] {
  if (scenario === "empty") return [];
  if (scenario === "hostile") {
    return MALICIOUS_STRINGS.slice(0, 7).map((name, index) =>
      view(now, name, [unified(now, index === 0 ? name : "5h", 5, 3, 0.4 * index)]),
    );
  }
  return [
    view(now, "acc_research", [unified(now, "5h", 5, 2.8, 0.58), unified(now, "7d", 168, 100, 0.24)]),
    view(now, "acc_platform", [unified(now, "5h", 5, 4.1, 0.97), unified(now, "7d", 168, 60, 0.31)]),
    view(now, "acc_ci", []),
  ];
}

export function windowDetailOf(scenario: Scenario, now: number, accountId: string): WindowDetail | null {
  const found = windowsOf(scenario, now).find((one) => one.accountId === accountId);
  if (!found) return null;
  const share = (requests: number, output: number, costUsd: string, part: number) => ({
    ...sums(requests, output, costUsd),
    shareOfTokens: part,
    shareOfCost: part,
  });
  const name = (good: string, index: number) => (scenario === "hostile" ? MALICIOUS_STRINGS[index]! : good);
  return {
    ...found,
    domains: [
      { domain: name("team-a.claude.example.com", 0), ...share(180, 160_000, "8.1", 0.87) },
      { domain: name("ci.claude.example.com", 1), ...share(32, 24_220, "1.212", 0.13) },
    ],
    sessions: [
      { sessionId: name("019ab1c2-d3e4-7f00-8a1b-2c3d4e5f6071", 2), ...share(92, 91_000, "4.4", 0.49) },
      { sessionId: null, ...share(120, 93_220, "4.912", 0.51) },
    ],
    otherSessions: null,
    models: [
      { model: name("claude-opus-5-5", 3), ...share(150, 150_000, "8.9", 0.81) },
      { model: null, ...share(62, 34_220, "0.412", 0.19) },
    ],
  };
}
