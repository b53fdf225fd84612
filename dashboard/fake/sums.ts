/** Overview and status as the API would sum them, from rows. */
import type { Errors } from "../../workers/schemas/api/failures.ts";
import type { HourlyTokens } from "../../workers/schemas/api/compat.ts";
import type {
  Overview,
  OverviewTotals as Sums,
  PeriodTotals as Totals,
} from "../../workers/schemas/api/overview.ts";
import type { Status } from "../../workers/schemas/api/status.ts";
import { formatUsd, parseUsd } from "../../workers/domain/pricing/usd.ts";
import type { RequestRow } from "../../workers/schemas/api/requests.ts";

function sums(rows: readonly RequestRow[]): Sums {
  const add = (read: (row: RequestRow) => number | null) =>
    rows.reduce((sum, row) => sum + (read(row) ?? 0), 0);
  const input = add((row) => row.inputTokens);
  const output = add((row) => row.outputTokens);
  const read = add((row) => row.cacheReadInputTokens);
  const write = add((row) => row.cacheCreationInputTokens);
  const prompt = input + read + write;
  return {
    requests: rows.length,
    errors: rows.filter((row) => (row.responseStatus ?? 0) >= 400).length,
    inputTokens: input,
    outputTokens: output,
    totalTokens: input + output,
    cacheReadInputTokens: read,
    cacheCreationInputTokens: write,
    thinkingTokens: add((row) => row.thinkingTokens),
    toolCallCount: add((row) => row.toolCallCount),
    cacheHitShare: prompt === 0 ? null : read / prompt,
    costUsd: formatUsd(
      rows.reduce((sum, row) => sum + (row.costUsd === null ? 0n : parseUsd(row.costUsd)), 0n),
    ),
    unpricedCount: rows.filter((row) => row.costUsd === null).length,
  };
}

function median(rows: readonly RequestRow[], read: (row: RequestRow) => number | null): number | null {
  const values = rows.flatMap((row) => read(row) ?? []).sort((left, right) => left - right);
  return values.length === 0 ? null : values[Math.floor(values.length / 2)]!;
}

function totals(rows: readonly RequestRow[]): Totals {
  const first = median(rows, (row) => row.timeToFirstByteMs);
  const duration = median(rows, (row) => row.durationMs);
  return {
    ...sums(rows),
    firstByteP50Ms: first,
    firstByteP95Ms: first,
    durationP50Ms: duration,
    durationP95Ms: duration,
  };
}

function grouped<K extends string>(
  rows: readonly RequestRow[],
  key: K,
  read: (row: RequestRow) => string | null,
) {
  const groups = Map.groupBy(rows, (row) => read(row) ?? "");
  return [...groups].map(([name, group]) => ({ [key]: name, ...sums(group) }) as { [P in K]: string } & Sums);
}

export function overviewOf(rows: readonly RequestRow[], from: number, to: number): Overview {
  const within = (start: number, end: number) =>
    rows.filter((row) => Date.parse(row.timestamp) >= start && Date.parse(row.timestamp) < end);
  const now = within(from, to);
  const bucketMs = to - from > 3 * 86_400_000 ? 86_400_000 : to - from > 7_200_000 ? 3_600_000 : 300_000;
  const series = [];
  for (let start = Math.floor(from / bucketMs) * bucketMs; start < to; start += bucketMs) {
    const bucket = now.filter((row) => Math.floor(Date.parse(row.timestamp) / bucketMs) * bucketMs === start);
    series.push({
      time: new Date(start).toISOString(),
      ...sums(bucket),
      firstByteP50Ms: median(bucket, (row) => row.timeToFirstByteMs),
    });
  }
  return {
    from: new Date(from).toISOString(),
    to: new Date(to).toISOString(),
    totals: totals(now),
    previousFrom: new Date(from - (to - from)).toISOString(),
    previous: totals(within(from - (to - from), from)),
    bucketMs,
    series,
    domains: grouped(now, "domain", (row) => row.domain),
    accounts: grouped(now, "accountId", (row) => row.accountId),
    models: grouped(now, "model", (row) => row.model),
    requestTypes: grouped(now, "requestType", (row) => row.requestType),
    inFlight: {
      count: Math.min(2, now.length),
      newest: now.slice(0, 2).map(({ requestId, domain, accountId, model }, index) => ({
        requestId,
        domain,
        accountId,
        model,
        startedAt: new Date(to - 4_000 * (index + 1)).toISOString(),
      })),
    },
  };
}

