/**
 * Usage totals over any period, exact to the millisecond: whole rollups inside the period, and rows of `requests` only
 * before the first and after the last whole rollup. One statement.
 */
import { type SQL, sql } from "drizzle-orm";
import { ROLLUP_BUCKET_MS } from "../../runtime/constants.ts";
import type { DatabaseConfig } from "../db/db.ts";
import { allOf, inDomain, readRows, timestamptz } from "../db/sql.ts";
import {
  REQUEST_VALUES,
  ROLLUP_VALUES,
  SHARE_VALUES,
  SUMS,
  toTotals,
  type TotalsRow,
  type UsageTotals,
  withShareRequests,
} from "./totals.ts";

export interface UsageFilter {
  /** Started at or after `from` and before `to`, epoch milliseconds; no bound where absent. */
  from?: number;
  to?: number;
  domain?: string | undefined;
  accountId?: string | undefined;
  /** Its tokens and cost, and all requests that used it. */
  model?: string | undefined;
  /** Rollups have no keys: all is read from rows. For short periods of one domain. */
  clientKeyId?: string | undefined;
}

/**
 * What to group by. `model`: requests of `requested` models add up to all requests; `used` counts a request for every model
 * that it used. `slotMs`: length of time slots since the epoch, in whole minutes.
 */
export interface UsageDimensions {
  domain?: boolean;
  account?: boolean;
  model?: "requested" | "used" | false;
  requestType?: boolean;
  slotMs?: number;
}

/** Dimensions that are not grouped by are empty. */
export interface UsageCell extends UsageTotals {
  domain: string;
  accountId: string;
  model: string;
  requestType: string;
  /** Start of the slot, epoch milliseconds. */
  slot: number;
}

/** One cell per combination that occurs, ordered by time; without dimensions one cell at most. */
export async function readUsage(
  config: DatabaseConfig,
  filter: UsageFilter,
  dimensions: UsageDimensions = {},
): Promise<UsageCell[]> {
  const { domain, account, model, requestType, slotMs } = dimensions;
  const seconds = sql.raw(String((slotMs ?? 0) / 1_000));
  const slot =
    slotMs === undefined
      ? sql`0::int8`
      : sql`(floor(extract(epoch from bucket) / ${seconds})::int8 * ${seconds}::int8)`;
  const fits = slotMs === undefined || slotMs % ROLLUP_BUCKET_MS === 0;
  const parts = periodParts(filter, fits && filter.clientKeyId === undefined);
  const name = (column: string, isGrouped: unknown) => sql.raw(`${isGrouped ? column : "''"} as ${column}`);
  const rows = await readRows<TotalsRow>(
    config,
    sql`
      select d.name as domain, g.* from (
        select ${domain ? sql`domain_id` : sql`0`} as domain_id, ${name("account_id", account)}, ${name("model", model)},
          ${name("request_type", requestType)}, ${slot} as slot, ${SUMS}
        from (${usageSources(filter, parts)}) sources group by 1, 2, 3, 4, 5
      ) g left join domains d on d.id = g.domain_id
      order by g.slot, d.name, g.account_id, g.model, g.request_type`,
  );
  const countsShares = model === "used" || filter.model !== undefined;
  return rows.map((row) => ({
    ...(countsShares ? withShareRequests(toTotals(row)) : toTotals(row)),
    domain: (row["domain"] as string | null) ?? "",
    accountId: row["account_id"] as string,
    model: row["model"] as string,
    requestType: row["request_type"] as string,
    slot: Number(row["slot"]) * 1_000,
  }));
}

interface Span {
  from: number;
  to: number;
}

/** Which part of a period whole rollups cover, null for none, and the spans at its ends that are read from rows. */
export interface PeriodParts {
  rollups: Span | null;
  rows: Span[];
}

/** With slots that divide a rollup (`fits` false) all is read from rows. */
export function periodParts({ from = -Infinity, to = Infinity }: UsageFilter, fits = true): PeriodParts {
  const first = Math.ceil(from / ROLLUP_BUCKET_MS) * ROLLUP_BUCKET_MS;
  const after = Math.floor(to / ROLLUP_BUCKET_MS) * ROLLUP_BUCKET_MS;
  if (!fits || after <= first) return { rollups: null, rows: [{ from, to }] };
  const ends = [
    { from, to: first },
    { from: after, to },
  ];
  return { rollups: { from: first, to: after }, rows: ends.filter((end) => end.from < end.to) };
}

/** Whole rollups, and rows of `requests` as rollups would have them: their time as `bucket`, their key and their values. */
export function usageSources(filter: UsageFilter, { rollups, rows }: PeriodParts): SQL {
  const parts = rows.map((span) => fromRequests(filter, span));
  if (rollups)
    parts.unshift(sql`select bucket, domain_id, account_id, model, request_type, ${ROLLUP_VALUES} from rollups
      where ${matches("bucket", rollups, filter)}`);
  return sql.join(parts, sql` union all `);
}

/** Rows as rollups would have them: shares of other models are moved to those models. */
function fromRequests(filter: UsageFilter, span: Span): SQL {
  const { clientKeyId } = filter;
  const source =
    clientKeyId === undefined
      ? sql`requests`
      : sql`(select * from requests where client_key_id = ${clientKeyId}::uuid) requests`;
  const key = sql`select started_at as bucket, domain_id, coalesce(account_id, '') as account_id`;
  return sql`select * from (
      ${key}, coalesce(model, '') as model, request_type, ${REQUEST_VALUES} from ${source}
      union all
      ${key}, case sign when 1 then share ->> 'model' else coalesce(model, '') end, request_type, ${SHARE_VALUES}
      from ${source}, jsonb_array_elements(model_shares) share, (values (1), (-1)) signs (sign)
    ) r where ${matches("bucket", span, filter)}`;
}

/** The filter on a relation with the columns of `rollups`, of which `column` is the time. */
export function matches(
  column: string,
  { from, to }: Span,
  { domain, accountId, model }: Omit<UsageFilter, "from" | "to">,
): SQL {
  return allOf(
    from === -Infinity ? undefined : sql`${sql.raw(column)} >= ${timestamptz(from)}`,
    to === Infinity ? undefined : sql`${sql.raw(column)} < ${timestamptz(to)}`,
    inDomain(domain),
    accountId === undefined ? undefined : sql`account_id = ${accountId}`,
    model === undefined ? undefined : sql`model = ${model}`,
  );
}
