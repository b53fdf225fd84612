/** Conversations, last activity first, filtered and paged; read from `conversations` alone. */
import { and, arrayContains, desc, eq, gt, gte, lt, type SQL, sql } from "drizzle-orm";
import { conversations, domains } from "../../../drizzle/schema.ts";
import type { Cursor } from "../../domain/cursor.ts";
import type { ConversationList, ConversationQuery } from "../../schemas/api/conversations.ts";
import { CONVERSATION_COLUMNS, toConversationRow } from "./row.ts";
import { type DatabaseConfig, withReader } from "../db/db.ts";
import { inDomain, olderThan, pageOf } from "../db/sql.ts";
import { conversationsMatching } from "../search/query.ts";

export type ConversationFilter = Omit<ConversationQuery, "cursor" | "dateFrom" | "dateTo"> & {
  before: Cursor | null;
};

/** One page after the cursor `before`, or after `offset` rows; with `offset` the total is counted as well. */
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
      .where(and(where, olderThan(conversations.lastAt, conversations.id, before)))
      .orderBy(desc(conversations.lastAt), desc(conversations.id))
      // One more row than the page has, to know whether there is a next page.
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
  const { page, hasMore, nextCursor } = pageOf(rows, limit, ({ conversation }) => ({
    at: conversation.lastAt.getTime(),
    id: conversation.id,
  }));
  return {
    conversations: page.map(toConversationRow),
    nextCursor,
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
    inDomain(domain, "conversations.domain_id"),
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
