/**
 * The overview of a period: totals beside those of the previous period, a time series, and the top domains, accounts, models
 * and types. Exact to the millisecond: whole rollups, and rows at the ends of the period. Three concurrent statements.
 */
import { type SQL, sql } from "drizzle-orm";
import { ROLLUP_BUCKET_MS } from "../../runtime/constants.ts";
import { BUCKET_MS, type Buckets, bucketsOf, iso } from "../../domain/usage/calendar.ts";
import {
  addHistograms,
  LATENCY_BOUNDS_MS,
  LATENCY_CLASSES,
  quantile,
} from "../../domain/usage/latency-histogram.ts";
import type { Overview, OverviewTotals } from "../../schemas/api/overview.ts";
import type { DatabaseConfig } from "../db/db.ts";
import { readRows, timestamptzArray } from "../db/sql.ts";
import { sumUsdText } from "./cost.ts";
import { matches, type PeriodParts, periodParts, type UsageFilter, usageSources } from "./read.ts";
import {
  addUsage,
  cacheHitShare,
  tokenTotalsView,
  SUMS,
  toTotals,
  type TotalsRow,
  type UsageTotals,
  withShareRequests,
  ZERO_USAGE,
} from "./totals.ts";

/** `from` before `to`; `timeZone`: of the hours and days of the series. */
export type OverviewFilter = UsageFilter & {
  from: number;
  to: number;
  timeZone: string;
  seriesBy?: "domain" | undefined;
};

/** Entries of each top list. */
const MAX_TOP = 200;
/** Domains that the cost by domain names. */
const MAX_SERIES = 7;

interface GroupRow extends TotalsRow {
  grouping: number;
  /** Position of the bucket in the series, from 1. */
  slot: number | null;
  /** Null in a group of several domains. */
  domain_id: string | null;
  name: string | null;
  account_id: string | null;
  model: string | null;
  request_type: string | null;
}
/** Responses per latency class in one bucket of the series. */
interface LatencyRow extends Record<string, unknown> {
  slot: number;
  durations: string[];
  first_bytes: string[];
}

/** Bits of grouping(): a set bit is a column that was summed over. */
const [SLOT, DOMAIN, ACCOUNT, MODEL, TYPE] = [0b01111, 0b10111, 0b11011, 0b11101, 0b11110];
const SLOT_AND_DOMAIN = SLOT & DOMAIN;

export async function readOverview(
  config: DatabaseConfig,
  filter: OverviewFilter,
): Promise<Omit<Overview, "inFlight">> {
  const { from, to, timeZone } = filter;
  const previous = { ...filter, from: from - (to - from), to: from };
  const buckets = bucketsOf(from, to, timeZone);
  const parts = periodParts(filter, fitRollups(buckets));
  // Concurrent rather than in a batch: each reads tens of thousands of rollups, and PostgreSQL has several cores.
  const [groups, before, latencies] = await Promise.all([
    readRows<GroupRow>(config, groupsStatement(filter, parts, buckets)),
    readRows<TotalsRow>(
      config,
      sql`select ${SUMS} from (${usageSources(previous, periodParts(previous))}) sources`,
    ),
    readRows<LatencyRow>(config, latenciesStatement(filter, parts, buckets)),
  ]);
  const of = (grouping: number) => groups.filter((row) => Number(row.grouping) === grouping);
  const totalsOf = (row: TotalsRow, isOfOneModel = filter.model !== undefined) =>
    isOfOneModel ? withShareRequests(toTotals(row)) : toTotals(row);
  const top = (grouping: number) =>
    of(grouping)
      .map((row) => ({ row, totals: totalsOf(row, filter.model !== undefined || grouping === MODEL) }))
      .sort((a, b) => b.totals.requests - a.totals.requests || Number(b.totals.costPico - a.totals.costPico))
      .slice(0, MAX_TOP)
      .map(({ row, totals }) => ({ ...overviewTotals(totals), row }));
  const slots = new Map(of(SLOT).map((row) => [Number(row.slot), totalsOf(row)]));
  return {
    from: iso(from),
    to: iso(to),
    totals: { ...overviewTotals(addUsage([...slots.values()])), ...percentiles(latencies) },
    previousFrom: iso(previous.from),
    previous: overviewTotals(addUsage(before.map((row) => totalsOf(row)))),
    bucket: buckets.unit,
    bucketMs: BUCKET_MS[buckets.unit],
    series: buckets.starts.map((at, index) => {
      const own = latencies.filter(({ slot }) => Number(slot) === index + 1);
      return {
        time: iso(at),
        ...overviewTotals(slots.get(index + 1) ?? ZERO_USAGE),
        firstByteP50Ms: percentiles(own).firstByteP50Ms,
      };
    }),
    ...(filter.seriesBy === "domain" && {
      costByDomain: costByDomain(of(SLOT_AND_DOMAIN), buckets, totalsOf),
    }),
    domains: top(DOMAIN).map(({ row, ...totals }) => ({ domain: row.name ?? "", ...totals })),
    accounts: top(ACCOUNT).map(({ row, ...totals }) => ({ accountId: row.account_id ?? "", ...totals })),
    models: top(MODEL).map(({ row, ...totals }) => ({ model: row.model ?? "", ...totals })),
    requestTypes: top(TYPE).map(({ row, ...totals }) => ({ requestType: row.request_type ?? "", ...totals })),
  };
}

