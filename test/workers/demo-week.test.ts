/** A week of a team has one set of totals, by whatever path it is asked for, whatever order and however often it arrived in. */
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
import type { WindowDetail } from "../../workers/schemas/api/windows.ts";
import { DAY_MS, demoWeek, type WeekExchange } from "../support/worker-demo-week.ts";
import { withDisorder } from "../support/window-exchanges.ts";
import { random } from "../support/prose.ts";
import { ask } from "../support/worker-api.ts";
import { queryRows } from "../support/worker-database.ts";
import { deliver, resetStorage, journal } from "../support/worker-ingest.ts";

/** A Saturday afternoon, not on any edge. */
const NOW = Date.UTC(2026, 10, 21, 17, 3, 21, 456);
const BEGIN = Math.floor(NOW / DAY_MS) * DAY_MS - 6 * DAY_MS;
const HOUR_MS = 3_600_000;
const BATCH = 50;

interface Figures {
  requests: number;
  input: number;
  output: number;
  cacheRead: number;
  cacheCreation: number;
  /** Pico-dollars. */
  cost: bigint;
  unpriced: number;
}

const FIGURES_OF_ROWS = `count(*)::int AS requests, coalesce(sum(input_tokens), 0)::int AS input,
  coalesce(sum(output_tokens), 0)::int AS output, coalesce(sum(cache_read_input_tokens), 0)::int AS "cacheRead",
  coalesce(sum(cache_creation_input_tokens), 0)::int AS "cacheCreation", coalesce(sum(cost_pico), 0)::text AS cost,
  count(*) FILTER (WHERE cost_pico IS NULL)::int AS unpriced`;
const FIGURES_OF_ROLLUPS = `coalesce(sum(requests), 0)::int AS requests, coalesce(sum(input_tokens), 0)::int AS input,
  coalesce(sum(output_tokens), 0)::int AS output, coalesce(sum(cache_read_input_tokens), 0)::int AS "cacheRead",
  coalesce(sum(cache_creation_input_tokens), 0)::int AS "cacheCreation", coalesce(sum(cost_pico), 0)::text AS cost,
  coalesce(sum(unpriced_count), 0)::int AS unpriced`;

async function figures(select: string, where: string, parameters: unknown[] = []): Promise<Figures> {
  const [row] = await queryRows<Record<string, unknown>>(`SELECT ${select} FROM ${where}`, parameters);
  return { ...(row as unknown as Figures), cost: BigInt(String(row!["cost"])) };
}
const ofRows = (where = "true", parameters: unknown[] = []) =>
  figures(
    FIGURES_OF_ROWS,
    `requests JOIN (SELECT id AS d_id, name FROM domains) d ON d_id = domain_id WHERE ${where}`,
    parameters,
  );

/** Whole dollars and their decimals, exactly. */
function pico(usd: string | null): bigint {
  const [dollars = "0", decimals = ""] = (usd ?? "0").split(".");
  expect(decimals.length).toBeLessThanOrEqual(12);
  return BigInt(dollars + decimals.padEnd(12, "0"));
}

/** Under the names most shapes have for them. */
interface Usual {
  inputTokens: number;
  outputTokens: number;
  cacheReadInputTokens: number;
  cacheCreationInputTokens: number;
  costUsd: string | null;
  unpricedCount: number;
}
const usual = (one: Usual, requests: number): Figures => ({
  requests,
  input: one.inputTokens,
  output: one.outputTokens,
  cacheRead: one.cacheReadInputTokens,
  cacheCreation: one.cacheCreationInputTokens,
  cost: pico(one.costUsd),
  unpriced: one.unpricedCount,
});
const total = (one: CurrentUsage | DailyUsage["usage"][number]): Figures =>
  usual(
    { ...one, inputTokens: one.totalInputTokens, outputTokens: one.totalOutputTokens },
    one.totalRequests,
  );

