/** Lists of exchanges, newest first, filtered and paged. Every filter has an index that gives the order as well. */
import { and, desc, eq, gte, lt, type SQL, sql } from "drizzle-orm";
import { domains, requests } from "../../../drizzle/schema.ts";
import type { Cursor } from "../../domain/cursor.ts";
import type { RequestList, RequestQuery } from "../../schemas/api/requests.ts";
import { type DatabaseConfig, withReader } from "../db/db.ts";
import { inDomain, olderThan, pageOf, usesModel } from "../db/sql.ts";
import { toRequestRow, REQUEST_ROW_COLUMNS } from "./row.ts";

export type RequestFilter = Omit<RequestQuery, "cursor"> & {
  before: Cursor | null;
  clientKeyId?: string | undefined;
};

/** One page after the cursor `before`, or after `offset` rows; with `offset` the total is counted as well. */
export async function listRequests(config: DatabaseConfig, filter: RequestFilter): Promise<RequestList> {
  const { limit, offset, before } = filter;
  const where = conditions(filter);
  const [rows, total] = await withReader(config, async (db) => {
    const page = db
      .select(REQUEST_ROW_COLUMNS)
      .from(requests)
      .innerJoin(domains, eq(domains.id, requests.domainId))
      .where(and(...where, olderThan(requests.startedAt, requests.id, before)))
      .orderBy(desc(requests.startedAt), desc(requests.id))
      // One more row than the page has, to know whether there is a next page.
      .limit(limit + 1)
      .offset(offset ?? 0);
    if (offset === undefined) return [await page, null] as const;
    const counted = db
      .select({ total: sql<string>`count(*)` })
      .from(requests)
      .where(and(...where));
    const [found, totals] = await db.batch([page, counted]);
    return [found, Number(totals[0]?.total ?? 0)] as const;
  });
  const { page, hasMore, nextCursor } = pageOf(rows, limit, ({ startedAt, id }) => ({
    at: startedAt.getTime(),
    id,
  }));
  return {
    requests: page.map(toRequestRow),
    nextCursor,
    pagination: { total, limit, offset: offset ?? null, hasMore },
  };
}

function conditions(filter: RequestFilter): (SQL | undefined)[] {
  const { domain, accountId, model, requestType, status, outcome, failed, from, to } = filter;
  const { sessionId, conversationId, clientKeyId } = filter;
  return [
    inDomain(domain, "requests.domain_id"),
    accountId === undefined ? undefined : eq(requests.accountId, accountId),
    model === undefined ? undefined : usesModel(model, "requests"),
    // Literals, checked by the schema, so that the planner can prove which partial index covers them.
    requestType === undefined ? undefined : sql`${requests.requestType} = ${sql.raw(`'${requestType}'`)}`,
    status === undefined ? undefined : statusCondition(status),
    outcome === undefined ? undefined : sql`${requests.outcome} = ${sql.raw(`'${outcome}'`)}`,
    // `failed` is the condition of a partial index.
    failed === undefined
      ? undefined
      : failed === "true"
        ? sql`${requests.failed}`
        : sql`${requests.failed} is not true`,
    from === undefined ? undefined : gte(requests.startedAt, from),
    to === undefined ? undefined : lt(requests.startedAt, to),
    sessionId === undefined ? undefined : eq(requests.sessionId, sessionId),
    conversationId === undefined ? undefined : eq(requests.conversationId, conversationId),
    clientKeyId === undefined ? undefined : eq(requests.clientKeyId, clientKeyId),
  ];
}

/** "429" or "4xx", checked by the schema. */
function statusCondition(status: string): SQL {
  const [first, isClass] = [Number(status[0]), status.endsWith("xx")];
  const lowest = isClass ? first * 100 : Number(status);
  const above = isClass ? lowest + 100 : lowest + 1;
  return sql`${requests.status} >= ${sql.raw(String(lowest))} and ${requests.status} < ${sql.raw(String(above))}`;
}
