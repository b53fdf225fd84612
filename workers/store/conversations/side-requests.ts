/** The side requests of a conversation: those that served one of its requests. They are no part of it. */
import { and, asc, type SQL, sql } from "drizzle-orm";
import { requests } from "../../../drizzle/schema.ts";
import { hasFailed } from "../../domain/outcome.ts";
import { formatUsd } from "../../domain/pricing/usd.ts";
import { type ConversationDetail, SideRequest } from "../../schemas/api/conversations.ts";
import { columnsNamed } from "../db/columns.ts";
import type { Reader } from "../db/db.ts";
import { IS_UNPRICED, TOKEN_SUMS, tokenTotalsView, toTotals, totalTokensOrNull } from "../usage/totals.ts";

/** The conversation, and where it begins (ISO 8601): a side request starts later than the request that it serves. */
export interface Served {
  conversationId: string;
  firstMessageTime: string;
}

/** Side requests listed with one page of requests. */
const MAX_LISTED = 500;

/** Condition over `requests`: a side request of the conversation. */
export function servesConversation({ conversationId, firstMessageTime }: Served): SQL {
  return sql`serves_request_id = any(array(select id from requests where conversation_id = ${conversationId}::uuid))
    and started_at >= ${firstMessageTime}::timestamptz`;
}

/** The sums of all of them. */
export async function readSideRequestTotals(
  db: Reader,
  served: Served,
): Promise<ConversationDetail["sideRequests"]> {
  const { rows } = await db.execute<Record<string, string | null>>(sql`
    select count(*) as requests, ${TOKEN_SUMS}, sum(cost_pico) as cost_pico,
      count(*) filter (where ${IS_UNPRICED}) as unpriced_count
    from requests where ${servesConversation(served)}`);
  const [row] = rows;
  return { requestCount: Number(row?.requests ?? 0), ...tokenTotalsView(toTotals(row ?? {})) };
}

/** By the request that they serve, oldest first; of those that serve a request after `after`. */
export async function readSideRequests(
  db: Reader,
  served: Served,
  after: string | null,
): Promise<Map<string, SideRequest[]>> {
  const rows = await db
    .select(COLUMNS)
    .from(requests)
    .where(
      and(
        servesConversation(served),
        after === null ? undefined : sql`${requests.servesRequestId} > ${after}::uuid`,
      ),
    )
    .orderBy(asc(requests.servesRequestId), asc(requests.id))
    .limit(MAX_LISTED);
  const byRequest = new Map<string, SideRequest[]>();
  for (const { id, startedAt, costPico, status, servesRequestId, ...row } of rows) {
    const { client, prompt, model, outcome, durationMs } = row;
    const side: SideRequest = {
      requestId: id,
      timestamp: startedAt.toISOString(),
      client,
      prompt,
      model,
      responseStatus: status,
      outcome,
      failed: hasFailed({ ...row, status }),
      durationMs,
      totalTokens: totalTokensOrNull(row),
      costUsd: costPico === null ? null : formatUsd(costPico),
    };
    byRequest.set(servesRequestId!, [...(byRequest.get(servesRequestId!) ?? []), side]);
  }
  return byRequest;
}

const COLUMNS = {
  ...columnsNamed(requests, [...SideRequest.keyof().options, "inputTokens", "outputTokens", "errorType"]),
  id: requests.id,
  startedAt: requests.startedAt,
  status: requests.status,
  costPico: requests.costPico,
  servesRequestId: requests.servesRequestId,
};
