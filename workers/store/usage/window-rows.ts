/** Rows of `requests` as an account's window counts them, to compare and correct it. Asks the writing database: a replica may be behind. */
import { and, asc, eq, gte, lt } from "drizzle-orm";
import { domains, requests } from "../../../drizzle/schema.ts";
import type { WindowExchange } from "../../schemas/window.ts";
import { withPrimary } from "../admin/audit.ts";
import type { DatabaseConfig } from "../db/db.ts";
import { outcomeRank } from "../../domain/outcome.ts";

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