export function statusOf(rows: readonly RequestRow[], now: number, isLate: boolean): Status {
  return {
    now: new Date(now).toISOString(),
    state: isLate ? "late" : "ok",
    database: { reachable: true, latencyMs: 3.4 },
    journal: {
      reachable: true,
      entries: isLate ? 412 : 3,
      isMore: false,
      ended: isLate ? 409 : 0,
      oldestAgeMs: isLate ? 11 * 60_000 : null,
      bytes: 1_204_331,
    },
    ingestFailures: {
      count: isLate ? 1 : 0,
      newest: isLate
        ? [
            {
              exchangeId: "019ab1c2-d3e4-7f00-8a1b-2c3d4e5f6071",
              domain: '<img src=x onerror="alert(1)">.example.com',
              error: 'invalid byte sequence for encoding "UTF8": 0x00',
              attempts: 20,
              firstAt: new Date(now - 7_200_000).toISOString(),
              lastAt: new Date(now - 60_000).toISOString(),
            },
          ]
        : [],
    },
    inFlight: isLate ? null : 0,
    linking: { continuations: 480, orphans: 2, linkedShare: 478 / 480 },
    searchWaiting: isLate ? 1_204 : 0,
    counters: rows.length === 0 ? {} : { refused_unauthenticated: 42, refused_path: 3 },
    unrecorded: isLate ? 7 : 0,
    lastErrors: rows
      .filter((row) => (row.responseStatus ?? 500) >= 400 || row.outcome !== "complete")
      .slice(0, 5)
      .map(({ requestId, domain, timestamp, responseStatus, outcome, error }) => ({
        requestId,
        domain,
        timestamp,
        responseStatus,
        outcome,
        error,
      })),
    newestRequestAt: rows[0]?.timestamp ?? null,
    versions: { nexus: "0.1.0", migrations: 4, database: "PostgreSQL 18.0" },
  };
}

/** Hours of each domain, oldest first. */
export function hourlyOf(rows: readonly RequestRow[]): HourlyTokens {
  const data = [...Map.groupBy(rows, (row) => row.domain)].map(([domain, group]) => {
    const hours = Map.groupBy(group, (row) => `${row.timestamp.slice(0, 13)}:00:00.000Z`);
    const points = [...hours].map(([hour, list]) => {
      const { totalTokens, ...rest } = sums(list);
      return { hour, count: totalTokens, ...rest };
    });
    return [domain, points.toSorted((left, right) => (left.hour < right.hour ? -1 : 1))] as const;
  });
  return { data: Object.fromEntries(data), query: { domain: null, days: 30 } };
}

/** What went wrong, as `/api/errors` counts it. */
export function errorsOf(rows: readonly RequestRow[], from: number, to: number): Errors {
  const within = rows.filter(({ timestamp }) => Date.parse(timestamp) >= from && Date.parse(timestamp) < to);
  const failed = within.filter(
    ({ responseStatus, outcome }) =>
      (responseStatus ?? 500) >= 400 || outcome === "upstream_failed" || outcome === "interrupted",
  );
  const count = <K>(keyOf: (row: RequestRow) => K) =>
    [...Map.groupBy(failed, keyOf)].map(([key, list]) => ({ key, count: list.length }));
  const kinds = Map.groupBy(failed, (row) => `${row.errorType} ${row.responseStatus} ${row.outcome}`);
  return {
    from: new Date(from).toISOString(),
    to: new Date(to).toISOString(),
    total: failed.length,
    requests: within.length,
    types: [...kinds.values()].map((list) => {
      const {
        errorType,
        responseStatus: status,
        outcome,
        requestId,
        timestamp,
        domain,
        model,
        error,
      } = list[0]!;
      const latest = { requestId, timestamp, domain, model, message: error };
      return { errorType, status, outcome, count: list.length, latest };
    }),
    statuses: count((row) => row.responseStatus).map(({ key, count }) => ({ status: key, count })),
    domains: count((row) => row.domain).map(({ key, count }) => ({ domain: key, count })),
    accounts: count((row) => row.accountId).map(({ key, count }) => ({ accountId: key, count })),
    models: count((row) => row.model).map(({ key, count }) => ({ model: key, count })),
    bucketMs: 3_600_000,
    series: [],
  };
}
