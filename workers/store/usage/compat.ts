/** What the compatibility endpoints return besides usage totals: last requests, rate-limited requests, conversation counts. */
import { sql } from "drizzle-orm";
import type { DatabaseConfig } from "../db/db.ts";
import { allOf, inDomain, readRows, timestamptz } from "../db/sql.ts";

/** When the newest request of each domain started, epoch milliseconds; of one domain where `domain` is given. */
export async function readLastByDomain(
  config: DatabaseConfig,
  domain: string | undefined,
): Promise<Map<string, number>> {
  const rows = await readRows<{ name: string; last: string | null }>(
    config,
    sql`
      select name, (select extract(epoch from max(started_at)) * 1000 from requests where domain_id = d.id) as last
      from domains d ${domain === undefined ? sql`` : sql`where name = ${domain}`}`,
  );
  return new Map(rows.flatMap(({ name, last }) => (last === null ? [] : [[name, Number(last)]])));
}

/** When the last request of each of these accounts started, of those that started since `since`; epoch milliseconds. */
export async function readLastByAccount(
  config: DatabaseConfig,
  accountIds: readonly string[],
  since: number,
): Promise<Map<string, number>> {
  if (accountIds.length === 0) return new Map();
  const rows = await readRows<{ account_id: string; last: string | null }>(
    config,
    sql`
      select account_id, extract(epoch from (
          select max(started_at) from requests
          where account_id = ids.account_id and started_at >= ${timestamptz(since)}
        )) * 1000 as last
      from jsonb_array_elements_text(${JSON.stringify(accountIds)}::jsonb) as ids (account_id)`,
  );
  return new Map(rows.flatMap((row) => (row.last === null ? [] : [[row.account_id, Number(row.last)]])));
}

/** When requests of an account got status 429, epoch milliseconds, ascending. */
export async function readRateLimitedAt(
  config: DatabaseConfig,
  accountId: string,
  from: number,
  to: number,
): Promise<number[]> {
  // `status >= 400` implies the condition of the partial index requests_unhappy.
  const rows = await readRows<{ at: string }>(
    config,
    sql`
      select extract(epoch from started_at) * 1000 as at from requests
      where status >= 400 and status = 429 and account_id = ${accountId}
        and started_at >= ${timestamptz(from)} and started_at < ${timestamptz(to)}
      order by started_at`,
  );
  return rows.map(({ at }) => Number(at));
}

type ConversationCounts = Record<
  "conversations" | "recent" | "branches" | "subtasks" | "compactions",
  number
>;

/** Conversations and their branches; `recent`: conversations active since `since`, epoch milliseconds. */
export async function countConversations(
  config: DatabaseConfig,
  { domain, accountId }: { domain: string | undefined; accountId: string | undefined },
  since: number,
): Promise<ConversationCounts> {
  const rows = await readRows<Record<keyof ConversationCounts, string | null>>(
    config,
    sql`
      select count(*) as conversations, count(*) filter (where last_at >= ${timestamptz(since)}) as recent,
        sum(branches) as branches, sum(subtask_branches) as subtasks, sum(compact_branches) as compactions
      from conversations
      where ${allOf(inDomain(domain), accountId === undefined ? undefined : sql`${accountId} = any (account_ids)`)}`,
  );
  const count = (name: keyof ConversationCounts) => Number(rows[0]?.[name] ?? 0);
  return {
    conversations: count("conversations"),
    recent: count("recent"),
    branches: count("branches"),
    subtasks: count("subtasks"),
    compactions: count("compactions"),
  };
}
