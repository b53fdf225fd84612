/** The pages of sums against the API: overview, usage, errors. */
import { formatUsd, parseUsd } from "../../../workers/domain/pricing/usd.ts";
import { formatMoney } from "../../../dashboard/src/format/money.ts";
import { formatExact, formatShare, formatShort } from "../../../dashboard/src/format/number.ts";
import { formatDuration } from "../../../dashboard/src/format/time.ts";
import { oneLine } from "../../../dashboard/src/format/text.ts";
import type { FilterOptions } from "../../../workers/schemas/api/filter-options.ts";
import type { Errors } from "../../../workers/schemas/api/failures.ts";
import type { RequestList, RequestRow } from "../../../workers/schemas/api/requests.ts";
import type { Overview } from "../../../workers/schemas/api/overview.ts";
import type { HourlyTokens } from "../../../workers/schemas/api/compat.ts";
import type { WindowDetail, WindowList } from "../../../workers/schemas/api/windows.ts";
import type { DemoStack } from "../../support/demo-stack.ts";
import type { Check } from "./agreement.ts";
import { at, ended, model, money, several, short, shortModel, wire } from "./words.ts";
import {
  allTokens,
  busiest,
  byTokens,
  chart,
  type Named,
  othersOf,
  tiles,
  tokenChart,
  tokensOf,
  unitOf,
  windowBars,
  windowList,
} from "./words-of-sums.ts";

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
export const lastDay = () => `from=${new Date(Date.now() - DAY_MS).toISOString()}`;

export async function filterBar({ getJson: ask }: DemoStack): Promise<Record<string, string[]>> {
  const { domains, accounts, models } = await ask<FilterOptions>("/api/choices");
  const choices = (all: string, names: readonly string[]) => [all, ...names.map((name) => oneLine(name, 48))];
  return {
    "select[name=domain] option": choices("All domains", domains),
    "select[name=accountId] option": choices("All accounts", accounts),
    "select[name=model] option": choices("All models", models.map(shortModel)),
    "select[name=range] option": ["Last hour", "Last 24 hours", "Last 7 days", "Last 30 days"],
  };
}

const overview: Check = {
  path: "/",
  async expected(demo) {
    const [sums, { windows }, { requests }] = await Promise.all([
      demo.getJson<Overview>(`/api/overview?${lastDay()}`),
      demo.getJson<WindowList>("/api/windows"),
      demo.getJson<RequestList>(`/api/requests?${lastDay()}&limit=8`),
    ]);
    return {
      ...(await filterBar(demo)),
      "#live-stats .stat-card": tiles(sums),
      ".window-list > li": windowList(windows, 5),
      ".now h2": [`Latest requests ${sums.inFlight!.count} in progress All requests`],
      ".latest li": requests.map(
        (row) =>
          `${at(row.timestamp)} ${ended(row)} ${model(row.model ?? row.requestType)} ${wire(row.domain, 32)} ${formatDuration(row.durationMs)} ${money(row.costUsd)}`,
      ),
      ...tokenChart("#live-chart", sums),
      "#live-top-lists .card-foot": [
        ...othersOf(sums.domains.map((one) => ({ ...one, name: one.domain }))),
        ...othersOf(sums.models.map((one) => ({ ...one, name: one.model }))),
      ],
      "#live-top-lists li": [
        ...busiest(sums.domains.map((one) => ({ ...one, name: one.domain }))),
        ...busiest(
          sums.models.map((one) => ({ ...one, name: one.model })),
          shortModel,
        ),
      ],
    };
  },
};

function usageRows(entries: readonly Named[]): string[] {
  const total = entries.reduce((sum, entry) => sum + allTokens(entry), 0);
  return byTokens(entries).map((entry) =>
    [
      wire(entry.name || "(none)", 60),
      formatExact(entry.requests),
      ...tokensOf(entry).map(short),
      formatShare(entry.cacheHitShare),
      money(entry.costUsd),
      formatShare(allTokens(entry) / total),
    ].join(" | "),
  );
}

