/**
 * The overview of a period: totals beside those of the previous period, a time series, and the top domains, accounts, models
 * and types. From rollups alone, so periods are rounded to five minutes; three concurrent statements.
 */
import { type SQL, sql } from "drizzle-orm";
import { DAY_MS, HOUR_MS, ROLLUP_BUCKET_MS } from "../../runtime/constants.ts";
import { addHistograms, LATENCY_CLASSES, quantile } from "../../domain/usage/latency-histogram.ts";
import type { Overview, OverviewTotals } from "../../schemas/api/overview.ts";
import type { DatabaseConfig } from "../db/db.ts";
import { allOf, inDomain, readRows, timestamptz } from "../db/sql.ts";
import type { UsageFilter } from "./read.ts";
import {
  addUsage,
  cacheHitShare,
  tokenTotalsView,
  SUMS,
  toTotals,
  type TotalsRow,
  type UsageTotals,
  ZERO_USAGE,
} from "./totals.ts";

/** `from` before `to`. */
export type OverviewFilter = UsageFilter & { from: number; to: number };

/** Entries of each top list. */
const MAX_TOP = 20;

interface GroupRow extends TotalsRow {
  grouping: number;
  slot: string | null;
  name: string | null;
  account_id: string | null;
  model: string | null;
  request_type: string | null;
}
/** Responses per latency class in one bucket of the series. */
interface LatencyRow extends Record<string, unknown> {
  slot: string;
  durations: string[];
  first_bytes: string[];
}

export async function readOverview(
  config: DatabaseConfig,
  filter: OverviewFilter,
): Promise<Omit<Overview, "inFlight">> {
  const { from, to, previousFrom, bucketMs } = alignPeriod(filter.from, filter.to);
  // Concurrent rather than in a batch: each reads tens of thousands of rollups, and PostgreSQL has several cores.
  const [groups, before, latencies] = await Promise.all([
    readRows<GroupRow>(config, groupsStatement(filter, from, bucketMs)),
    readRows<TotalsRow>(
      config,
      sql`select ${SUMS} from rollups where ${periodFilter(filter, previousFrom, from)}`,
    ),
    readRows<LatencyRow>(config, latenciesStatement(filter, from, bucketMs)),
  ]);
  // Bits of grouping(): a set bit is a column that was summed over.
  const [SLOT, DOMAIN, ACCOUNT, MODEL, TYPE] = [0b01111, 0b10111, 0b11011, 0b11101, 0b11110];
  const of = (grouping: number) => groups.filter((row) => Number(row.grouping) === grouping);
  const top = (grouping: number) =>
    of(grouping)
      .sort((a, b) => Number(b.requests) - Number(a.requests))
      .slice(0, MAX_TOP);
  const slots = new Map(of(SLOT).map((row) => [Number(row.slot) * 1_000, row]));
  const times: number[] = [];
  for (let at = Math.floor(from / bucketMs) * bucketMs; at < to; at += bucketMs) times.push(at);
  return {
    from: iso(from),
    to: iso(to),
    totals: { ...overviewTotals(addUsage(of(SLOT).map(toTotals))), ...percentiles(latencies) },
    previousFrom: iso(previousFrom),
    previous: overviewTotals(addUsage(before.map(toTotals))),
    bucketMs,
    series: times.map((at) => {
      const row = slots.get(at);
      const own = latencies.filter(({ slot }) => Number(slot) * 1_000 === at);
      return {
        time: iso(at),
        ...overviewTotals(row ? toTotals(row) : ZERO_USAGE),
        firstByteP50Ms: percentiles(own).firstByteP50Ms,
      };
    }),
    domains: top(DOMAIN).map((row) => ({ domain: row.name ?? "", ...overviewTotals(toTotals(row)) })),
    accounts: top(ACCOUNT).map((row) => ({
      accountId: row.account_id ?? "",
      ...overviewTotals(toTotals(row)),
    })),
    models: top(MODEL).map((row) => ({ model: row.model ?? "", ...overviewTotals(toTotals(row)) })),
    requestTypes: top(TYPE).map((row) => ({
      requestType: row.request_type ?? "",
      ...overviewTotals(toTotals(row)),
    })),
  };
}

/** The period rounded to rollups, the previous period of the same length, and the bucket length of the series. */
function alignPeriod(start: number, to: number) {
  const from = floor(start);
  const span = to - from;
  return { from, to, previousFrom: floor(from - span), bucketMs: seriesBucketMs(span) };
}

/** The bucket length for the time series of a period. */
export function seriesBucketMs(span: number): number {
  return span <= 3 * HOUR_MS ? ROLLUP_BUCKET_MS : span <= 8 * DAY_MS ? HOUR_MS : DAY_MS;
}

function groupsStatement(filter: OverviewFilter, from: number, bucketMs: number): SQL {
  return sql`select g.*, d.name from (
      select grouping(slot, domain_id, account_id, model, request_type) as grouping,
        slot, domain_id, account_id, model, request_type, ${SUMS}
      from (select *, ${slot(bucketMs)} as slot from rollups where ${periodFilter(filter, from, filter.to)}) r
      group by grouping sets ((slot), (domain_id), (account_id), (model), (request_type))
    ) g left join domains d on d.id = g.domain_id`;
}

function latenciesStatement(filter: OverviewFilter, from: number, bucketMs: number): SQL {
  return sql`select ${slot(bucketMs)} as slot, ${classSums("duration_histogram")} as durations,
      ${classSums("first_byte_histogram")} as first_bytes
    from rollups where ${periodFilter(filter, from, filter.to)} group by 1`;
}

/** One sum per class: unnesting the arrays took twice as long. */
function classSums(column: string): SQL {
  const sums = Array.from({ length: LATENCY_CLASSES }, (_, n) => `coalesce(sum(${column}[${n + 1}]), 0)`);
  return sql.raw(`array[${sums.join(", ")}]::int8[]`);
}

/** Start of a rollup's bucket in the series, epoch seconds. */
function slot(bucketMs: number): SQL {
  const seconds = sql.raw(String(bucketMs / 1_000));
  return sql`floor(extract(epoch from bucket) / ${seconds})::int8 * ${seconds}`;
}

function periodFilter({ domain, accountId, model }: OverviewFilter, from: number, to: number): SQL {
  return allOf(
    sql`bucket >= ${timestamptz(from)}`,
    sql`bucket < ${timestamptz(to)}`,
    inDomain(domain),
    accountId === undefined ? undefined : sql`account_id = ${accountId}`,
    model === undefined ? undefined : sql`model = ${model}`,
  );
}

function percentiles(rows: LatencyRow[]) {
  const sum = (name: "durations" | "first_bytes") =>
    rows.reduce((sums, row) => addHistograms(sums, row[name].map(Number)), new Array<number>());
  const [durations, firstBytes] = [sum("durations"), sum("first_bytes")];
  return {
    firstByteP50Ms: quantile(firstBytes, 0.5),
    firstByteP95Ms: quantile(firstBytes, 0.95),
    durationP50Ms: quantile(durations, 0.5),
    durationP95Ms: quantile(durations, 0.95),
  };
}

function overviewTotals(totals: UsageTotals): OverviewTotals {
  const { requests, errors, thinkingTokens, toolCallCount } = totals;
  return {
    requests,
    errors,
    ...tokenTotalsView(totals),
    thinkingTokens,
    toolCallCount,
    cacheHitShare: cacheHitShare(totals),
  };
}

function floor(at: number): number {
  return Math.floor(at / ROLLUP_BUCKET_MS) * ROLLUP_BUCKET_MS;
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
