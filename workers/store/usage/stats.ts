/**
 * Statistics of a period and counts per domain, from the rollups. A period may begin between two rollups: what lies before
 * the first whole one is read from the rows themselves, at most five minutes of them.
 */
import { sql } from "drizzle-orm";
import { ROLLUP_BUCKET_MS } from "../../runtime/constants.ts";
import type { DomainTokens, Stats } from "../../schemas/api/stats.ts";
import { type DatabaseConfig, withReader } from "../db/db.ts";
import { isFailedSql } from "../db/failed-sql.ts";
import { sumUsdText } from "./cost.ts";

/** What PostgreSQL sends for sums: numeric and bigint as text. */
interface StatsRow extends Record<string, unknown> {
  grouping: number;
  model: string | null;
  request_type: string | null;
  domain_id: number | null;
  requests: string;
  errors: string;
  input: string;
  output: string;
  cache_creation: string;
  cache_read: string;
  duration: number;
  cost: string;
  unpriced: string;
}

const NO_MODEL = "unknown";

/** Sums of the exchanges of `domain` (null = all) that started at or after `since`. */
export async function readStats(
  config: DatabaseConfig,
  { domain, since }: { domain: string | undefined; since: Date },
): Promise<Stats> {
  const whole = new Date(Math.ceil(since.getTime() / ROLLUP_BUCKET_MS) * ROLLUP_BUCKET_MS).toISOString();
  const ofDomain =
    domain === undefined ? sql`` : sql`and domain_id = (select id from domains where name = ${domain})`;
  const answer = await withReader(config, (db) =>
    db.execute<StatsRow>(sql`
      with parts as (
        select domain_id, model, request_type, requests, errors, input_tokens, output_tokens,
          cache_creation_input_tokens, cache_read_input_tokens, duration_ms, cost_pico, unpriced_count
        from rollups where bucket >= ${whole}::timestamptz ${ofDomain}
        union all
        select domain_id, coalesce(model, ''), request_type, 1, ${isFailedSql()}::int,
          coalesce(input_tokens, 0), coalesce(output_tokens, 0), coalesce(cache_creation_input_tokens, 0),
          coalesce(cache_read_input_tokens, 0), coalesce(duration_ms, 0), coalesce(cost_pico, 0),
          (cost_pico is null)::int
        from requests
        where started_at >= ${since.toISOString()}::timestamptz and started_at < ${whole}::timestamptz ${ofDomain}
      )
      select grouping(model, request_type, domain_id) as grouping, model, request_type, domain_id,
        coalesce(sum(requests), 0) as requests, coalesce(sum(errors), 0) as errors,
        coalesce(sum(input_tokens), 0) as input, coalesce(sum(output_tokens), 0) as output,
        coalesce(sum(cache_creation_input_tokens), 0) as cache_creation,
        coalesce(sum(cache_read_input_tokens), 0) as cache_read,
        coalesce(sum(duration_ms), 0)::float8 as duration, coalesce(sum(cost_pico), 0) as cost,
        coalesce(sum(unpriced_count), 0) as unpriced
      from parts group by grouping sets ((), (model), (request_type), (domain_id))`),
  );
  // Bits of grouping(): a set bit is a column that was summed over.
  const [ALL, MODEL, TYPE, DOMAIN] = [0b111, 0b011, 0b101, 0b110];
  const of = (grouping: number) => answer.rows.filter((row) => Number(row.grouping) === grouping);
  const [all] = of(ALL);
  const number = (value: string | undefined) => Number(value ?? 0);
  const requests = number(all?.requests);
  return {
    totalRequests: requests,
    totalTokens: number(all?.input) + number(all?.output),
    totalInputTokens: number(all?.input),
    totalOutputTokens: number(all?.output),
    totalCacheCreationTokens: number(all?.cache_creation),
    totalCacheReadTokens: number(all?.cache_read),
    averageResponseTime: requests === 0 ? 0 : Number(all?.duration ?? 0) / requests,
    errorCount: number(all?.errors),
    activeDomains: of(DOMAIN).length,
    requestsByModel: counted(of(MODEL).map((row) => [row.model || NO_MODEL, number(row.requests)])),
    requestsByType: counted(of(TYPE).map((row) => [row.request_type ?? "", number(row.requests)])),
    costUsd: sumUsdText(BigInt(all?.cost ?? 0), number(all?.unpriced)),
    unpricedCount: number(all?.unpriced),
  };
}

/** Counts of all time per domain name; of one domain alone when `domain` is given (empty when never seen). */
export async function readTokenStats(
  config: DatabaseConfig,
  domain: string | undefined,
): Promise<Map<string, DomainTokens>> {
  const answer = await withReader(config, (db) =>
    db.execute<{
      name: string;
      input: string;
      output: string;
      cache_read: string;
      cache_creation: string;
      cost: string;
      unpriced: string;
      requests: string;
      evaluations: string;
      inferences: string;
      tools: string;
      last: string | null;
    }>(sql`
      select d.name, r.*,
        (select to_char(max(started_at) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
          from requests where domain_id = d.id) as last
      from domains d join (
        select domain_id, sum(input_tokens) as input, sum(output_tokens) as output,
          sum(cache_read_input_tokens) as cache_read, sum(cache_creation_input_tokens) as cache_creation,
          sum(cost_pico) as cost, sum(unpriced_count) as unpriced, sum(requests) as requests,
          coalesce(sum(requests) filter (where request_type = 'query_evaluation'), 0) as evaluations,
          coalesce(sum(requests) filter (where request_type = 'inference'), 0) as inferences,
          sum(tool_call_count) as tools
        from rollups
        ${domain === undefined ? sql`` : sql`where domain_id = (select id from domains where name = ${domain})`}
        group by domain_id
      ) r on r.domain_id = d.id order by d.name`),
  );
  return new Map(
    answer.rows.map((row) => [
      row.name,
      {
        inputTokens: Number(row.input),
        outputTokens: Number(row.output),
        cacheReadInputTokens: Number(row.cache_read),
        cacheCreationInputTokens: Number(row.cache_creation),
        requestCount: Number(row.requests),
        queryEvaluationCount: Number(row.evaluations),
        inferenceCount: Number(row.inferences),
        toolCallCount: Number(row.tools),
        costUsd: sumUsdText(BigInt(row.cost), Number(row.unpriced)),
        unpricedCount: Number(row.unpriced),
        lastUpdated: row.last,
      },
    ]),
  );
}

/** Names come from outside; `__proto__` among them must be a key like any other. */
function counted(entries: [string, number][]): Record<string, number> {
  return Object.fromEntries(entries.sort(([, a], [, b]) => b - a));
}