/** Whether every rollup lies within one bucket. */
export function fitRollups({ starts }: Buckets): boolean {
  return starts.every((start) => start % ROLLUP_BUCKET_MS === 0);
}

function costByDomain(
  cells: readonly GroupRow[],
  { starts }: Buckets,
  totalsOf: (row: TotalsRow) => UsageTotals,
): Overview["costByDomain"] {
  const domains = Map.groupBy(cells, ({ domain_id }) => domain_id);
  return [...domains]
    .map(([id, rows]) => {
      const bySlot = new Map(rows.map((row) => [Number(row.slot), totalsOf(row)]));
      const total = addUsage([...bySlot.values()]);
      const series = starts.map((_, index) => costUsdOf(bySlot.get(index + 1) ?? ZERO_USAGE));
      const { unpricedCount } = total;
      return {
        id,
        total,
        view: { domain: rows[0]!.name, costUsd: costUsdOf(total), unpricedCount, series },
      };
    })
    .sort(
      (a, b) =>
        Number(a.id === null) - Number(b.id === null) ||
        Number(b.total.costPico - a.total.costPico) ||
        (a.view.domain! < b.view.domain! ? -1 : 1),
    )
    .map(({ view }) => view);
}

function costUsdOf({ costPico, unpricedCount }: UsageTotals): string | null {
  return sumUsdText(costPico, unpricedCount);
}

function groupsStatement(filter: OverviewFilter, parts: PeriodParts, { starts }: Buckets): SQL {
  const byDomain = filter.seriesBy === "domain";
  const columns = sql.raw("slot, domain_id, account_id, model, request_type");
  // The cells of all domains may be many: those beyond the most expensive are added up.
  const cells = byDomain
    ? sql`select * from cells where grouping <> ${SLOT_AND_DOMAIN}
        union all
        select ${SLOT_AND_DOMAIN}, slot, largest.domain_id, null, null, null, ${SUMS}
        from cells left join (
          select domain_id from cells where grouping = ${DOMAIN} order by cost_pico desc, domain_id limit ${MAX_SERIES}
        ) largest using (domain_id)
        where grouping = ${SLOT_AND_DOMAIN} group by slot, largest.domain_id`
    : sql`select * from cells`;
  return sql`
    with cells as (
      select grouping(${columns}) as grouping, ${columns}, ${SUMS}
      from (
        select *, width_bucket(bucket, ${timestamptzArray(starts)}) as slot from (${usageSources(filter, parts)}) s
      ) sources
      group by grouping sets (
        (slot), (domain_id), (account_id), (model), (request_type) ${byDomain ? sql`, (slot, domain_id)` : sql``}
      )
    )
    select g.*, d.name from (${cells}) g left join domains d on d.id = g.domain_id`;
}

function latenciesStatement(
  filter: OverviewFilter,
  { rollups, rows }: PeriodParts,
  { starts }: Buckets,
): SQL {
  const slotOf = (time: string) => sql`width_bucket(${sql.raw(time)}, ${timestamptzArray(starts)}) as slot`;
  const sources = rows.map(
    (span) => sql`
      select slot, ${classCounts("duration")} as duration_histogram, ${classCounts("first_byte")} as first_byte_histogram
      from (
        select ${slotOf("started_at")}, ${latencyClass("duration_ms")} as duration,
          ${latencyClass("time_to_first_byte_ms")} as first_byte
        from requests where ${matches("started_at", span, filter)}
      ) classes group by slot`,
  );
  if (rollups)
    sources.unshift(sql`
      select ${slotOf("bucket")}, duration_histogram, first_byte_histogram
      from rollups where ${matches("bucket", rollups, filter)}`);
  return sql`select slot, ${classSums("duration_histogram")} as durations,
      ${classSums("first_byte_histogram")} as first_bytes
    from (${sql.join(sources, sql` union all `)}) sources group by slot`;
}

const CLASSES = Array.from({ length: LATENCY_CLASSES }, (_, index) => index);

/** One sum per class: unnesting the arrays took twice as long. */
function classSums(column: string): SQL {
  const sums = CLASSES.map((index) => `coalesce(sum(${column}[${index + 1}]), 0)`);
  return sql.raw(`array[${sums.join(", ")}]::int8[]`);
}

/** The histogram of a column of classes. */
function classCounts(column: string): SQL {
  const counts = CLASSES.map((index) => `count(*) filter (where ${column} = ${index})`);
  return sql.raw(`array[${counts.join(", ")}]::int4[]`);
}

/** As latencyClass of domain/usage/latency-histogram.ts: how many bounds are below the duration. Negated, because bounds are inclusive. */
function latencyClass(column: string): SQL {
  const bounds = LATENCY_BOUNDS_MS.map((bound) => -bound).toReversed();
  return sql.raw(`${bounds.length} - width_bucket(-${column}, '{${bounds.join(",")}}'::float8[])`);
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
