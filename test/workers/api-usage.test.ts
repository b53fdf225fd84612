/** All usage endpoints return the totals of the rows: by rollups, window object, day, hour, and over time. */
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import type {
  AccountsUsage,
  CurrentUsage,
  DailyUsage,
  DashboardStats,
  HourlyRequests,
  HourlyTokens,
  SlidingWindow,
  Stats,
  TimeSeries,
} from "../../workers/schemas/api/compat.ts";
import type { WindowDetail, WindowList } from "../../workers/schemas/api/windows.ts";
import { usageWeek } from "../support/usage-week.ts";
import { queryRows } from "../support/worker-database.ts";
import { ask, call, DATABASE_DOWN, refused, store, VIEWER_KEY } from "../support/worker-api.ts";
import { resetStorage } from "../support/worker-ingest.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const ACCOUNT = "acc_0";

const FIELDS = [
  "requests",
  "inputTokens",
  "outputTokens",
  "cacheReadInputTokens",
  "cacheCreationInputTokens",
] as const;
type Totals = Record<(typeof FIELDS)[number], number>;

let started: number;

/** Totals of the rows. Compared with the API while nothing is recorded. */
async function rows(where: string, parameters: unknown[] = []): Promise<Totals> {
  const [row] = await queryRows<Totals>(
    `SELECT count(*)::int AS requests, coalesce(sum(input_tokens), 0)::int AS "inputTokens",
       coalesce(sum(output_tokens), 0)::int AS "outputTokens",
       coalesce(sum(cache_read_input_tokens), 0)::int AS "cacheReadInputTokens",
       coalesce(sum(cache_creation_input_tokens), 0)::int AS "cacheCreationInputTokens"
     FROM requests JOIN (SELECT id AS d_id, name FROM domains) d ON d_id = domain_id WHERE ${where}`,
    parameters,
  );
  return row!;
}
const rowsInWindow = (
  accountId: string,
  { windowStart, windowEnd }: { windowStart: string; windowEnd: string },
  where = "",
) =>
  rows(`account_id = $1 AND started_at > $2 AND started_at <= $3${where}`, [
    accountId,
    windowStart,
    windowEnd,
  ]);
const since = (at: number) => new Date(at).toISOString();

function sum(points: readonly Totals[]): Totals {
  const total = (name: keyof Totals) => points.reduce((all, point) => all + point[name], 0);
  return Object.fromEntries(FIELDS.map((name) => [name, total(name)])) as Totals;
}
function ofTotals(list: readonly (CurrentUsage | DailyUsage["usage"][number])[]): Totals {
  return sum(
    list.map((row) => ({
      ...row,
      requests: row.totalRequests,
      inputTokens: row.totalInputTokens,
      outputTokens: row.totalOutputTokens,
    })),
  );
}

beforeAll(async () => {
  await resetStorage();
  started = Date.now();
  await store(...usageWeek(started, 240));
});

describe("a week of an account", () => {
  it("of a window is right to the millisecond, and filtered by domain and model", async () => {
    for (const minutes of [1, 7, 60, 300, 1_443]) {
      const current = await ask<CurrentUsage>(
        `/api/token-usage/current?accountId=${ACCOUNT}&window=${minutes}&domain=team-1.example&model=claude-model-2`,
      );
      expect(Date.parse(current.windowEnd) - Date.parse(current.windowStart)).toBe(minutes * 60_000);
      expect([current.domain, current.model]).toEqual(["team-1.example", "claude-model-2"]);
      expect(ofTotals([current]), String(minutes)).toEqual(
        await rowsInWindow(ACCOUNT, current, " AND d.name = 'team-1.example' AND model = 'claude-model-2'"),
      );
    }
  });

  it("corrects a window that missed exchanges when it is read", async () => {
    const stub = env.ACCOUNT_WINDOW.getByName(ACCOUNT);
    const before = await stub.totals(Date.now());
    const nothing = { accountId: ACCOUNT, from: started - 2 * HOUR, to: started - HOUR };
    await stub.reconcile({ ...nothing, upTo: await stub.sequence(), exchanges: [] });
    expect((await stub.totals(Date.now())).total.requests).toBeLessThan(before.total.requests);
    const seen = await ask<WindowDetail>(`/api/windows/${ACCOUNT}`);
    const stored = await rowsInWindow(ACCOUNT, seen);
    expect(sum([seen.totals])).toEqual(stored);
    for (const parts of [seen.sessions, seen.domains, seen.models]) expect(sum(parts)).toEqual(stored);
  });
});

it("the list of windows corrects every window, also one that counted nothing", async () => {
  const window = async () => (await ask<WindowList>("/api/windows")).windows;
  const right = await window();
  for (const { accountId } of right) {
    const stub = env.ACCOUNT_WINDOW.getByName(accountId);
    const nothing = { accountId, from: started - 5 * HOUR, to: started + 1 };
    await stub.reconcile({ ...nothing, upTo: await stub.sequence(), exchanges: [] });
    expect((await stub.totals(Date.now())).total.requests).toBe(0);
  }
  const seen = await window();
  for (const { accountId, totals, windowStart, windowEnd } of seen) {
    const wanted = await rowsInWindow(accountId, { windowStart, windowEnd });
    expect(sum([totals]), accountId).toEqual(wanted);
  }
  expect(seen.map(({ accountId }) => accountId)).toEqual(right.map(({ accountId }) => accountId));
});