const NONE: Figures = {
  requests: 0,
  input: 0,
  output: 0,
  cacheRead: 0,
  cacheCreation: 0,
  cost: 0n,
  unpriced: 0,
};
const added = (list: readonly Figures[]): Figures =>
  list.reduce(
    (sum, one) => ({
      requests: sum.requests + one.requests,
      input: sum.input + one.input,
      output: sum.output + one.output,
      cacheRead: sum.cacheRead + one.cacheRead,
      cacheCreation: sum.cacheCreation + one.cacheCreation,
      cost: sum.cost + one.cost,
      unpriced: sum.unpriced + one.unpriced,
    }),
    NONE,
  );

/** All pages of a list. */
async function pages<P extends { nextCursor: string | null }>(path: string): Promise<P[]> {
  const found: P[] = [];
  for (let cursor = ""; ;) {
    const page = await ask<P>(`${path}&cursor=${encodeURIComponent(cursor)}`);
    found.push(page);
    if (page.nextCursor === null) return found;
    cursor = page.nextCursor;
  }
}

let week: WeekExchange[];
let all: Figures;
let accounts: string[];
let domains: string[];

beforeAll(async () => {
  // Only the clock: the API says "now" by it. Timers go on.
  vi.useFakeTimers({ now: NOW, toFake: ["Date"] });
  await resetStorage();
  // Wherever the database believes to be, days are those of UTC.
  await queryRows("SET TIME ZONE 'Pacific/Kiritimati'");
  week = demoWeek(NOW, 50);
  for (const { made, isJournalled } of week) if (isJournalled) await journal(env.JOURNAL, made);
  const arriving = withDisorder(random(7), week);
  for (let n = 0; n < arriving.length; n += BATCH)
    await deliver(arriving.slice(n, n + BATCH).map(({ bell }) => bell));
  all = await ofRows();
  const names = async (column: string) =>
    (
      await queryRows<{ name: string }>(
        `SELECT DISTINCT ${column} AS name FROM requests JOIN (SELECT id AS d_id, name FROM domains) d ON d_id = domain_id ORDER BY 1`,
      )
    ).map(({ name }) => name);
  [accounts, domains] = [await names("account_id"), await names("d.name")];
});

afterAll(async () => {
  await queryRows("SET TIME ZONE 'UTC'");
  vi.useRealTimers();
});