/** From hours of each domain, in exact decimals; the day of the demo has fewer domains than the chart has colours. */
function costChart(answer: HourlyTokens, bucketMs: number): Record<string, string[]> {
  const from = Math.floor((Date.now() - DAY_MS) / HOUR_MS) * HOUR_MS;
  const hours = Array.from(
    { length: Math.ceil((Date.now() - from) / HOUR_MS) },
    (_, n) => from + n * HOUR_MS,
  );
  const domains = Object.entries(answer.data)
    .map(([name, all]) => {
      const costs = hours.map((start) => {
        const hour = all.find((one) => Date.parse(one.hour) === start);
        return {
          pico: parseUsd(hour?.costUsd ?? "0"),
          unpriced: hour?.unpricedCount ?? 0,
          isUsed: hour !== undefined,
        };
      });
      return { name, costs, sum: costs.reduce((sum, { pico }) => sum + pico, 0n) };
    })
    .filter(({ costs }) => costs.some(({ isUsed }) => isUsed))
    .toSorted((left, right) => (left.sum > right.sum ? -1 : left.sum < right.sum ? 1 : 0));
  const place = "main > .card:has(.bars):not(:has(a[href^='/usage.csv']))";
  return {
    [`${place} > h2`]: [
      `Cost per ${unitOf(bucketMs)} by domain ${formatMoney(formatUsd(domains.reduce((sum, one) => sum + one.sum, 0n)))} total`,
    ],
    ...chart(place, {
      label: `Cost per ${unitOf(bucketMs)} by domain`,
      names: domains.map(({ name }) => name),
      points: hours.map((start, n) => {
        const unpriced = domains.reduce((sum, { costs }) => sum + costs[n]!.unpriced, 0);
        return {
          start,
          values: domains.map(({ costs }) => Number(costs[n]!.pico) / 1e12),
          texts: domains.map(({ costs }) => formatMoney(formatUsd(costs[n]!.pico))),
          notes: unpriced > 0 ? [`${formatExact(unpriced)} requests unpriced`] : [],
        };
      }),
      bucketMs,
      isWhole: false,
      short: (value) => formatMoney(String(Math.round(value * 1e6) / 1e6)),
    }),
    // A colour's name is a domain's: no figure, but it may have digits.
    [`${place} .legend`]: [`${domains.map(({ name }) => name).join(" ")} in progress`],
    [`${place} .chart-table thead`]: [["Start", ...domains.map(({ name }) => name)].join(" | ")],
  };
}

const usage: Check = {
  path: "/usage",
  async expected(demo) {
    const [sums, { windows }, hourly] = await Promise.all([
      demo.getJson<Overview>(`/api/overview?${lastDay()}`),
      demo.getJson<WindowList>("/api/windows"),
      demo.getJson<HourlyTokens>("/api/usage/tokens/hourly?days=2"),
    ]);
    return {
      ...(await filterBar(demo)),
      "#live-stats .stat-card": tiles(sums),
      "#live-windows .window-list > li": windowList(windows),
      ...tokenChart("main > .card:has(.bars):has(a[href^='/usage.csv'])", sums),
      ...costChart(hourly, sums.bucketMs),
      "table.usage tbody tr": [
        ...usageRows(sums.domains.map((one) => ({ ...one, name: one.domain }))),
        ...usageRows(sums.accounts.map((one) => ({ ...one, name: one.accountId }))),
        ...usageRows(sums.models.map((one) => ({ ...one, name: one.model }))),
        ...usageRows(sums.requestTypes.map((one) => ({ ...one, name: one.requestType }))),
      ],
    };
  },
};

