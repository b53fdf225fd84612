/** One conversation: a page of its requests, its branches, its tasks, and time metrics. */
import { and, asc, eq, type SQL, sql } from "drizzle-orm";
import { requests, taskInvocations } from "../../../drizzle/schema.ts";
import type { Cursor } from "../../domain/cursor.ts";
import {
  type Branch,
  type BranchKind,
  type ConversationDetail,
  ConversationRequest,
  type Task,
} from "../../schemas/api/conversations.ts";
import type { z } from "zod";
import { failed, ok, type Result } from "../../domain/result.ts";
import { findBranch, findConversation, type NoBranch, readBranchStarts } from "./find.ts";
import { type DatabaseConfig, type Reader, withReader } from "../db/db.ts";
import { columnsNamed } from "../db/columns.ts";
import { readSideRequests, readSideRequestTotals } from "./side-requests.ts";
import { isoText, pageOf, timestamptz } from "../db/sql.ts";
import {
  HAS_FAILED,
  IS_UNPRICED,
  TOKEN_SUMS,
  tokenTotalsView,
  toTotals,
  totalTokensOrNull,
} from "../usage/totals.ts";
import { hasFailed } from "../../domain/outcome.ts";
import { formatUsd } from "../../domain/pricing/usd.ts";

export interface DetailFilter {
  /** A branch's key or name. */
  branch?: string | undefined;
  limit: number;
  after: Cursor | null;
}

export async function readConversation(
  config: DatabaseConfig,
  id: string,
  filter: DetailFilter,
): Promise<Result<ConversationDetail, NoBranch>> {
  return withReader(config, async (db) => {
    const row = await findConversation(db, id);
    if (!row) return failed("no_conversation");
    const { conversationId } = row;
    const [starts, tasks] = await Promise.all([
      readBranchStarts(db, conversationId),
      readTasks(db, conversationId),
    ]);
    const chosen = filter.branch === undefined ? null : findBranch(starts, filter.branch);
    if (chosen === undefined) return failed("no_branch");
    const [branches, page, [times], aliases, sideRequests, served] = await Promise.all([
      readBranches(db, conversationId),
      readRequests(db, conversationId, { ...filter, branchKey: chosen?.branchKey ?? null }),
      readTimes(db, conversationId),
      readAliases(db, conversationId),
      readSideRequestTotals(db, row),
      readSideRequests(db, row, filter.after?.id ?? null),
    ]);
    return ok({
      ...row,
      aliases,
      metrics: {
        totalMs: row.durationMs,
        inferenceMs: row.inferenceMs,
        toolMs: Number(times?.tool_ms ?? 0),
        toolRounds: Number(times?.tool_rounds ?? 0),
        replyMs: Number(times?.reply_ms ?? 0),
        replies: Number(times?.replies ?? 0),
      },
      sideRequests,
      branches,
      tasks,
      nextCursor: page.nextCursor,
      requests: page.requests.map((request) => ({
        ...request,
        sideRequests: served.get(request.requestId) ?? [],
      })),
    });
  });
}

/** The kind of a branch, by its name. */
export function branchKind(branchId: string, isSubtask: boolean): z.infer<typeof BranchKind> {
  if (isSubtask) return "subtask";
  if (branchId.startsWith("compact_")) return "compact";
  return branchId === "main" ? "main" : "branch";
}

/** The task calls in responses of this conversation, in order. */
export async function readTasks(db: Reader, conversationId: string): Promise<Task[]> {
  const rows = await db
    .select({
      requestId: taskInvocations.requestId,
      toolUseId: taskInvocations.toolUseId,
      toolName: taskInvocations.toolName,
      subagentType: taskInvocations.subagentType,
      description: taskInvocations.description,
      prompt: taskInvocations.promptExcerpt,
      branchKey: taskInvocations.subtaskRequestId,
    })
    .from(taskInvocations)
    .innerJoin(
      requests,
      // The id implies the time, but the planner needs the time to prune partitions.
      and(eq(requests.id, taskInvocations.requestId), eq(requests.startedAt, taskInvocations.startedAt)),
    )
    .where(eq(requests.conversationId, conversationId))
    .orderBy(asc(taskInvocations.requestId), asc(taskInvocations.position));
  return rows;
}

/** Columns that ConversationRequest has under their own names, and those it renames. */
const REQUEST_COLUMNS = {
  ...columnsNamed(requests, [...ConversationRequest.keyof().options, "startedAt", "costPico"]),
  requestId: requests.id,
  responseStatus: requests.status,
};