describe("a week of the demo's team", () => {
  it("has everything in it that makes sums go wrong", async () => {
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
    for (const figure of [all.cacheRead, all.cacheCreation, all.unpriced, Number(all.cost)])
      expect(figure).toBeGreaterThan(0);
    const days = new Set(
      week.map(({ made }) => new Date(made.request.metadata.startedAt).toISOString().slice(0, 10)),
    );
    expect(days.size).toBe(7);
    const edges = week.filter(({ made }) => (made.request.metadata.startedAt + 1) % DAY_MS < 2);
    expect(edges.length).toBeGreaterThanOrEqual(10);
  });

  it("is the same in rows and rollups", async () => {
    expect(await figures(FIGURES_OF_ROLLUPS, "rollups")).toEqual(all);
    const byDomain = await Promise.all(domains.map((domain) => ofRows("d.name = $1", [domain])));
    expect(added(byDomain)).toEqual(all);
  });

  it("is the same in the list of requests, row by row", async () => {
    const lists = await pages<RequestList>("/api/requests?limit=200");
    const rows = lists.flatMap(({ requests }) => requests);
    expect(
      added(
        rows.map((row) =>
          usual(
            {
              inputTokens: row.inputTokens ?? 0,
              outputTokens: row.outputTokens ?? 0,
              cacheReadInputTokens: row.cacheReadInputTokens ?? 0,
              cacheCreationInputTokens: row.cacheCreationInputTokens ?? 0,
              costUsd: row.costUsd,
              unpricedCount: row.costUsd === null ? 1 : 0,
            },
            1,
          ),
        ),
      ),
    ).toEqual(all);
  });

  it("is the same in the statistics: since a time, over a period, of all time, by domain", async () => {
    const stats = await ask<Stats>(`/api/stats?since=${new Date(BEGIN).toISOString()}`);
    expect({
      requests: stats.totalRequests,
      input: stats.totalInputTokens,
      output: stats.totalOutputTokens,
      cacheRead: stats.totalCacheReadTokens,
      cacheCreation: stats.totalCacheCreationTokens,
      cost: pico(stats.costUsd),
      unpriced: stats.unpricedCount,
    }).toEqual(all);
    for (const counts of [stats.requestsByModel, stats.requestsByType])
      expect(Object.values(counts).reduce((sum, n) => sum + n, 0)).toBe(all.requests);

    const to = new Date(NOW + 1).toISOString();
    const overview = await ask<Overview>(`/api/overview?from=${new Date(BEGIN).toISOString()}&to=${to}`);
    for (const parts of [
      [overview.totals],
      overview.series,
      overview.domains,
      overview.accounts,
      overview.models,
      overview.requestTypes,
    ])
      expect(added(parts.map((part) => usual(part, part.requests)))).toEqual(all);

    const tokens = await ask<Record<string, DomainTokens>>("/token-stats");
    expect(Object.keys(tokens)).toEqual(domains);
    expect(added(Object.values(tokens).map((one) => usual(one, one.requestCount)))).toEqual(all);

    const dashboard = await ask<DashboardStats>("/api/dashboard/stats");
    expect([
      dashboard.totalRequests,
      dashboard.totalTokens,
      pico(dashboard.costUsd),
      dashboard.unpricedCount,
    ]).toEqual([all.requests, all.input + all.output, all.cost, all.unpriced]);
    expect([dashboard.totalCacheReadTokens, dashboard.totalCacheCreationTokens]).toEqual([
      all.cacheRead,
      all.cacheCreation,
    ]);

    const list = await ask<DomainList>("/api/domains");
    for (const { domain, requestCount } of list.domains)
      expect([domain, requestCount]).toEqual([domain, (await ofRows("d.name = $1", [domain])).requests]);
  });

  it("is the same by hour, and what the day before brought is not in the last 24", async () => {
    const tokens = await ask<HourlyTokens>("/api/usage/tokens/hourly?days=8");
    const requests = await ask<HourlyRequests>("/api/usage/requests/hourly?days=8");
    const hours = Object.entries(tokens.data).flatMap(([domain, list]) =>
      list.map((one, n) => usual(one, requests.data[domain]![n]!.count)),
    );
    expect(added(hours)).toEqual(all);
    const dashboard = await ask<DashboardStats>("/api/dashboard/stats");
    const from = Math.floor(NOW / HOUR_MS) * HOUR_MS - 23 * HOUR_MS;
    const recent = await ofRows("started_at >= $1", [new Date(from).toISOString()]);
    const activity = dashboard.hourlyActivity;
    expect({
      requests: activity.reduce((sum, one) => sum + one.requestCount, 0),
      tokens: activity.reduce((sum, one) => sum + one.tokenCount, 0),
      cacheRead: activity.reduce((sum, one) => sum + one.cacheReadInputTokens, 0),
      cacheCreation: activity.reduce((sum, one) => sum + one.cacheCreationInputTokens, 0),
      cost: activity.reduce((sum, one) => sum + pico(one.costUsd), 0n),
      unpriced: activity.reduce((sum, one) => sum + one.unpricedCount, 0),
    }).toEqual({
      requests: recent.requests,
      tokens: recent.input + recent.output,
      cacheRead: recent.cacheRead,
      cacheCreation: recent.cacheCreation,
      cost: recent.cost,
      unpriced: recent.unpriced,
    });
    expect(dashboard.last24Hours.requests).toBe(recent.requests);
  });

  it("is, where it belongs to a conversation, the same in the list of conversations", async () => {
    const lists = await pages<ConversationList>("/api/conversations?limit=100");
    const rows = lists.flatMap(({ conversations }) => conversations);
    expect(rows.length).toBeGreaterThan(10);
    expect(added(rows.map((row) => usual(row, row.messageCount)))).toEqual(
      await ofRows("conversation_id IS NOT NULL"),
    );
  });
});