describe("hours of domains", () => {
  it("match the rows, by domain", async () => {
    const tokens = await ask<HourlyTokens>("/api/usage/tokens/hourly?days=9");
    const requests = await ask<HourlyRequests>("/api/usage/requests/hourly?days=9");
    expect(Object.keys(tokens.data)).toEqual(["team-0.example", "team-1.example", "team-2.example"]);
    expect(tokens.query).toEqual({ domain: null, days: 9 });
    for (const [domain, hours] of Object.entries(tokens.data)) {
      const counts = requests.data[domain]!;
      expect(counts.map(({ hour }) => hour)).toEqual(hours.map(({ hour }) => hour));
      const all = await rows("d.name = $1", [domain]);
      expect(sum(hours.map((hour, n) => ({ ...hour, requests: counts[n]!.count })))).toEqual(all);
      expect(hours.reduce((total, { count }) => total + count, 0)).toBe(all.inputTokens + all.outputTokens);
      expect(hours.every(({ hour }) => Date.parse(hour) % HOUR === 0)).toBe(true);
    }
    const one = await ask<HourlyTokens>("/api/usage/tokens/hourly?days=9&domain=Team-1.example");
    expect(one.data).toEqual({ "team-1.example": tokens.data["team-1.example"] });
  });
});

describe("accounts of the last five hours", () => {
  it("have totals, domains and a time series", async () => {
    const { accounts, windowStart, windowEnd, tokenLimit } =
      await ask<AccountsUsage>("/api/token-usage/accounts");
    expect(tokenLimit).toBeNull();
    expect(accounts.map(({ accountId }) => accountId).sort()).toEqual(["acc_0", "acc_1"]);
    for (const account of accounts) {
      const stored = await rowsInWindow(account.accountId, { windowStart, windowEnd });
      expect(sum([{ ...account, requests: account.requestCount }])).toEqual(stored);
      expect(sum(account.domains)).toEqual(stored);
      expect(account.miniSeries.reduce((all, { outputTokens }) => all + outputTokens, 0)).toBe(
        stored.outputTokens,
      );
      expect(account).toMatchObject({ remainingTokens: null, percentageUsed: null });
      expect(account.miniSeries[0]!.remaining).toBeNull();
      const [last] = await queryRows<{ at: string }>(
        "SELECT max(started_at) AS at FROM requests WHERE account_id = $1",
        [account.accountId],
      );
      expect(account.lastRequestTime).toBe(new Date(last!.at).toISOString());
    }
  });
});

describe("a sliding window", () => {
  it.each([
    [10, 5],
    [7, 5],
    [60, 24],
  ])(
    "every %i minutes totals %i hours and marks rate-limited requests",
    async (bucketMinutes, windowHours) => {
      const { data, params } = await ask<SlidingWindow>(
        `/api/analytics/token-usage/sliding-window?accountId=${ACCOUNT}&days=2&bucketMinutes=${bucketMinutes}&windowHours=${windowHours}`,
      );
      expect(params).toEqual({ days: 2, bucketMinutes, windowHours });
      expect(data.length).toBeGreaterThanOrEqual((2 * 1_440) / bucketMinutes);
      for (const point of [data[0]!, data[Math.floor(data.length / 2)]!, data.at(-1)!]) {
        const to = Date.parse(point.time_bucket) + bucketMinutes * 60_000;
        const where = "account_id = $1 AND started_at >= $2 AND started_at < $3";
        const parameters = [ACCOUNT, since(to - windowHours * HOUR), since(to)];
        const stored = await rows(where, parameters);
        expect(point.sliding_window_tokens).toBe(stored.outputTokens);
        expect(point.sliding_window_input_tokens).toBe(stored.inputTokens);
        const refusals = await rows(`${where} AND status = 429`, parameters);
        expect(point.rate_limit_warning_in_window).toBe(refusals.requests > 0);
      }
    },
  );
});

