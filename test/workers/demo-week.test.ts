/** Every endpoint returns the same totals for a week of a team, in whatever order and however often its exchanges arrived. */
import { env } from "cloudflare:workers";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { ConversationList } from "../../workers/schemas/api/conversations.ts";
import type { DomainList } from "../../workers/schemas/api/domains.ts";
import type { RequestList } from "../../workers/schemas/api/requests.ts";
import type { Overview } from "../../workers/schemas/api/overview.ts";
import type {
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
import { parseUsd } from "../../workers/domain/pricing/usd.ts";
import { addTotals, ZERO_TOTALS } from "../../workers/domain/usage/token-totals.ts";
import type { WindowDetail } from "../../workers/schemas/api/windows.ts";
import { byField, TOTAL_KINDS, type TokenTotals } from "../../workers/schemas/tokens.ts";
import { DAY_MS, demoWeek, type WeekExchange } from "../support/worker-demo-week.ts";
import { withDisorder } from "../support/window-exchanges.ts";
import { random } from "../support/prose.ts";
import { allPages, ask } from "../support/worker-api.ts";
import { queryRows } from "../support/worker-database.ts";
import { deliver, resetStorage, journal } from "../support/worker-ingest.ts";

/** A Saturday afternoon, not on any edge. */
const NOW = Date.UTC(2026, 10, 21, 17, 3, 21, 456);
const BEGIN = Math.floor(NOW / DAY_MS) * DAY_MS - 6 * DAY_MS;
const HOUR_MS = 3_600_000;
const BATCH = 50;

const TOKENS = TOTAL_KINDS.map(({ field, column }) => `coalesce(sum(${column}), 0)::int AS "${field}"`).join(
  ", ",
);
const COST = `coalesce(sum(cost_pico), 0)::text AS "costPico"`;
const ROW_TOTALS = `count(*)::int AS requests, ${TOKENS}, ${COST},
  count(*) FILTER (WHERE cost_pico IS NULL)::int AS "unpricedCount"`;
const ROLLUP_TOTALS = `coalesce(sum(requests), 0)::int AS requests, ${TOKENS}, ${COST},
  coalesce(sum(unpriced_count), 0)::int AS "unpricedCount"`;

async function totals(select: string, where: string, parameters: unknown[] = []): Promise<TokenTotals> {
  const [row] = await queryRows<Record<string, unknown>>(`SELECT ${select} FROM ${where}`, parameters);
  return { ...(row as unknown as TokenTotals), costPico: BigInt(String(row!["costPico"])) };
}
const ROWS = "requests JOIN (SELECT id AS d_id, name FROM domains) d ON d_id = domain_id";
const ofRows = (where = "true", parameters: unknown[] = []) =>
  totals(ROW_TOTALS, `${ROWS} WHERE ${where}`, parameters);
const iso = (at: number) => new Date(at).toISOString();

const pico = (usd: string | null) => parseUsd(usd ?? "0");

type Tokens = Record<(typeof TOTAL_KINDS)[number]["field"], number>;
/** Totals of what the API returns. */
const totalsOf = (
  one: Tokens & { costUsd: string | null; unpricedCount: number },
  requests: number,
): TokenTotals => ({
  requests,
  ...byField(TOTAL_KINDS, ({ field }) => one[field]),
  costPico: pico(one.costUsd),
  unpricedCount: one.unpricedCount,
});
const prefixed = (one: CurrentUsage | DailyUsage["usage"][number]): TokenTotals =>
  totalsOf(
    { ...one, inputTokens: one.totalInputTokens, outputTokens: one.totalOutputTokens },
    one.totalRequests,
  );
const added = (list: readonly TokenTotals[]): TokenTotals =>
  list.reduce((sum, one) => addTotals(sum, one), ZERO_TOTALS);

let week: WeekExchange[];
let all: TokenTotals;
let accounts: string[];
let domains: string[];

beforeAll(async () => {
  // Fakes the clock only; timers run.
  vi.useFakeTimers({ now: NOW, toFake: ["Date"] });
  await resetStorage();
  // Days are UTC days, whatever the time zone of the database.
  await queryRows("SET TIME ZONE 'Pacific/Kiritimati'");
  week = demoWeek(NOW, 50);
  for (const { made, isJournalled } of week) if (isJournalled) await journal(made);
  const arriving = withDisorder(random(7), week);
  for (let n = 0; n < arriving.length; n += BATCH)
    await deliver(arriving.slice(n, n + BATCH).map(({ notification }) => notification));
  all = await ofRows();
  const names = async (column: string) => {
    const rows = await queryRows<{ name: string }>(
      `SELECT DISTINCT ${column} AS name FROM ${ROWS} ORDER BY 1`,
    );
    return rows.map(({ name }) => name);
  };
  [accounts, domains] = [await names("account_id"), await names("d.name")];
});

afterAll(async () => {
  await queryRows("SET TIME ZONE 'UTC'");
  vi.useRealTimers();
});

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
    expect(await totals(ROLLUP_TOTALS, "rollups")).toEqual(all);
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
    const stats = await ask<Stats>(`/api/stats?since=${iso(BEGIN)}`);
    const tokensOfStats = {
      inputTokens: stats.totalInputTokens,
      outputTokens: stats.totalOutputTokens,
      cacheReadInputTokens: stats.totalCacheReadTokens,
      cacheCreationInputTokens: stats.totalCacheCreationTokens,
    };
    expect(totalsOf({ ...stats, ...tokensOfStats }, stats.totalRequests)).toEqual(all);
    for (const counts of [stats.requestsByModel, stats.requestsByType])
      expect(Object.values(counts).reduce((sum, n) => sum + n, 0)).toBe(all.requests);

    const overview = await ask<Overview>(`/api/overview?from=${iso(BEGIN)}&to=${iso(NOW + 1)}`);
    const { series, domains: perDomain, accounts: perAccount, models, requestTypes } = overview;
    for (const parts of [[overview.totals], series, perDomain, perAccount, models, requestTypes])
      expect(added(parts.map((part) => totalsOf(part, part.requests)))).toEqual(all);

    const tokens = await ask<Record<string, DomainTokens>>("/token-stats");
    expect(Object.keys(tokens)).toEqual(domains);
    expect(added(Object.values(tokens).map((one) => totalsOf(one, one.requestCount)))).toEqual(all);

    const dashboard = await ask<DashboardStats>("/api/dashboard/stats");
    expect(dashboard).toMatchObject({
      totalRequests: all.requests,
      totalTokens: all.inputTokens + all.outputTokens,
      totalCacheReadTokens: all.cacheReadInputTokens,
      totalCacheCreationTokens: all.cacheCreationInputTokens,
      unpricedCount: all.unpricedCount,
    });
    expect(pico(dashboard.costUsd)).toBe(all.costPico);

    const list = await ask<DomainList>("/api/domains");
    for (const { domain, requestCount } of list.domains)
      expect([domain, requestCount]).toEqual([domain, (await ofRows("d.name = $1", [domain])).requests]);
  });

  it("is the same by hour, and the last 24 hours exclude the day before", async () => {
    const tokens = await ask<HourlyTokens>("/api/usage/tokens/hourly?days=8");
    const requests = await ask<HourlyRequests>("/api/usage/requests/hourly?days=8");
    const hours = Object.entries(tokens.data).flatMap(([domain, list]) =>
      list.map((one, n) => totalsOf(one, requests.data[domain]![n]!.count)),
    );
    expect(added(hours)).toEqual(all);
    const dashboard = await ask<DashboardStats>("/api/dashboard/stats");
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
    const current = await ask<CurrentUsage>(`/api/token-usage/current?accountId=${accountId}&window=10080`);
    expect(prefixed(current)).toEqual(wanted);
    for (const interval of [5, 7, 60, 1_440]) {
      const { timeSeries } = await ask<TimeSeries>(
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
    const overview = await ask<Overview>(
      `/api/overview?accountId=${accountId}&from=${new Date(BEGIN).toISOString()}&to=${to}`,
    );
    expect(overview.accounts.map((one) => one.accountId)).toEqual([accountId]);
    for (const parts of [[overview.totals], overview.series, overview.domains, overview.models])
      expect(added(parts.map((part) => totalsOf(part, part.requests)))).toEqual(wanted);
    const counts = await ask<DashboardStats>(`/api/dashboard/stats?accountId=${accountId}`);
    expect([counts.totalRequests, pico(counts.costUsd), counts.unpricedCount]).toEqual([
      wanted.requests,
      wanted.costPico,
      wanted.unpricedCount,
    ]);
    const lists = await allPages<RequestList>(`/api/requests?limit=200&accountId=${accountId}`);
    expect(lists.flatMap(({ requests }) => requests)).toHaveLength(wanted.requests);
  });

  it("has the totals of the rows in the last five hours", async () => {
    const detail = await ask<WindowDetail>(`/api/windows/${accountId}`);
    const { windowStart, windowEnd } = detail;
    const wanted = await own("started_at > $2 AND started_at <= $3", windowStart, windowEnd);
    expect(totalsOf(detail.totals, detail.totals.requests)).toEqual(wanted);
    const current = await ask<CurrentUsage>(`/api/token-usage/current?accountId=${accountId}`);
    expect(prefixed(current)).toEqual(wanted);
  });

  it("has UTC days, whatever the time zone of the database", async () => {
    for (const aggregate of [true, false]) {
      const { usage } = await ask<DailyUsage>(
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
    const { data } = await ask<SlidingWindow>(
      `/api/analytics/token-usage/sliding-window?accountId=${accountId}&days=7&bucketMinutes=60&windowHours=24`,
    );
    // Every day ends in one point; these points have every exchange once.
    const midnights = data.filter((point) => (Date.parse(point.time_bucket) + HOUR_MS) % DAY_MS === 0);
    const last = { ...data.at(-1)! };
    const today = Date.parse(last.time_bucket) + HOUR_MS - DAY_MS;
    const slid = (point: SlidingWindow["data"][number]): TokenTotals => ({
      requests: point.sliding_window_requests,
      inputTokens: point.sliding_window_input_tokens,
      outputTokens: point.sliding_window_tokens,
      cacheReadInputTokens: point.sliding_window_cache_read_tokens,
      cacheCreationInputTokens: point.sliding_window_cache_creation_tokens,
      costPico: pico(point.sliding_window_cost_usd),
      unpricedCount: point.sliding_window_unpriced_count,
    });
    const midnight = Math.floor(NOW / DAY_MS) * DAY_MS;
    expect(added(midnights.slice(-6).map(slid))).toEqual(await own("started_at < $2", iso(midnight)));
    expect(slid(last)).toEqual(await own("started_at >= $2", iso(today)));
  });
});