describe.each(["acc_checkout", "acc_platform", "acc_research"])("the week of %s", (accountId) => {
  const own = () => ofRows("account_id = $1", [accountId]);

  it("is the same in rows, the window object, minutes, and over time", async () => {
    const wanted = await own();
    expect(wanted.requests).toBeGreaterThan(10);
    const sums = await env.ACCOUNT_WINDOW.getByName(accountId).totals(NOW, 7 * DAY_MS);
    for (const parts of [[sums.total], sums.domains, sums.models])
      expect(
        added(
          parts.map((part) => ({
            requests: part.requests,
            input: part.inputTokens,
            output: part.outputTokens,
            cacheRead: part.cacheReadInputTokens,
            cacheCreation: part.cacheCreationInputTokens,
            cost: part.costPico,
            unpriced: part.unpricedCount,
          })),
        ),
      ).toEqual(wanted);
    const current = await ask<CurrentUsage>(`/api/token-usage/current?accountId=${accountId}&window=10080`);
    expect(total(current)).toEqual(wanted);
    for (const interval of [5, 7, 60, 1_440]) {
      const { timeSeries } = await ask<TimeSeries>(
        `/api/token-usage/time-series?accountId=${accountId}&window=168&interval=${interval}`,
      );
      expect(added(timeSeries.map((point) => usual(point, point.requests))), String(interval)).toEqual(
        wanted,
      );
    }
  });

  it("has in the five hours up to now what the rows have", async () => {
    const detail = await ask<WindowDetail>(`/api/windows/${accountId}`);
    const wanted = await ofRows("account_id = $1 AND started_at > $2 AND started_at <= $3", [
      accountId,
      detail.windowStart,
      detail.windowEnd,
    ]);
    expect(usual(detail.totals, detail.totals.requests)).toEqual(wanted);
    const current = await ask<CurrentUsage>(`/api/token-usage/current?accountId=${accountId}`);
    expect(total(current)).toEqual(wanted);
  });

  it("has days of UTC, whatever the database takes for its time zone", async () => {
    for (const aggregate of [true, false]) {
      const { usage } = await ask<DailyUsage>(
        `/api/token-usage/daily?accountId=${accountId}&days=7&aggregate=${aggregate}`,
      );
      for (let day = BEGIN; day < NOW; day += DAY_MS) {
        const date = new Date(day).toISOString().slice(0, 10);
        const wanted = await ofRows("account_id = $1 AND started_at >= $2 AND started_at < $3", [
          accountId,
          new Date(day).toISOString(),
          new Date(day + DAY_MS).toISOString(),
        ]);
        expect(added(usage.filter((row) => row.date === date).map(total)), date).toEqual(wanted);
      }
      expect(added(usage.map(total))).toEqual(await own());
    }
  });

  it("has in a sliding window whatever the rows have before each of its points", async () => {
    const { data } = await ask<SlidingWindow>(
      `/api/analytics/token-usage/sliding-window?accountId=${accountId}&days=7&bucketMinutes=60&windowHours=24`,
    );
    // Every day ends in one point; these points have every exchange once.
    const midnights = data.filter((point) => (Date.parse(point.time_bucket) + HOUR_MS) % DAY_MS === 0);
    const last = { ...data.at(-1)! };
    const today = Date.parse(last.time_bucket) + HOUR_MS - DAY_MS;
    const slid = (point: SlidingWindow["data"][number]): Figures => ({
      requests: point.sliding_window_requests,
      input: point.sliding_window_input_tokens,
      output: point.sliding_window_tokens,
      cacheRead: point.sliding_window_cache_read_tokens,
      cacheCreation: point.sliding_window_cache_creation_tokens,
      cost: pico(point.sliding_window_cost_usd),
      unpriced: point.sliding_window_unpriced_count,
    });
    const before = await ofRows("account_id = $1 AND started_at < $2", [
      accountId,
      new Date(Math.floor(NOW / DAY_MS) * DAY_MS).toISOString(),
    ]);
    expect(added(midnights.slice(-6).map(slid))).toEqual(before);
    expect(slid(last)).toEqual(
      await ofRows("account_id = $1 AND started_at >= $2", [accountId, new Date(today).toISOString()]),
    );
  });
});
