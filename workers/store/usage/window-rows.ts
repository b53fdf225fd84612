/** Rows of `requests` as the window of their account counts them. */
import { and, asc, eq, gte, lt } from "drizzle-orm";
import { domains, requests } from "../../../drizzle/schema.ts";
import { outcomeRank } from "../../domain/outcome.ts";
import type { Span } from "../../domain/windows/time-span.ts";
import { byField, TOTAL_KINDS } from "../../schemas/tokens.ts";
import type { WindowExchange } from "../../schemas/window.ts";
import { columnsNamed } from "../db/columns.ts";
import { type DatabaseConfig, withPrimary } from "../db/db.ts";

const COLUMNS = columnsNamed(requests, [
  ...TOTAL_KINDS.map(({ field }) => field),
  "id",
  "startedAt",
  "sessionId",
  "model",
  "costPico",
  "outcome",
]);
type Row = Pick<typeof requests.$inferInsert, keyof typeof COLUMNS>;

/** The contribution of a row to the window. */
export function toWindowExchange(domain: string, row: Row): WindowExchange {
  return {
    ...byField(TOTAL_KINDS, ({ field }) => row[field] ?? 0),
    id: row.id,
    startedAt: row.startedAt.getTime(),
    domain,
    sessionId: row.sessionId ?? null,
    model: row.model ?? null,
    costPico: row.costPico?.toString() ?? null,
    rank: outcomeRank(row.outcome),
  };
}

/** Reads the primary, because a replica may lag. */
export async function readWindowRows(
  config: DatabaseConfig,
  accountId: string,
  { from, to }: Span,
): Promise<WindowExchange[]> {
  const rows = await withPrimary(config, (db) =>
    db
      .select({ ...COLUMNS, domain: domains.name })
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
  return rows.map((row) => toWindowExchange(row.domain, row));
}
