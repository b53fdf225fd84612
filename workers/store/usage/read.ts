/**
 * Sums over any span of time, right to the millisecond: whole rollups inside it, and of the rows themselves only what lies
 * before the first whole rollup and after the last one. Read by workers/api for usage; everything comes from one statement.
 */
import { type SQL, sql } from "drizzle-orm";
import { ROLLUP_BUCKET_MS } from "../../runtime/constants.ts";
import { type DatabaseConfig, withReader } from "../db/db.ts";

export interface UsageFilter {
  /** What started at or after `from` and before `to`, epoch milliseconds. */
  from: number;
  to: number;
  domain?: string | undefined;
  accountId?: string | undefined;
  model?: string | undefined;
}

/** What sums are told apart by; `slotMs` cuts time into slots of this length since the epoch, in whole minutes. */
export interface UsageDimensions {
  domain?: boolean;
  account?: boolean;
  model?: boolean;
  slotMs?: number;
}

export interface UsageTotals {
  requests: number;
  inputTokens: number;
  outputTokens: number;
  totalTokens: number;
  cacheReadInputTokens: number;
  cacheCreationInputTokens: number;
  costPico: bigint;
  unpricedCount: number;
}

/** The dimensions not asked for are empty. */
export interface UsageCell extends UsageTotals {
  domain: string;
  accountId: string;
  model: string;
  /** Start of the slot, epoch milliseconds. */
  slot: number;
}

/** PostgreSQL sends sums as text. */
interface CellRow extends Record<string, unknown> {
  domain: string | null;
  account_id: string;
  model: string;
  slot: string;
  requests: string | null;
  input: string | null;
  output: string | null;
  cache_read: string | null;
  cache_creation: string | null;
  cost: string | null;
  unpriced: string | null;
}

/** One cell per combination that occurs, in order of time; without dimensions one cell at most. */
export async function readUsage(
  config: DatabaseConfig,
  filter: UsageFilter,
  dimensions: UsageDimensions = {},
): Promise<UsageCell[]> {
  const { domain, account, model, slotMs } = dimensions;
  const seconds = sql.raw(String((slotMs ?? 0) / 1_000));
  const slot =
    slotMs === undefined
      ? sql`0::int8`
      : sql`(floor(extract(epoch from at) / ${seconds})::int8 * ${seconds}::int8)`;
  const answer = await withReader(config, (db) =>
    db.execute<CellRow>(sql`
      select d.name as domain, g.* from (
        select ${domain ? sql`domain_id` : sql`0`} as domain_id, ${account ? sql`account_id` : sql`''`} as account_id,
          ${model ? sql`model` : sql`''`} as model, ${slot} as slot,
          sum(requests) as requests, sum(input) as input, sum(output) as output, sum(cache_read) as cache_read,
          sum(cache_creation) as cache_creation, sum(cost) as cost, sum(unpriced) as unpriced
        from (${unionOfSources(filter, slotMs)}) parts group by 1, 2, 3, 4
      ) g left join domains d on d.id = g.domain_id order by g.slot, d.name, g.account_id, g.model`),
  );
  return answer.rows.map(toCell);
}

/** Adds cells up. */
export function addUsage(cells: readonly UsageTotals[]): UsageTotals {
  return cells.reduce(
    (a, b) => ({
      requests: a.requests + b.requests,
      inputTokens: a.inputTokens + b.inputTokens,
      outputTokens: a.outputTokens + b.outputTokens,
      totalTokens: a.totalTokens + b.totalTokens,
      cacheReadInputTokens: a.cacheReadInputTokens + b.cacheReadInputTokens,
      cacheCreationInputTokens: a.cacheCreationInputTokens + b.cacheCreationInputTokens,
      costPico: a.costPico + b.costPico,
      unpricedCount: a.unpricedCount + b.unpricedCount,
    }),
    ZERO_USAGE,
  );
}

const ZERO_USAGE: UsageTotals = {
  requests: 0,
  inputTokens: 0,
  outputTokens: 0,
  totalTokens: 0,
  cacheReadInputTokens: 0,
  cacheCreationInputTokens: 0,
  costPico: 0n,
  unpricedCount: 0,
};

/** Rollups where they fit, rows where they do not. Slots that cut rollups in two leave nothing but rows. */
function unionOfSources(filter: UsageFilter, slotMs: number | undefined): SQL {
  const { from, to } = filter;
  const fits = slotMs === undefined || slotMs % ROLLUP_BUCKET_MS === 0;
  const first = Math.ceil(from / ROLLUP_BUCKET_MS) * ROLLUP_BUCKET_MS;
  const after = Math.floor(to / ROLLUP_BUCKET_MS) * ROLLUP_BUCKET_MS;
  if (!fits || after <= first) return fromRequests(filter, from, to);
  const sources = [fromRollups(filter, first, after)];
  if (first > from) sources.push(fromRequests(filter, from, first));
  if (to > after) sources.push(fromRequests(filter, after, to));
  return sql.join(sources, sql` union all `);
}

function fromRollups(filter: UsageFilter, from: number, to: number): SQL {
  return sql`select bucket as at, domain_id, account_id, model, requests, input_tokens as input, output_tokens as output,
      cache_read_input_tokens as cache_read, cache_creation_input_tokens as cache_creation, cost_pico as cost,
      unpriced_count as unpriced
    from rollups where bucket >= ${iso(from)}::timestamptz and bucket < ${iso(to)}::timestamptz ${filterSql(filter)}`;
}

function fromRequests(filter: UsageFilter, from: number, to: number): SQL {
  return sql`select started_at as at, domain_id, coalesce(account_id, '') as account_id, coalesce(model, '') as model, 1::int8 as requests,
      coalesce(input_tokens, 0)::int8 as input, coalesce(output_tokens, 0)::int8 as output,
      coalesce(cache_read_input_tokens, 0)::int8 as cache_read,
      coalesce(cache_creation_input_tokens, 0)::int8 as cache_creation, coalesce(cost_pico, 0) as cost,
      (cost_pico is null)::int::int8 as unpriced
    from requests where started_at >= ${iso(from)}::timestamptz and started_at < ${iso(to)}::timestamptz ${filterSql(filter)}`;
}

function filterSql({ domain, accountId, model }: UsageFilter): SQL {
  return sql.join([
    domain === undefined ? sql`` : sql` and domain_id = (select id from domains where name = ${domain})`,
    accountId === undefined ? sql`` : sql` and account_id = ${accountId}`,
    model === undefined ? sql`` : sql` and model = ${model}`,
  ]);
}

function toCell(row: CellRow): UsageCell {
  const [inputTokens, outputTokens] = [Number(row.input ?? 0), Number(row.output ?? 0)];
  return {
    domain: row.domain ?? "",
    accountId: row.account_id,
    model: row.model,
    slot: Number(row.slot) * 1_000,
    requests: Number(row.requests ?? 0),
    inputTokens,
    outputTokens,
    totalTokens: inputTokens + outputTokens,
    cacheReadInputTokens: Number(row.cache_read ?? 0),
    cacheCreationInputTokens: Number(row.cache_creation ?? 0),
    costPico: BigInt(row.cost ?? 0),
    unpricedCount: Number(row.unpriced ?? 0),
  };
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
