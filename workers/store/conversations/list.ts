/** Conversations, last activity first, filtered and paged; read from their sums alone. */
import { and, arrayContains, desc, eq, gt, gte, lt, lte, type SQL, sql } from "drizzle-orm";
import { conversations, domains } from "../../../drizzle/schema.ts";
import { type Cursor, encodeCursor } from "../../domain/cursor.ts";
import type { ConversationList, ConversationQuery } from "../../schemas/api/conversations.ts";
import { CONVERSATION_COLUMNS, toConversationRow } from "./row.ts";
import { type DatabaseConfig, withReader } from "../db/db.ts";
import { conversationsMatching } from "../search/query.ts";

export type ConversationFilter = Omit<ConversationQuery, "cursor" | "dateFrom" | "dateTo"> & {
  before: Cursor | null;
};

/** One page after the place `before`, or after `offset` rows; the latter counts everything the filter lets through. */
export async function listConversations(
  config: DatabaseConfig,
  filter: ConversationFilter,
): Promise<ConversationList> {
  const { limit, offset, before } = filter;
  const where = and(...conditions(filter));
  const [rows, total] = await withReader(config, async (db) => {
    const page = db
      .select(CONVERSATION_COLUMNS)
      .from(conversations)
      .innerJoin(domains, eq(domains.id, conversations.domainId))
      .where(and(where, before ? after(before) : undefined))
      .orderBy(desc(conversations.lastAt), desc(conversations.id))
      // One more than asked for tells whether there is a next page.
      .limit(limit + 1)
      .offset(offset ?? 0);
    if (offset === undefined) return [await page, null] as const;
    const counted = db
      .select({ total: sql<string>`count(*)` })
      .from(conversations)
      .where(where);
    const [found, totals] = await db.batch([page, counted]);
    return [found, Number(totals[0]?.total ?? 0)] as const;
  });
  const shown = rows.slice(0, limit);
  const last = shown.at(-1)?.conversation;
  const hasMore = rows.length > limit;
  return {
    conversations: shown.map(toConversationRow),
    nextCursor: hasMore && last ? encodeCursor({ at: last.lastAt.getTime(), id: last.id }) : null,
    pagination: {
      total,
      limit,
      offset: offset ?? null,
      hasMore,
      page: offset === undefined ? null : Math.floor(offset / limit) + 1,
      totalPages: total === null ? null : Math.ceil(total / limit),
    },
  };
}

function conditions(filter: ConversationFilter): (SQL | undefined)[] {
  const { domain, accountId, model, from, to, hasErrors, search } = filter;
  return [
    domain === undefined
      ? undefined
      : sql`${conversations.domainId} = (select id from domains where name = ${domain})`,
    accountId === undefined ? undefined : arrayContains(conversations.accountIds, [accountId]),
    model === undefined ? undefined : arrayContains(conversations.models, [model]),
    from === undefined ? undefined : gte(conversations.lastAt, from),
    to === undefined ? undefined : lt(conversations.firstAt, to),
    hasErrors === undefined
      ? undefined
      : hasErrors === "true"
        ? gt(conversations.errors, 0)
        : eq(conversations.errors, 0),
    search === undefined ? undefined : (conversationsMatching(search, domain) ?? sql`false`),
  ];
}

/** As in a list of requests: the row comparison finds the place in the index. */
function after({ at, id }: Cursor): SQL | undefined {
  const lastAt = new Date(at);
  return and(
    lte(conversations.lastAt, lastAt),
    sql`(${conversations.lastAt}, ${conversations.id}) < (${lastAt.toISOString()}::timestamptz, ${id}::uuid)`,
  );
}
