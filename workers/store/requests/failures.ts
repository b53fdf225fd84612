/** Failed exchanges of a period, counted from the rows: there are few, and the partial index on `failed` has them alone. */
import { type SQL, sql } from "drizzle-orm";
import { BUCKET_MS, type Buckets, bucketsOf, iso } from "../../domain/usage/calendar.ts";
import { errorOf, refusedBy } from "../../domain/outcome.ts";
import type { Errors } from "../../schemas/api/failures.ts";
import type { RefusedBy } from "../../schemas/exchange.ts";
import type { DatabaseConfig } from "../db/db.ts";
import { allOf, isoText, readRows, timestamptz, timestamptzArray, usesModel } from "../db/sql.ts";
import { readUsage, type UsageFilter } from "../usage/read.ts";
import { addUsage } from "../usage/totals.ts";

export interface FailureFilter extends UsageFilter {
  from: number;
  to: number;
  /** Of the hours and days of the series. */
  timeZone: string;
  errorType?: string | undefined;
  /** Of kinds, domains, accounts and models, each. */
  limit: number;
}

/** PostgreSQL sends counts as text. */
interface CountRow extends Record<string, unknown> {
  grouping: number;
  error_type: string | null;
  status: number | null;
  outcome: string | null;
  has_headers: number | null;
  domain: string | null;
  account_id: string | null;
  model: string | null;
  /** Position of the bucket in the series, from 1. */
  slot: number | null;
  count: string;
  latest: string;
}
interface LatestRow extends Record<string, unknown> {
  id: string;
  started_at: string;
  domain: string;
  model: string | null;
  message: string | null;
}

/** Bits of grouping(): a set bit is a column that was counted over. Models are counted apart: a request may have used several. */
const [KIND, STATUS, DOMAIN, ACCOUNT, SLOT] = [0b0000111, 0b1011111, 0b1111011, 0b1111101, 0b1111110];
const MODEL = 0b1111111;

export async function readFailures(config: DatabaseConfig, filter: FailureFilter): Promise<Errors> {
  const { from, to, timeZone, limit } = filter;
  const buckets = bucketsOf(from, to, timeZone);
  const [groups, usage] = await Promise.all([
    readRows<CountRow>(config, countsStatement(filter, buckets)),
    readUsage(config, filter),
  ]);
  const of = (grouping: number) =>
    groups
      .filter((row) => Number(row.grouping) === grouping)
      .sort((a, b) => Number(b.count) - Number(a.count) || (a.latest > b.latest ? -1 : 1));
  const countOf = (row: CountRow) => Number(row.count);
  const refusals = (who: RefusedBy) =>
    of(KIND).reduce((sum, row) => sum + (refusedByOf(row) === who ? countOf(row) : 0), 0);
  const kinds = of(KIND).slice(0, limit);
  const ids = kinds.map(({ latest }) => latest);
  const latest = new Map(
    (ids.length === 0 ? [] : await readRows<LatestRow>(config, latestStatement(ids))).map((row) => [
      row.id,
      row,
    ]),
  );
  const slots = new Map(of(SLOT).map((row) => [Number(row.slot), countOf(row)]));
  return {
    from: iso(from),
    to: iso(to),
    total: of(STATUS).reduce((sum, row) => sum + countOf(row), 0),
    requests: addUsage(usage).requests,
    types: kinds.flatMap((row) => {
      const newest = latest.get(row.latest);
      if (!newest) return [];
      const { id: requestId, started_at: timestamp, domain, model, message } = newest;
      const kind = { errorType: row.error_type, status: statusOf(row), outcome: row.outcome ?? "" };
      return [
        {
          ...kind,
          refusedBy: refusedByOf(row),
          count: countOf(row),
          latest: {
            requestId,
            timestamp,
            domain,
            model,
            message: errorOf({ ...kind, failed: true, errorMessage: message }),
          },
        },
      ];
    }),
    statuses: of(STATUS).map((row) => ({
      status: statusOf(row),
      count: countOf(row),
    })),
    refusedBy: { upstream: refusals("upstream"), nexus: refusals("nexus") },
    domains: of(DOMAIN)
      .slice(0, limit)
      .map((row) => ({ domain: row.domain ?? "", count: countOf(row) })),
    accounts: of(ACCOUNT)
      .slice(0, limit)
      .map((row) => ({ accountId: row.account_id, count: countOf(row) })),
    models: of(MODEL)
      .slice(0, limit)
      .map((row) => ({ model: row.model, count: countOf(row) })),
    bucket: buckets.unit,
    bucketMs: BUCKET_MS[buckets.unit],
    series: buckets.starts.map((at, index) => ({ time: iso(at), count: slots.get(index + 1) ?? 0 })),
  };
}

function countsStatement(filter: FailureFilter, { starts }: Buckets): SQL {
  const { from, to, domain, accountId, model, errorType } = filter;
  const where = allOf(
    sql`r.failed`,
    sql`r.started_at >= ${timestamptz(from)}`,
    sql`r.started_at < ${timestamptz(to)}`,
    domain === undefined ? undefined : sql`d.name = ${domain}`,
    accountId === undefined ? undefined : sql`r.account_id = ${accountId}`,
    model === undefined ? undefined : usesModel(model, "r"),
    errorType === undefined ? undefined : sql`r.error_type = ${errorType}`,
  );
  return sql`
    with failed as (
      select r.id::text as id, r.error_type, r.status, r.outcome, (r.time_to_first_byte_ms is not null)::int as has_headers, d.name as domain,
        r.account_id, r.model, r.model_shares,
        width_bucket(r.started_at, ${timestamptzArray(starts)}) as slot
      from requests r join domains d on d.id = r.domain_id where ${where}
    ), used as (
      select id, model from failed
      union select id, share ->> 'model' from failed, jsonb_array_elements(model_shares) share
    )
    select grouping(error_type, status, outcome, has_headers, domain, account_id, slot) as grouping,
      error_type, status, outcome, has_headers, domain, account_id, null as model, slot, count(*) as count, max(id) as latest
    from failed
    group by grouping sets ((error_type, status, outcome, has_headers), (status), (domain), (account_id), (slot))
    union all
    select ${MODEL}, null, null, null, null, null, null, model, null, count(*), max(id)
    from used ${model === undefined ? sql`` : sql`where model = ${model}`} group by model`;
}

function latestStatement(ids: readonly string[]): SQL {
  return sql`
    select r.id, ${isoText("r.started_at")} as started_at,
      d.name as domain, r.model, r.error_message as message
    from requests r join domains d on d.id = r.domain_id
    where r.id in (select value::uuid from jsonb_array_elements_text(${JSON.stringify(ids)}::jsonb) as ids (value))`;
}

function statusOf({ status }: CountRow): number | null {
  return status === null ? null : Number(status);
}

function refusedByOf(row: CountRow): RefusedBy {
  return refusedBy({ status: statusOf(row), timeToFirstByteMs: Number(row.has_headers) === 1 ? 0 : null });
}
