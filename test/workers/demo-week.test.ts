/** Every endpoint returns the same totals for a week of a team, in whatever order and however often its exchanges arrived; windows and their limits. */
import { env } from "cloudflare:workers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ConversationList } from "../../workers/schemas/api/conversations.ts";
import type { DomainList } from "../../workers/schemas/api/domains.ts";
import type { RequestList } from "../../workers/schemas/api/requests.ts";
import type { Overview } from "../../workers/schemas/api/overview.ts";
import type {
  AccountsUsage,
  CurrentUsage,
  DailyUsage,
  DashboardStats,
  DomainTokens,
  HourlyRequests,
  HourlyTokens,
  SlidingWindow,
  Stats,
  TimeSeries,
} from "../../workers/schemas/api/compat.ts";
import type { WindowDetail, WindowList } from "../../workers/schemas/api/windows.ts";
import { byField, TOTAL_KINDS, type TokenTotals } from "../../workers/schemas/tokens.ts";
import { errorResponse } from "../support/exchanges.ts";
import { DAY_MS, endDemoWeek, storeDemoWeek, type WeekExchange } from "../support/worker-demo-week.ts";
import {
  allPages,
  apiJson,
  call,
  DATABASE_DOWN,
  apiError,
  store,
  VIEWER_KEY,
} from "../support/worker-api.ts";
import { queryRows } from "../support/worker-database.ts";
import {
  added,
  ofRollups,
  ofRows,
  pico,
  prefixed,
  ROWS,
  sliding,
  totalsOf,
} from "../support/worker-usage-totals.ts";

/** A Saturday afternoon, not on any edge. */
const NOW = Date.UTC(2026, 10, 21, 17, 3, 21, 456);
const BEGIN = Math.floor(NOW / DAY_MS) * DAY_MS - 6 * DAY_MS;
const HOUR_MS = 3_600_000;
const iso = (at: number) => new Date(at).toISOString();

let week: WeekExchange[];
let all: TokenTotals;
let accounts: string[];
let domains: string[];

beforeAll(async () => {
  week = await storeDemoWeek(NOW);
  all = await ofRows();
  const names = async (column: string) => {
    const rows = await queryRows<{ name: string }>(
      `SELECT DISTINCT ${column} AS name FROM ${ROWS} ORDER BY 1`,
    );
    return rows.map(({ name }) => name);
  };
  [accounts, domains] = [await names("account_id"), await names("d.name")];
});

afterAll(endDemoWeek);