const account: Check = {
  path: "/usage?accountId=acc_checkout",
  // Drawn over time; what it draws is in the API's history, and its lines are tested by themselves.
  apart: ["#live-account figure", "#live-stats", ".card:has(.bars)", "table.usage", "#live-window-usage h2"],
  async expected(demo) {
    const detail = await demo.getJson<WindowDetail>("/api/windows/acc_checkout?historyHours=24");
    const rows = (list: readonly WindowDetail["domains"][number][], named: (n: number) => string) =>
      list
        .slice(0, 12)
        .map((one, n) =>
          [
            named(n),
            formatExact(one.requests),
            short(one.outputTokens),
            money(one.requests === 0 ? "0" : one.costUsd),
            formatShare(one.shareOfTokens),
          ].join(" | "),
        );
    const tables = [
      rows(detail.sessions as never, (n) => {
        const { sessionId } = detail.sessions[n]!;
        return sessionId === null ? "No session" : `${sessionId.slice(-8)} {${sessionId}}`;
      }),
      rows(detail.domains, (n) => `${detail.domains[n]!.domain} {${detail.domains[n]!.domain}}`),
      rows(
        detail.models as never,
        (n) => `${shortModel(detail.models[n]!.model!)} {${detail.models[n]!.model}}`,
      ),
    ];
    return {
      ...(await filterBar(demo)),
      "#live-account > h2": [`Usage windows of ${detail.accountId} reported ${at(detail.reportedAt)}`],
      "#live-account .window-rows, #live-account .window-none": [windowBars(detail, true)],
      "#live-window-usage tbody tr": tables.flat(),
      "#live-window-usage .card-foot": tables.length === 0 ? [] : (shown) => shown,
      "main > .card:not(:has(figure)) > .scroll > table:not(.usage) tbody tr": detail.classic.map((one) =>
        [
          one.kind.replaceAll("-", " "),
          formatExact(one.limit),
          formatExact(one.remaining),
          formatShare(one.utilization),
          at(one.resetsAt),
        ].join(" | "),
      ),
    };
  },
};

const errors: Check = {
  path: "/errors",
  async expected(demo) {
    const ask = (query: string) => demo.getJson<RequestList>(`/api/requests?${lastDay()}&${query}&limit=50`);
    const [found, sums, ...lists] = await Promise.all([
      demo.getJson<Errors>(`/api/errors?${lastDay()}`),
      demo.getJson<Overview>(`/api/overview?${lastDay()}`),
      ask("status=4xx"),
      ask("status=5xx"),
      ask("outcome=upstream_failed"),
      ask("outcome=interrupted"),
    ]);
    const rows: RequestRow[] = lists
      .flatMap(({ requests }) => requests)
      .toSorted((left, right) => Date.parse(right.timestamp) - Date.parse(left.timestamp));
    const kinds = found.types
      .map((one) => ({ ...one, name: `${one.status} ${one.errorType}` }))
      .toSorted(
        (left, right) =>
          right.count - left.count || (left.latest.timestamp > right.latest.timestamp ? -1 : 1),
      );
    const share = (name: string, count: number, requests: number) =>
      `${wire(name, 48)} | ${formatExact(count)} | ${formatShare(requests === 0 ? null : count / requests)} {${several(requests, "request")}}`;
    const requestsOf = (list: readonly Named[], name: string) =>
      list.find((one) => one.name === name)?.requests ?? 0;
    const domains = sums.domains.map((one) => ({ ...one, name: one.domain }));
    const models = sums.models.map((one) => ({ ...one, name: one.model }));
    return {
      ...(await filterBar(demo)),
      "#live-error-chart > h2": [
        `Errors per ${unitOf(found.bucketMs)} ${formatExact(found.total)} of ${several(found.requests, "request")}, ${formatShare(found.total / found.requests)}`,
      ],
      ...chart("#live-error-chart", {
        label: `Errors per ${unitOf(found.bucketMs)}`,
        names: ["Errors"],
        points: found.series.map(({ time, count }) => ({
          start: Date.parse(time),
          values: [count],
          texts: [formatExact(count)],
          notes: [],
        })),
        bucketMs: found.bucketMs,
        isWhole: true,
        short: formatShort,
      }),
      "#live-error-chart .legend": (shown) => shown,
      ".pair > .card > h2": [`By error ${several(found.total, "error")}`],
      ".pair > .card tbody tr": kinds.map(
        ({ name, count, latest }) =>
          `${wire(name, 60)} | ${formatExact(count)} | ${at(latest.timestamp)} | ${formatShare(count / found.total)}`,
      ),
      ".column tbody tr": [
        ...found.domains.map(({ domain, count }) => share(domain, count, requestsOf(domains, domain))),
        ...found.models.map(({ model: name, count }) =>
          share(name === null ? "(none)" : shortModel(name), count, requestsOf(models, name ?? "")),
        ),
      ],
      "#live-errors h2": [`Most recent ${several(rows.length, "request")}`],
      "#live-errors tbody tr": rows.map((row) =>
        [
          at(row.timestamp),
          ended(row),
          wire(shortModel(row.model ?? row.endpoint), 32),
          wire(row.domain, 40),
          wire(row.error, 160),
        ].join(" | "),
      ),
    };
  },
};

export const SUMS = [overview, usage, account, errors];