describe("counts of all time", () => {
  it("agree between stats and dashboard", async () => {
    const all = await rows("true");
    const stats = await ask<Stats>(`/api/stats?since=${since(started - 10 * DAY)}`);
    const dashboard = await ask<DashboardStats>("/api/dashboard/stats");
    const totals = { totalRequests: all.requests, totalTokens: all.inputTokens + all.outputTokens };
    expect(dashboard).toMatchObject(totals);
    expect(stats).toMatchObject({ ...totals, costUsd: dashboard.costUsd });
    expect(dashboard).toMatchObject({
      activeUsers: 2,
      modelsUsedCount: 3,
      totalCacheReadTokens: all.cacheReadInputTokens,
      last24Hours: { activeUsers: 2 },
    });
    expect(dashboard.hourlyActivity).toHaveLength(24);
    const hours = dashboard.hourlyActivity.reduce((total, { requestCount }) => total + requestCount, 0);
    expect(hours).toBe(dashboard.last24Hours.requests);
    const one = await ask<DashboardStats>("/api/dashboard/stats?domain=team-1.example&accountId=acc_1");
    const part = await rows("d.name = 'team-1.example' AND account_id = 'acc_1'");
    expect([one.totalRequests, one.activeUsers]).toEqual([part.requests, 1]);
  });

  it("are zero, not null, without requests", async () => {
    const unknown = await ask<DashboardStats>("/api/dashboard/stats?accountId=unknown");
    expect(unknown).toMatchObject({ totalTokens: 0, totalBranches: 0, costUsd: "0", modelsUsed: [] });
    const current = await ask<CurrentUsage>("/api/token-usage/current?accountId=unknown");
    expect(current).toMatchObject({
      totalTokens: 0,
      domain: "all",
      model: "all",
      costUsd: "0",
      tokenLimit: null,
    });
    expect((await ask<DailyUsage>("/api/token-usage/daily?accountId=unknown")).usage).toEqual([]);
    const series = await ask<TimeSeries>("/api/token-usage/time-series?accountId=unknown");
    expect(series.timeSeries.length).toBeGreaterThanOrEqual(60);
    expect((await ask<HourlyTokens>("/api/usage/tokens/hourly?domain=unknown.example")).data).toEqual({});
  });
});

describe("windows and their limits", () => {
  it("show the reported limits, the configured limit, and what remains of it", async () => {
    const stub = env.ACCOUNT_WINDOW.getByName(ACCOUNT);
    const reset = Math.floor(Date.now() / 1000) + 7_200;
    await stub.report({
      accountId: ACCOUNT,
      at: Date.now(),
      headers: {
        "anthropic-ratelimit-unified-status": "allowed_warning",
        "anthropic-ratelimit-unified-representative-claim": "five_hour",
        "anthropic-ratelimit-unified-5h-utilization": "1.04",
        "anthropic-ratelimit-unified-5h-reset": String(reset),
        "anthropic-ratelimit-unified-5h-surpassed-threshold": "0.9",
        "anthropic-ratelimit-requests-limit": "50",
        "anthropic-ratelimit-requests-remaining": "49",
      },
    });
    const set = { tokenLimit: 1_000_000, thresholds: [0.9, 0.5] };
    expect(await ask(`/api/windows/${ACCOUNT}`, { method: "PUT", body: set })).toEqual({
      accountId: ACCOUNT,
      tokenLimit: 1_000_000,
      thresholds: [0.5, 0.9],
    });
    const { windows } = await ask<WindowList>("/api/windows");
    expect(windows.map(({ accountId }) => accountId).sort()).toEqual(["acc_0", "acc_1"]);
    const window = windows.find(({ accountId }) => accountId === ACCOUNT)!;
    const used = window.totals.outputTokens;
    expect(window).toMatchObject({
      tokenLimit: 1_000_000,
      remaining: 1_000_000 - used,
      percentageUsed: used / 10_000,
      thresholds: [0.5, 0.9],
      status: "allowed_warning",
      bindingWindow: "5h",
      unified: [
        {
          window: "5h",
          utilization: 1.04,
          isBinding: true,
          surpassedThreshold: 0.9,
          resetsAt: new Date(reset * 1000).toISOString(),
          history: [],
        },
      ],
      classic: [{ kind: "requests", limit: 50, remaining: 49 }],
    });
    const detail = await ask<WindowDetail>(`/api/windows/${ACCOUNT}`);
    expect(detail.unified[0]?.history).toMatchObject([{ utilization: 1.04 }]);
    const current = await ask<CurrentUsage>(`/api/token-usage/current?accountId=${ACCOUNT}`);
    const remaining = 1_000_000 - current.totalOutputTokens;
    expect(current).toMatchObject({ tokenLimit: 1_000_000, remaining });
    const cleared = { tokenLimit: null, thresholds: null };
    expect(await ask(`/api/windows/${ACCOUNT}`, { method: "PUT", body: cleared })).toMatchObject({
      tokenLimit: null,
      thresholds: [0.75, 0.9],
    });
  });

  it("exist for known accounts only, and are readable while the database is unavailable", async () => {
    expect((await refused("/api/windows/unknown")).code).toBe("not_found");
    expect((await call(`/api/windows/${ACCOUNT}`, { bindings: DATABASE_DOWN })).status).toBe(200);
    const { code } = await refused("/api/token-usage/accounts", { bindings: DATABASE_DOWN });
    expect(code).toBe("unavailable");
  });

  it("are set by administrators only, within bounds", async () => {
    const put = (body: unknown, key?: string) =>
      refused(`/api/windows/${ACCOUNT}`, { method: "PUT", body, ...(key ? { key } : {}) });
    expect((await put({ tokenLimit: 5 }, VIEWER_KEY)).code).toBe("forbidden");
    for (const body of [
      { tokenLimit: 0 },
      { tokenLimit: 1.5 },
      { thresholds: [0] },
      { thresholds: "0.5" },
      { thresholds: Array(11).fill(0.5) },
      { more: 1 },
    ])
      expect((await put(body)).code, JSON.stringify(body)).toBe("invalid_request");
  });
});