describe("a week of the demo's team", () => {
  it("contains every case that can distort totals", async () => {
    expect(all.requests).toBe(week.length);
    expect(await queryRows("SHOW TimeZone")).toEqual([{ TimeZone: "Pacific/Kiritimati" }]);
    expect(week.length).toBeGreaterThan(300);
    expect(accounts).toEqual(["acc_checkout", "acc_platform", "acc_research"]);
    const outcomes = await queryRows<{ outcome: string; n: number }>(
      "SELECT outcome, count(*)::int AS n FROM requests GROUP BY 1 ORDER BY 1",
    );
    expect(outcomes.map(({ outcome }) => outcome)).toEqual([
      "client_gone",
      "complete",
      "unrecorded",
      "upstream_failed",
    ]);
    const { cacheReadInputTokens, cacheCreationInputTokens, unpricedCount, costPico } = all;
    for (const figure of [cacheReadInputTokens, cacheCreationInputTokens, unpricedCount, Number(costPico)])
      expect(figure).toBeGreaterThan(0);
    const days = new Set(week.map(({ made }) => iso(made.request.metadata.startedAt).slice(0, 10)));
    expect(days.size).toBe(7);
    const edges = week.filter(({ made }) => (made.request.metadata.startedAt + 1) % DAY_MS < 2);
    expect(edges.length).toBeGreaterThanOrEqual(10);
  });

  it("is the same in rows and rollups", async () => {
    expect(await ofRollups()).toEqual(all);
    const byDomain = await Promise.all(domains.map((domain) => ofRows("d.name = $1", [domain])));
    expect(added(byDomain)).toEqual(all);
  });

  it("is the same in the list of requests, row by row", async () => {
    const lists = await allPages<RequestList>("/api/requests?limit=200");
    const rows = lists.flatMap(({ requests }) => requests);
    const each = rows.map(({ costUsd, ...row }) => {
      const tokens = byField(TOTAL_KINDS, ({ field }) => row[field] ?? 0);
      return totalsOf({ ...tokens, costUsd, unpricedCount: costUsd === null ? 1 : 0 }, 1);
    });
    expect(added(each)).toEqual(all);
  });

  it("is the same in the statistics: since a time, over a period, of all time, by domain", async () => {
    const stats = await apiJson<Stats>(`/api/stats?since=${iso(BEGIN)}`);
    const tokensOfStats = {
      inputTokens: stats.totalInputTokens,
      outputTokens: stats.totalOutputTokens,
      cacheReadInputTokens: stats.totalCacheReadTokens,
      cacheCreationInputTokens: stats.totalCacheCreationTokens,
    };
    expect(totalsOf({ ...stats, ...tokensOfStats }, stats.totalRequests)).toEqual(all);
    for (const counts of [stats.requestsByModel, stats.requestsByType])
      expect(Object.values(counts).reduce((sum, n) => sum + n, 0)).toBe(all.requests);

    const overview = await apiJson<Overview>(`/api/overview?from=${iso(BEGIN)}&to=${iso(NOW + 1)}`);
    const { series, domains: perDomain, accounts: perAccount, models, requestTypes } = overview;
    for (const parts of [[overview.totals], series, perDomain, perAccount, models, requestTypes])
      expect(added(parts.map((part) => totalsOf(part, part.requests)))).toEqual(all);

    const tokens = await apiJson<Record<string, DomainTokens>>("/token-stats");
    expect(Object.keys(tokens)).toEqual(domains);
    expect(added(Object.values(tokens).map((one) => totalsOf(one, one.requestCount)))).toEqual(all);

    const dashboard = await apiJson<DashboardStats>("/api/dashboard/stats");
    expect(dashboard).toMatchObject({
      totalRequests: all.requests,
      totalTokens: all.inputTokens + all.outputTokens,
      totalCacheReadTokens: all.cacheReadInputTokens,
      totalCacheCreationTokens: all.cacheCreationInputTokens,
      unpricedCount: all.unpricedCount,
    });
    expect(pico(dashboard.costUsd)).toBe(all.costPico);

    const list = await apiJson<DomainList>("/api/domains");
    for (const { domain, requestCount } of list.domains)
      expect([domain, requestCount]).toEqual([domain, (await ofRows("d.name = $1", [domain])).requests]);
  });

  it("is the same by hour, and the last 24 hours exclude the day before", async () => {
    const tokens = await apiJson<HourlyTokens>("/api/usage/tokens/hourly?days=8");
    const requests = await apiJson<HourlyRequests>("/api/usage/requests/hourly?days=8");
    const hours = Object.entries(tokens.data).flatMap(([domain, list]) =>
      list.map((one, n) => totalsOf(one, requests.data[domain]![n]!.count)),
    );
    expect(added(hours)).toEqual(all);
    const dashboard = await apiJson<DashboardStats>("/api/dashboard/stats");
    const from = Math.floor(NOW / HOUR_MS) * HOUR_MS - 23 * HOUR_MS;
    const recent = await ofRows("started_at >= $1", [iso(from)]);
    const activity = dashboard.hourlyActivity;
    const hour = (one: (typeof activity)[number]) =>
      totalsOf({ ...one, inputTokens: one.tokenCount, outputTokens: 0 }, one.requestCount);
    const { inputTokens, outputTokens, ...rest } = recent;
    expect(added(activity.map(hour))).toEqual({
      ...rest,
      inputTokens: inputTokens + outputTokens,
      outputTokens: 0,
    });
    expect(dashboard.last24Hours.requests).toBe(recent.requests);
  });

  it("is the same in the list of conversations, for requests of conversations", async () => {
    const lists = await allPages<ConversationList>("/api/conversations?limit=100");
    const rows = lists.flatMap(({ conversations }) => conversations);
    expect(rows.length).toBeGreaterThan(10);
    expect(added(rows.map((row) => totalsOf(row, row.messageCount)))).toEqual(
      await ofRows("conversation_id IS NOT NULL"),
    );
  });
});

