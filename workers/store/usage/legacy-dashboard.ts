/** Counts of all time and of the last day, as the older dashboards show them: from rollups and conversations. */
import { type SQL, sql } from "drizzle-orm";
import type { DashboardStats } from "../../schemas/api/usage.ts";
import { type DatabaseConfig, withReader } from "../db/db.ts";
import { sumUsdText } from "./cost.ts";

const HOUR_MS = 3_600_000;

interface Filter {
  domain: string | undefined;
  accountId: string | undefined;
}
/** PostgreSQL sends sums as text. */
interface RollupRow extends Record<string, unknown> {
  grouping: number;
  account_id: string | null;
  model: string | null;
  slot: string | null;
  requests: string;
  recent: string;
  input: string;
  output: string;
  cache_read: string;
  cache_creation: string;
  cost: string;
  unpriced: string;
}
interface ConversationRow extends Record<string, unknown> {
  conversations: string;
  recent: string;
  branches: string | null;
  subtasks: string | null;
  compactions: string | null;
}

/** `now` in epoch milliseconds; the last 24 hours are those of the hourly activity. */
export async function readDashboardStats(
  config: DatabaseConfig,
  filter: Filter,
  now: number,
): Promise<DashboardStats> {
  const from = (Math.floor(now / HOUR_MS) - 23) * HOUR_MS;
  const ask = <Row extends Record<string, unknown>>(statement: SQL) =>
    withReader(config, async (db) => (await db.execute<Row>(statement)).rows);
  const [groups, [conversations]] = await Promise.all([
    ask<RollupRow>(rollupsStatement(filter, from)),
    ask<ConversationRow>(conversationsStatement(filter, from)),
  ]);
  // Bits of grouping(): a set bit is a column that was summed over.
  const [ALL, ACCOUNT, MODEL, SLOT] = [0b111, 0b011, 0b101, 0b110];
  const of = (grouping: number) => groups.filter((row) => Number(row.grouping) === grouping);
  const [all] = of(ALL);
  const accounts = of(ACCOUNT).filter((row) => row.account_id !== "");
  const models = of(MODEL)
    .filter((row) => row.model !== "")
    .sort((a, b) => Number(b.requests) - Number(a.requests))
    .map((row) => row.model ?? "");
  const slots = new Map(of(SLOT).map((row) => [Number(row.slot) * 1_000, row]));
  const unpricedCount = Number(all?.unpriced ?? 0);
  return {
    totalConversations: Number(conversations?.conversations ?? 0),
    activeUsers: accounts.length,
    totalRequests: Number(all?.requests ?? 0),
    totalTokens: Number(all?.input ?? 0) + Number(all?.output ?? 0),
    totalCacheReadTokens: Number(all?.cache_read ?? 0),
    totalCacheCreationTokens: Number(all?.cache_creation ?? 0),
    costUsd: sumUsdText(BigInt(all?.cost ?? 0), unpricedCount),
    unpricedCount,
    totalBranches: Number(conversations?.branches ?? 0),
    subtaskBranches: Number(conversations?.subtasks ?? 0),
    compactBranches: Number(conversations?.compactions ?? 0),
    modelsUsed: models,
    modelsUsedCount: models.length,
    last24Hours: {
      requests: Number(all?.recent ?? 0),
      conversations: Number(conversations?.recent ?? 0),
      activeUsers: accounts.filter((row) => Number(row.recent) > 0).length,
    },
    hourlyActivity: Array.from({ length: 24 }, (_, n) => {
      const row = slots.get(from + n * HOUR_MS);
      return {
        hour: new Date(from + n * HOUR_MS).toISOString(),
        requestCount: Number(row?.requests ?? 0),
        tokenCount: Number(row?.input ?? 0) + Number(row?.output ?? 0),
        cacheReadInputTokens: Number(row?.cache_read ?? 0),
        cacheCreationInputTokens: Number(row?.cache_creation ?? 0),
        costUsd: sumUsdText(BigInt(row?.cost ?? 0), Number(row?.unpriced ?? 0)),
        unpricedCount: Number(row?.unpriced ?? 0),
      };
    }),
  };
}

function rollupsStatement({ domain, accountId }: Filter, from: number): SQL {
  const recent = sql`bucket >= ${new Date(from).toISOString()}::timestamptz`;
  return sql`
    select grouping(account_id, model, slot) as grouping, account_id, model, slot,
      coalesce(sum(requests), 0) as requests, coalesce(sum(requests) filter (where ${recent}), 0) as recent,
      coalesce(sum(input_tokens), 0) as input, coalesce(sum(output_tokens), 0) as output,
      coalesce(sum(cache_read_input_tokens), 0) as cache_read,
      coalesce(sum(cache_creation_input_tokens), 0) as cache_creation,
      coalesce(sum(cost_pico), 0) as cost, coalesce(sum(unpriced_count), 0) as unpriced
    from (
      select *, case when ${recent} then floor(extract(epoch from bucket) / 3600)::int8 * 3600 end as slot
      from rollups where true
        ${domain === undefined ? sql`` : sql`and domain_id = (select id from domains where name = ${domain})`}
        ${accountId === undefined ? sql`` : sql`and account_id = ${accountId}`}
    ) r group by grouping sets ((), (account_id), (model), (slot))`;
}

function conversationsStatement({ domain, accountId }: Filter, from: number): SQL {
  return sql`
    select count(*) as conversations,
      count(*) filter (where last_at >= ${new Date(from).toISOString()}::timestamptz) as recent,
      sum(branches) as branches, sum(subtask_branches) as subtasks, sum(compact_branches) as compactions
    from conversations where true
      ${domain === undefined ? sql`` : sql`and domain_id = (select id from domains where name = ${domain})`}
      ${accountId === undefined ? sql`` : sql`and ${accountId} = any (account_ids)`}`;
}
