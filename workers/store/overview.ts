/**
 * The overview of a period: its sums beside those of the period before, its course, and who was busiest. From the rollups
 * alone, so periods are cut to their five minutes; two statements in one round trip.
 */
import { type SQL, sql } from "drizzle-orm";
import { ROLLUP_BUCKET_MS } from "../constants.ts";
import { LATENCY_CLASSES, quantile } from "../domain/latency.ts";
import type { Overview, Sums, Totals } from "../schemas/api-stats.ts";
import { type DatabaseConfig, withReader } from "./db.ts";
import { sumUsdText } from "./stats-usd.ts";

export interface OverviewFilter {
  /** Epoch milliseconds; `from` before `to`. */
  from: number;
  to: number;
  domain: string | undefined;
  accountId: string | undefined;
  model: string | undefined;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** Entries of each list of the busiest. */
const BUSIEST = 20;

/** PostgreSQL sends sums as text. */
interface SumRow extends Record<string, unknown> {
  requests: string;
  errors: string;
  input: string;
  output: string;
  cache_read: string;
  cache_creation: string;
  thinking: string;
  tools: string;
  cost: string;
  unpriced: string;
  first_byte: string[];
}
interface TotalRow extends SumRow {
  is_now: boolean;
  duration: string[];
}
interface GroupRow extends SumRow {
  grouping: number;
  slot: string | null;
  name: string | null;
  account_id: string | null;
  model: string | null;
  request_type: string | null;
}

const SUMS = sql`sum(requests) as requests, sum(errors) as errors, sum(input_tokens) as input,
  sum(output_tokens) as output, sum(cache_read_input_tokens) as cache_read,
  sum(cache_creation_input_tokens) as cache_creation, sum(thinking_tokens) as thinking,
  sum(tool_call_count) as tools, sum(cost_pico) as cost, sum(unpriced_count) as unpriced`;

export async function readOverview(config: DatabaseConfig, filter: OverviewFilter): Promise<Overview> {
  const from = Math.floor(filter.from / ROLLUP_BUCKET_MS) * ROLLUP_BUCKET_MS;
  const { to } = filter;
  const span = to - from;
  const previousFrom = Math.floor((from - span) / ROLLUP_BUCKET_MS) * ROLLUP_BUCKET_MS;
  const bucketMs = span <= 3 * HOUR_MS ? ROLLUP_BUCKET_MS : span <= 8 * DAY_MS ? HOUR_MS : DAY_MS;
  const [totals, groups] = await withReader(config, async (db) => {
    const [first, second] = await db.batch([
      db.execute(totalsStatement(filter, previousFrom, from)),
      db.execute(groupsStatement(filter, from, bucketMs)),
    ]);
    return [first.rows as TotalRow[], second.rows as GroupRow[]] as const;
  });
  // Bits of grouping(): a set bit is a column that was summed over.
  const [SLOT, DOMAIN, ACCOUNT, MODEL, TYPE] = [0b01111, 0b10111, 0b11011, 0b11101, 0b11110];
  const of = (grouping: number) => groups.filter((row) => Number(row.grouping) === grouping);
  const busiest = (grouping: number) =>
    of(grouping)
      .sort((a, b) => Number(b.requests) - Number(a.requests))
      .slice(0, BUSIEST);
  const slots = new Map(of(SLOT).map((row) => [Number(row.slot) * 1_000, row]));
  const times: number[] = [];
  for (let at = Math.floor(from / bucketMs) * bucketMs; at < to; at += bucketMs) times.push(at);
  return {
    from: iso(from),
    to: iso(to),
    totals: totalsOf(totals.find((row) => row.is_now)),
    previousFrom: iso(previousFrom),
    previous: totalsOf(totals.find((row) => !row.is_now)),
    bucketMs,
    series: times.map((at) => {
      const row = slots.get(at);
      return {
        time: iso(at),
        ...sumsOf(row),
        firstByteP50Ms: row ? quantile(row.first_byte.map(Number), 0.5) : null,
      };
    }),
    domains: busiest(DOMAIN).map((row) => ({ domain: row.name ?? "", ...sumsOf(row) })),
    accounts: busiest(ACCOUNT).map((row) => ({ accountId: row.account_id ?? "", ...sumsOf(row) })),
    models: busiest(MODEL).map((row) => ({ model: row.model ?? "", ...sumsOf(row) })),
    requestTypes: busiest(TYPE).map((row) => ({ requestType: row.request_type ?? "", ...sumsOf(row) })),
  };
}

function totalsStatement(filter: OverviewFilter, previousFrom: number, from: number): SQL {
  return sql`select bucket >= ${iso(from)}::timestamptz as is_now, ${SUMS},
    ${histogram("duration_histogram")} as duration, ${histogram("first_byte_histogram")} as first_byte
    from rollups where ${within(filter, previousFrom)} group by 1`;
}

function groupsStatement(filter: OverviewFilter, from: number, bucketMs: number): SQL {
  const seconds = sql.raw(String(bucketMs / 1_000));
  return sql`select g.*, d.name from (
      select grouping(slot, domain_id, account_id, model, request_type) as grouping,
        slot, domain_id, account_id, model, request_type, ${SUMS}, ${histogram("first_byte_histogram")} as first_byte
      from (select *, floor(extract(epoch from bucket) / ${seconds})::int8 * ${seconds} as slot
        from rollups where ${within(filter, from)}) r
      group by grouping sets ((slot), (domain_id), (account_id), (model), (request_type))
    ) g left join domains d on d.id = g.domain_id`;
}

function within({ to, domain, accountId, model }: OverviewFilter, from: number): SQL {
  const conditions = [
    sql`bucket >= ${iso(from)}::timestamptz`,
    sql`bucket < ${iso(to)}::timestamptz`,
    ...(domain === undefined ? [] : [sql`domain_id = (select id from domains where name = ${domain})`]),
    ...(accountId === undefined ? [] : [sql`account_id = ${accountId}`]),
    ...(model === undefined ? [] : [sql`model = ${model}`]),
  ];
  return sql.join(conditions, sql` and `);
}

/** Class by class: unnesting arrays of this size costs many times as much. */
function histogram(column: string): SQL {
  const classes = Array.from({ length: LATENCY_CLASSES }, (_, n) => `coalesce(sum(${column}[${n + 1}]), 0)`);
  return sql.raw(`array[${classes.join(", ")}]::int8[]`);
}

function totalsOf(row: TotalRow | undefined): Totals {
  const at = (histogram: string[] | undefined, q: number) =>
    histogram ? quantile(histogram.map(Number), q) : null;
  return {
    ...sumsOf(row),
    firstByteP50Ms: at(row?.first_byte, 0.5),
    firstByteP95Ms: at(row?.first_byte, 0.95),
    durationP50Ms: at(row?.duration, 0.5),
    durationP95Ms: at(row?.duration, 0.95),
  };
}

function sumsOf(row: SumRow | undefined): Sums {
  const number = (value: string | undefined) => Number(value ?? 0);
  const [input, output] = [number(row?.input), number(row?.output)];
  const [cacheRead, cacheCreation] = [number(row?.cache_read), number(row?.cache_creation)];
  const prompt = input + cacheRead + cacheCreation;
  return {
    requests: number(row?.requests),
    errors: number(row?.errors),
    inputTokens: input,
    outputTokens: output,
    totalTokens: input + output,
    cacheReadInputTokens: cacheRead,
    cacheCreationInputTokens: cacheCreation,
    thinkingTokens: number(row?.thinking),
    toolCallCount: number(row?.tools),
    cacheHitShare: prompt === 0 ? null : cacheRead / prompt,
    costUsd: sumUsdText(BigInt(row?.cost ?? 0), number(row?.unpriced)),
    unpricedCount: number(row?.unpriced),
  };
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