describe.each(["acc_checkout", "acc_platform", "acc_research"])("the week of %s", (accountId) => {
  /** Totals of the account's rows, of those in a part of time if given. */
  const own = (time = "", ...bounds: string[]) =>
    ofRows(`account_id = $1${time && ` AND ${time}`}`, [accountId, ...bounds]);

  it("is the same in rows, the window object, minutes, and over time", async () => {
    const wanted = await own();
    expect(wanted.requests).toBeGreaterThan(10);
    const sums = await env.ACCOUNT_WINDOW.getByName(accountId).totals(NOW, 7 * DAY_MS);
    for (const parts of [[sums.total], sums.domains, sums.models]) expect(added(parts)).toEqual(wanted);
    const current = await apiJson<CurrentUsage>(
      `/api/token-usage/current?accountId=${accountId}&window=10080`,
    );
    expect(prefixed(current)).toEqual(wanted);
    for (const interval of [5, 7, 60, 1_440]) {
      const { timeSeries } = await apiJson<TimeSeries>(
        `/api/token-usage/time-series?accountId=${accountId}&window=168&interval=${interval}`,
      );
      expect(timeSeries.at(-1)!.cumulativeUsage).toBe(wanted.outputTokens);
      expect(added(timeSeries.map((point) => totalsOf(point, point.requests))), String(interval)).toEqual(
        wanted,
      );
    }
  });

  it("is the same in the overview, in the counts of all time and in the list of requests", async () => {
    const wanted = await own();
    const to = new Date(NOW + 1).toISOString();
    const overview = await apiJson<Overview>(
      `/api/overview?accountId=${accountId}&from=${new Date(BEGIN).toISOString()}&to=${to}`,
    );
    expect(overview.accounts.map((one) => one.accountId)).toEqual([accountId]);
    for (const parts of [[overview.totals], overview.series, overview.domains, overview.models])
      expect(added(parts.map((part) => totalsOf(part, part.requests)))).toEqual(wanted);
    const counts = await apiJson<DashboardStats>(`/api/dashboard/stats?accountId=${accountId}`);
    expect([counts.totalRequests, pico(counts.costUsd), counts.unpricedCount]).toEqual([
      wanted.requests,
      wanted.costPico,
      wanted.unpricedCount,
    ]);
    const lists = await allPages<RequestList>(`/api/requests?limit=200&accountId=${accountId}`);
    expect(lists.flatMap(({ requests }) => requests)).toHaveLength(wanted.requests);
  });

  it("has the totals of the rows in the last five hours", async () => {
    const detail = await apiJson<WindowDetail>(`/api/windows/${accountId}`);
    const { windowStart, windowEnd } = detail;
    const wanted = await own("started_at > $2 AND started_at <= $3", windowStart, windowEnd);
    expect(totalsOf(detail.totals, detail.totals.requests)).toEqual(wanted);
    const current = await apiJson<CurrentUsage>(`/api/token-usage/current?accountId=${accountId}`);
    expect(prefixed(current)).toEqual(wanted);
  });

  it("has the totals of the rows in any window, filtered by domain and model", async () => {
    const [name] = await queryRows<{ domain: string; model: string }>(
      `SELECT d.name AS domain, model FROM ${ROWS} WHERE account_id = $1 AND model IS NOT NULL GROUP BY 1, 2 ORDER BY count(*) DESC LIMIT 1`,
      [accountId],
    );
    const { domain, model } = name!;
    for (const minutes of [1, 7, 60, 300, 1_443]) {
      const current = await apiJson<CurrentUsage>(
        `/api/token-usage/current?accountId=${accountId}&window=${minutes}&domain=${domain}&model=${model}`,
      );
      const { windowStart, windowEnd } = current;
      expect(Date.parse(windowEnd) - Date.parse(windowStart)).toBe(minutes * 60_000);
      expect([current.domain, current.model]).toEqual([domain, model]);
      const where = "started_at > $2 AND started_at <= $3 AND d.name = $4 AND model = $5";
      expect(prefixed(current), String(minutes)).toEqual(
        await own(where, windowStart, windowEnd, domain, model),
      );
    }
  });

  it("has UTC days, whatever the time zone of the database", async () => {
    for (const aggregate of [true, false]) {
      const { usage } = await apiJson<DailyUsage>(
        `/api/token-usage/daily?accountId=${accountId}&days=7&aggregate=${aggregate}`,
      );
      for (let day = BEGIN; day < NOW; day += DAY_MS) {
        const date = iso(day).slice(0, 10);
        const wanted = await own("started_at >= $2 AND started_at < $3", iso(day), iso(day + DAY_MS));
        expect(added(usage.filter((row) => row.date === date).map(prefixed)), date).toEqual(wanted);
      }
      expect(added(usage.map(prefixed))).toEqual(await own());
      expect(usage.every(({ model }) => (model === undefined) === aggregate)).toBe(true);
      const dates = usage.map(({ date }) => date);
      expect(dates).toEqual(dates.toSorted().reverse());
    }
  });

  it("has in a sliding window the totals of the rows before each point", async () => {
    const { data } = await apiJson<SlidingWindow>(
      `/api/analytics/token-usage/sliding-window?accountId=${accountId}&days=7&bucketMinutes=60&windowHours=24`,
    );
    // Every day ends in one point; these points have every exchange once.
    const midnights = data.filter((point) => (Date.parse(point.time_bucket) + HOUR_MS) % DAY_MS === 0);
    const last = { ...data.at(-1)! };
    const today = Date.parse(last.time_bucket) + HOUR_MS - DAY_MS;
    const midnight = Math.floor(NOW / DAY_MS) * DAY_MS;
    expect(added(midnights.slice(-6).map(sliding))).toEqual(await own("started_at < $2", iso(midnight)));
    expect(sliding(last)).toEqual(await own("started_at >= $2", iso(today)));
  });
});