async function readRequests(
  db: Reader,
  conversationId: string,
  { branchKey, limit, after }: { branchKey: string | null; limit: number; after: Cursor | null },
): Promise<{ requests: Omit<ConversationRequest, "sideRequests">[]; nextCursor: string | null }> {
  const rows = await db
    .select(REQUEST_COLUMNS)
    .from(requests)
    .where(
      and(
        eq(requests.conversationId, conversationId),
        branchKey === null ? undefined : eq(requests.branchKey, branchKey),
        after
          ? sql`(${requests.startedAt}, ${requests.id}) > (${timestamptz(after.at)}, ${after.id}::uuid)`
          : undefined,
      ),
    )
    .orderBy(asc(requests.startedAt), asc(requests.id))
    .limit(limit + 1);
  const { page, nextCursor } = pageOf(rows, limit, ({ startedAt, requestId }) => ({
    at: startedAt.getTime(),
    id: requestId,
  }));
  return {
    requests: page.map(({ startedAt, costPico, ...row }) => ({
      ...row,
      failed: hasFailed({ failed: row.failed, status: row.responseStatus }),
      timestamp: startedAt.toISOString(),
      branchKey: row.branchKey ?? row.requestId,
      branchId: row.branchId ?? "main",
      totalTokens: totalTokensOrNull(row),
      costUsd: costPico === null ? null : formatUsd(costPico),
    })),
    nextCursor,
  };
}

async function readBranches(db: Reader, conversationId: string): Promise<Branch[]> {
  const { rows } = await db.execute<Record<string, string | null>>(sql`
    select branch_key, ${first("branch_id")} as branch_id, bool_or(is_subtask) as is_subtask,
      ${first("parent_request_id")} as parent_request_id, ${first("parent_task_request_id")} as parent_task_request_id,
      (array_agg(prompt order by started_at, id) filter (where prompt is not null))[1] as prompt,
      ${isoText("min(started_at)")} as first_at, ${isoText("max(started_at)")} as last_at,
      count(*) as requests, max(message_count) as messages,
      count(*) filter (where ${HAS_FAILED}) as errors,
      ${TOKEN_SUMS}, sum(cost_pico) as cost_pico,
      count(*) filter (where ${IS_UNPRICED}) as unpriced_count
    from requests where conversation_id = ${conversationId}::uuid and branch_key is not null
    group by branch_key order by min(started_at), branch_key`);
  return rows.map((row) => {
    const branchId = row.branch_id ?? "main";
    return {
      branchKey: row.branch_key ?? "",
      branchId,
      kind: branchKind(branchId, isTrue(row.is_subtask)),
      parentRequestId: row.parent_request_id ?? null,
      parentTaskRequestId: row.parent_task_request_id ?? null,
      prompt: row.prompt ?? null,
      firstMessageTime: row.first_at ?? "",
      lastMessageTime: row.last_at ?? "",
      requestCount: Number(row.requests),
      messageCount: Number(row.messages),
      errorCount: Number(row.errors),
      ...tokenTotalsView(toTotals(row)),
    };
  });
}

/**
 * The time between the end of a response and the next request: tool time if the response called tools, reply time if it
 * called none and the next request has a new prompt.
 */
async function readTimes(db: Reader, conversationId: string) {
  const pause = sql.raw(
    "greatest(0, extract(epoch from r.started_at - p.started_at) * 1000 - coalesce(p.duration_ms, 0))",
  );
  const { rows } = await db.execute<Record<string, string>>(sql`
    select coalesce(sum(${pause}) filter (where is_tools), 0)::float8 as tool_ms, count(*) filter (where is_tools) as tool_rounds,
      coalesce(sum(${pause}) filter (where is_reply), 0)::float8 as reply_ms, count(*) filter (where is_reply) as replies
    from requests r
    join requests p on p.conversation_id = r.conversation_id and p.id = r.parent_request_id
    cross join lateral (select p.tool_call_count > 0 and r.prompt is null as is_tools,
      p.tool_call_count = 0 and r.prompt is not null as is_reply) pause_of
    where r.conversation_id = ${conversationId}::uuid and r.link_kind in ('turn', 'resume', 'compact')`);
  return rows;
}

async function readAliases(db: Reader, conversationId: string): Promise<string[]> {
  const { rows } = await db.execute<{ id: string }>(sql`
    select a.id from conversation_aliases a join requests r on r.id = a.root_request_id
    where r.conversation_id = ${conversationId}::uuid and a.id <> ${conversationId}::uuid order by a.id`);
  return rows.map(({ id }) => id);
}

function first(column: string): SQL {
  return sql.raw(`(array_agg(${column} order by started_at, id))[1]`);
}

/** Drivers return a boolean expression as boolean or as text. */
function isTrue(value: unknown): boolean {
  return value === true || value === "t" || value === "true";
}
