/** Rows of `requests` as an account's window counts them, to compare and correct it. Asks the writing database: a replica may be behind. */
import { and, asc, eq, gte, lt, sql } from "drizzle-orm";
import { domains, requests } from "../../../drizzle/schema.ts";
import type { WindowExchange } from "../../schemas/window.ts";
import { withPrimary } from "../admin/audit.ts";
import type { DatabaseConfig } from "../db/db.ts";
import { outcomeRank } from "../../domain/outcome.ts";
import { addUsage, type UsageTotals } from "./read.ts";

/** Half-open, epoch milliseconds. */
interface Span {
  from: number;
  to: number;
}

export async function readWindowRows(
  config: DatabaseConfig,
  accountId: string,
  { from, to }: Span,
): Promise<WindowExchange[]> {
  const rows = await withPrimary(config, (db) =>
    db
      .select({
        id: requests.id,
        startedAt: requests.startedAt,
        domain: domains.name,
        sessionId: requests.sessionId,
        model: requests.model,
        inputTokens: requests.inputTokens,
        outputTokens: requests.outputTokens,
        cacheReadInputTokens: requests.cacheReadInputTokens,
        cacheCreationInputTokens: requests.cacheCreationInputTokens,
        costPico: requests.costPico,
        outcome: requests.outcome,
      })
      .from(requests)
      .innerJoin(domains, eq(domains.id, requests.domainId))
      .where(
        and(
          eq(requests.accountId, accountId),
          gte(requests.startedAt, new Date(from)),
          lt(requests.startedAt, new Date(to)),
        ),
      )
      .orderBy(asc(requests.startedAt), asc(requests.id)),
  );
  return rows.map(({ outcome, ...row }) => ({
    ...row,
    startedAt: row.startedAt.getTime(),
    inputTokens: row.inputTokens ?? 0,
    outputTokens: row.outputTokens ?? 0,
    cacheReadInputTokens: row.cacheReadInputTokens ?? 0,
    cacheCreationInputTokens: row.cacheCreationInputTokens ?? 0,
    costPico: row.costPico?.toString() ?? null,
    rank: outcomeRank(outcome),
  }));
}

/** Their sums, without reading them one by one. */
export async function sumWindowRows(
  config: DatabaseConfig,
  accountId: string,
  { from, to }: Span,
): Promise<UsageTotals> {
  const answer = await withPrimary(config, (db) =>
    db.execute<
      Record<"requests" | "input" | "output" | "cache_read" | "cache_creation" | "cost" | "unpriced", string>
    >(sql`
      select count(*) as requests, coalesce(sum(input_tokens), 0) as input, coalesce(sum(output_tokens), 0) as output,
        coalesce(sum(cache_read_input_tokens), 0) as cache_read,
        coalesce(sum(cache_creation_input_tokens), 0) as cache_creation, coalesce(sum(cost_pico), 0) as cost,
        count(*) filter (where cost_pico is null) as unpriced
      from requests where account_id = ${accountId}
        and started_at >= ${new Date(from).toISOString()}::timestamptz
        and started_at < ${new Date(to).toISOString()}::timestamptz`),
  );
  const [row] = answer.rows;
  if (!row) return addUsage([]);
  return {
    requests: Number(row.requests),
    inputTokens: Number(row.input),
    outputTokens: Number(row.output),
    totalTokens: Number(row.input) + Number(row.output),
    cacheReadInputTokens: Number(row.cache_read),
    cacheCreationInputTokens: Number(row.cache_creation),
    costPico: BigInt(row.cost),
    unpricedCount: Number(row.unpriced),
  };
}