const ACCOUNT = "acc_checkout";
const rowsInWindow = (
  accountId: string,
  { windowStart, windowEnd }: { windowStart: string; windowEnd: string },
) => ofRows("account_id = $1 AND started_at > $2 AND started_at <= $3", [accountId, windowStart, windowEnd]);

describe("with requests in the last hour, one of them rate-limited", () => {
  beforeAll(async () => {
    const requestMetadata = { accountId: ACCOUNT };
    await store(
      { ...errorResponse(429, "rate_limit_error"), startedAt: NOW - HOUR_MS, requestMetadata },
      { startedAt: NOW - HOUR_MS / 2, requestMetadata },
    );
  });

  type Window = WindowList["windows"][number] & Partial<WindowDetail>;
  it.each<[string, () => Promise<Window[]>]>([
    ["reading one", async () => [await apiJson<WindowDetail>(`/api/windows/${ACCOUNT}`)]],
    ["the list", async () => (await apiJson<WindowList>("/api/windows")).windows],
  ])("%s corrects windows that missed exchanges", async (_how, read) => {
    const right = await read();
    for (const { accountId } of right) {
      const stub = env.ACCOUNT_WINDOW.getByName(accountId);
      const nothing = { accountId, from: NOW - 5 * HOUR_MS, to: NOW + 1 };
      await stub.reconcile({ ...nothing, upTo: await stub.sequence(), exchanges: [] });
      expect((await stub.totals(NOW)).total.requests).toBe(0);
    }
    const seen = await read();
    expect(seen.map(({ accountId }) => accountId)).toEqual(right.map(({ accountId }) => accountId));
    for (const window of seen) {
      const stored = await rowsInWindow(window.accountId, window);
      expect(totalsOf(window.totals, window.totals.requests), window.accountId).toEqual(stored);
      for (const parts of [window.sessions, window.domains, window.models])
        if (parts) expect(added(parts.map((part) => totalsOf(part, part.requests)))).toEqual(stored);
    }
    expect(
      (
        await rowsInWindow(
          ACCOUNT,
          right.find((one) => one.accountId === ACCOUNT)!,
        )
      ).requests,
    ).toBeGreaterThan(0);
  });

  it("hours of domains match the rows, by domain", async () => {
    const tokens = await apiJson<HourlyTokens>("/api/usage/tokens/hourly?days=9");
    const requests = await apiJson<HourlyRequests>("/api/usage/requests/hourly?days=9");
    expect(Object.keys(tokens.data)).toEqual(Object.keys(tokens.data).toSorted());
    expect(tokens.query).toEqual({ domain: null, days: 9 });
    for (const [domain, hours] of Object.entries(tokens.data)) {
      const counts = requests.data[domain]!;
      expect(counts.map(({ hour }) => hour)).toEqual(hours.map(({ hour }) => hour));
      const all = await ofRows("d.name = $1", [domain]);
      expect(added(hours.map((hour, n) => totalsOf(hour, counts[n]!.count)))).toEqual(all);
      expect(hours.reduce((total, { count }) => total + count, 0)).toBe(all.inputTokens + all.outputTokens);
      expect(hours.every(({ hour }) => Date.parse(hour) % HOUR_MS === 0)).toBe(true);
    }
    const [name] = Object.keys(tokens.data) as [string];
    const one = await apiJson<HourlyTokens>(`/api/usage/tokens/hourly?days=9&domain=${name.toUpperCase()}`);
    expect(one.data).toEqual({ [name]: tokens.data[name] });
  });

  it("accounts of the last five hours have totals, domains and a time series", async () => {
    const { accounts, windowStart, windowEnd, tokenLimit } =
      await apiJson<AccountsUsage>("/api/token-usage/accounts");
    expect(tokenLimit).toBeNull();
    const active = await queryRows<{ id: string; last: string }>(
      "SELECT account_id AS id, max(started_at) AS last FROM requests WHERE started_at > $1 AND started_at <= $2 GROUP BY 1 ORDER BY 1",
      [windowStart, windowEnd],
    );
    expect(active.length).toBeGreaterThan(0);
    expect(accounts.map(({ accountId, lastRequestTime }) => [accountId, lastRequestTime]).sort()).toEqual(
      active.map(({ id, last }) => [id, new Date(last).toISOString()]),
    );
    for (const account of accounts) {
      const stored = await rowsInWindow(account.accountId, { windowStart, windowEnd });
      expect(totalsOf(account, account.requestCount)).toEqual(stored);
      expect(added(account.domains.map((one) => totalsOf(one, one.requests)))).toEqual(stored);
      expect(account.miniSeries.reduce((all, { outputTokens }) => all + outputTokens, 0)).toBe(
        stored.outputTokens,
      );
      expect(account).toMatchObject({ remainingTokens: null, percentageUsed: null });
      expect(account.miniSeries[0]!.remaining).toBeNull();
    }
  });

  it.each([
    [10, 5],
    [7, 5],
    [60, 24],
  ])(
    "a sliding window every %i minutes totals %i hours and marks rate-limited requests",
    async (bucketMinutes, windowHours) => {
      const { data, params } = await apiJson<SlidingWindow>(
        `/api/analytics/token-usage/sliding-window?accountId=${ACCOUNT}&days=7&bucketMinutes=${bucketMinutes}&windowHours=${windowHours}`,
      );
      expect(params).toEqual({ days: 7, bucketMinutes, windowHours });
      expect(data.length).toBeGreaterThanOrEqual((7 * 1_440) / bucketMinutes);
      const marked = data.find((point) => point.rate_limit_warning_in_window);
      expect(marked).toBeDefined();
      for (const point of [data[0]!, data[Math.floor(data.length / 2)]!, data.at(-1)!, marked!]) {
        const to = Date.parse(point.time_bucket) + bucketMinutes * 60_000;
        const where = "account_id = $1 AND started_at >= $2 AND started_at < $3";
        const parameters = [ACCOUNT, iso(to - windowHours * HOUR_MS), iso(to)];
        expect(sliding(point)).toEqual(await ofRows(where, parameters));
        const refusals = await ofRows(`${where} AND status = 429`, parameters);
        expect(point.rate_limit_warning_in_window).toBe(refusals.requests > 0);
      }
    },
  );

  it("counts of all time have active accounts and models, and are filtered by domain and account", async () => {
    const dashboard = await apiJson<DashboardStats>("/api/dashboard/stats");
    const [used] = await queryRows("SELECT count(DISTINCT model)::int AS models FROM requests");
    expect(dashboard).toMatchObject({ activeUsers: 3, modelsUsedCount: used!["models"] });
    expect(dashboard.hourlyActivity).toHaveLength(24);
    const [name] = await queryRows<{ domain: string }>(
      "SELECT name AS domain FROM domains JOIN requests ON domain_id = domains.id WHERE requests.account_id = $1 LIMIT 1",
      [ACCOUNT],
    );
    const { domain } = name!;
    const one = await apiJson<DashboardStats>(`/api/dashboard/stats?domain=${domain}&accountId=${ACCOUNT}`);
    const part = await ofRows("d.name = $1 AND account_id = $2", [domain, ACCOUNT]);
    expect([one.totalRequests, one.activeUsers]).toEqual([part.requests, 1]);
  });

  it("counts of all time are zero, not null, without requests", async () => {
    const unknown = await apiJson<DashboardStats>("/api/dashboard/stats?accountId=unknown");
    expect(unknown).toMatchObject({ totalTokens: 0, totalBranches: 0, costUsd: "0", modelsUsed: [] });
    const current = await apiJson<CurrentUsage>("/api/token-usage/current?accountId=unknown");
    expect(current).toMatchObject({
      totalTokens: 0,
      domain: "all",
      model: "all",
      costUsd: "0",
      tokenLimit: null,
    });
    expect((await apiJson<DailyUsage>("/api/token-usage/daily?accountId=unknown")).usage).toEqual([]);
    const series = await apiJson<TimeSeries>("/api/token-usage/time-series?accountId=unknown");
    expect(series.timeSeries.length).toBeGreaterThanOrEqual(60);
    expect((await apiJson<HourlyTokens>("/api/usage/tokens/hourly?domain=unknown.example")).data).toEqual({});
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
      expect(await apiJson(`/api/windows/${ACCOUNT}`, { method: "PUT", body: set })).toEqual({
        accountId: ACCOUNT,
        tokenLimit: 1_000_000,
        thresholds: [0.5, 0.9],
      });
      const { windows } = await apiJson<WindowList>("/api/windows");
      expect(windows.map(({ accountId }) => accountId).sort()).toEqual(accounts);
      const window = windows.find(({ accountId }) => accountId === ACCOUNT)!;
      const used = window.totals.outputTokens;
      expect(window).toMatchObject({
        tokenLimit: 1_000_000,
        remaining: 1_000_000 - used,
        percentageUsed: expect.closeTo(used / 10_000, 9) as number,
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
      const detail = await apiJson<WindowDetail>(`/api/windows/${ACCOUNT}`);
      expect(detail.unified[0]?.history).toMatchObject([{ utilization: 1.04 }]);
      const current = await apiJson<CurrentUsage>(`/api/token-usage/current?accountId=${ACCOUNT}`);
      const remaining = 1_000_000 - current.totalOutputTokens;
      expect(current).toMatchObject({ tokenLimit: 1_000_000, remaining });
      const cleared = { tokenLimit: null, thresholds: null };
      expect(await apiJson(`/api/windows/${ACCOUNT}`, { method: "PUT", body: cleared })).toMatchObject({
        tokenLimit: null,
        thresholds: [0.75, 0.9],
      });
    });

    it("exist for known accounts only, and are readable while the database is unavailable", async () => {
      expect((await apiError("/api/windows/unknown")).code).toBe("not_found");
      expect((await call(`/api/windows/${ACCOUNT}`, { bindings: DATABASE_DOWN })).status).toBe(200);
      const { code } = await apiError("/api/token-usage/accounts", { bindings: DATABASE_DOWN });
      expect(code).toBe("unavailable");
    });

    it("are set by administrators only, within bounds", async () => {
      const put = (body: unknown, key?: string) =>
        apiError(`/api/windows/${ACCOUNT}`, { method: "PUT", body, ...(key ? { key } : {}) });
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
});
