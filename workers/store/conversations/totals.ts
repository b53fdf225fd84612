/**
 * One row per conversation with totals over its requests, written in the transaction that stores or re-links them, so that
 * lists read nothing else. A new request adds to the row of its conversation in constant time; where requests moved or
 * changed, the row is computed again from all of them. Every writer of link columns calls this.
 */
import { inArray, type SQL, sql } from "drizzle-orm";
import type { PgColumn } from "drizzle-orm/pg-core";
import { conversations } from "../../../drizzle/schema.ts";
import type { WriterTransaction } from "../db/db.ts";
import { timestamptz } from "../db/sql.ts";
import { HAS_FAILED, IS_UNPRICED, TOKEN_COLUMNS } from "../usage/totals.ts";

export interface ConversationChanges {
  /** Conversations that stored requests left, joined or changed in; former ids are allowed. */
  changed: ReadonlySet<string>;
  /** Requests just stored with their links; may include those of `changed` conversations. */
  added: readonly { id: string; startedAt: Date }[];
}

/** Updates the rows of these conversations; a conversation without requests loses its row. */
export async function updateConversationTotals(
  tx: WriterTransaction,
  { changed, added }: ConversationChanges,
): Promise<void> {
  const rebuilt = [...changed];
  if (rebuilt.length > 0) {
    await tx.delete(conversations).where(inArray(conversations.id, rebuilt));
    await tx.execute(upsertTotals(sql`r.conversation_id in ${rebuilt}`));
  }
  if (added.length === 0) return;
  const times = added.map(({ startedAt }) => startedAt.getTime());
  const ids = added.map(({ id }) => id);
  await tx.execute(
    upsertTotals(sql`r.id in ${ids} and r.conversation_id is not null
      and r.started_at between ${timestamptz(Math.min(...times))} and ${timestamptz(Math.max(...times))}
      ${rebuilt.length > 0 ? sql`and r.conversation_id not in ${rebuilt}` : sql``}`),
  );
}

/** Where one of several requests is chosen, sub-tasks come last. */
const FIRST = sql.raw("order by is_subtask, started_at, id");
const LAST = sql.raw("order by is_subtask, started_at desc, id desc");
/** A column: its value for a set of requests, and how the values of two sets of one conversation merge. */
type Column = { of: SQL; with: (column: PgColumn) => SQL };

const plus = (of: SQL): Column => ({ of, with: (column) => sql`${column} + ${excluded(column)}` });
const least = (of: SQL): Column => ({ of, with: (column) => sql`least(${column}, ${excluded(column)})` });
const greatest = (of: SQL): Column => ({
  of,
  with: (column) => sql`greatest(${column}, ${excluded(column)})`,
});
const earlier = (of: SQL): Column => ({
  of,
  with: (column) => sql`coalesce(${column}, ${excluded(column)})`,
});
const later = (of: SQL): Column => ({
  of,
  with: (column) => sql`case when ${IS_LATER} then ${excluded(column)} else ${column} end`,
});
const union = (of: SQL): Column => ({
  of,
  with: (column) => sql`array(select distinct unnest(${column} || ${excluded(column)}) order by 1)`,
});
const sumOf = (column: string) => plus(sql.raw(`coalesce(sum(${column}), 0)`));
const countWhere = (condition: string | SQL) =>
  plus(sql`count(*) filter (where ${typeof condition === "string" ? sql.raw(condition) : condition})`);

const IS_LATER = sql`(not excluded.latest_is_subtask, excluded.latest_at, excluded.latest_request_id)
  > (not conversations.latest_is_subtask, conversations.latest_at, conversations.latest_request_id)`;

const CONTEXT_KEY = sql.raw(
  "case when is_subtask then '0' else '1' end || to_char(started_at at time zone 'UTC', 'YYYYMMDDHH24MISSUS') || id",
);
/** Also where no request before had any tokens. */
const IS_LATER_CONTEXT = sql`excluded.latest_context_key collate "C" > coalesce(conversations.latest_context_key, '') collate "C"`;

const TOKENS = Object.fromEntries(
  TOKEN_COLUMNS.map((name) => [name, sumOf(conversations[name].name)]),
) as Record<(typeof TOKEN_COLUMNS)[number], Column>;

const COLUMNS: Record<Exclude<keyof typeof conversations.$inferSelect, "id">, Column> = {
  domainId: earlier(sql`min(domain_id)`),
  rootRequestId: earlier(sql`(array_agg(id ${FIRST}))[1]`),
  title: earlier(sql`(array_agg(prompt ${FIRST}) filter (where prompt is not null))[1]`),
  sessionId: earlier(sql`(array_agg(session_id ${FIRST}) filter (where session_id is not null))[1]`),
  firstAt: least(sql`min(started_at)`),
  lastAt: greatest(sql`max(started_at)`),
  endedAt: greatest(sql`max(started_at + coalesce(duration_ms, 0) * interval '1 millisecond')`),
  latestRequestId: later(sql`(array_agg(id ${LAST}))[1]`),
  latestAt: later(sql`(array_agg(started_at ${LAST}))[1]`),
  latestIsSubtask: later(sql`(array_agg(is_subtask ${LAST}))[1]`),
  latestModel: later(sql`(array_agg(model ${LAST}))[1]`),
  // A rejected request has no tokens and leaves the context unchanged.
  latestContextTokens: {
    of: sql`(array_agg(context_tokens ${LAST}) filter (where input_tokens is not null))[1]`,
    with: (column) => sql`case when ${IS_LATER_CONTEXT} then ${excluded(column)} else ${column} end`,
  },
  latestContextKey: {
    of: sql`(array_agg(${CONTEXT_KEY} ${LAST}) filter (where input_tokens is not null))[1]`,
    with: (column) => sql`greatest(${column} collate "C", ${excluded(column)} collate "C")`,
  },
  accountIds: union(
    sql`coalesce(array_agg(distinct account_id) filter (where account_id is not null), '{}')`,
  ),
  models: union(
    sql`array(select distinct name #>> '{}' from jsonb_path_query(jsonb_agg(used_models), '$[*][*][*]') name
      where jsonb_typeof(name) = 'string' order by 1)`,
  ),
  requests: countWhere("true"),
  turns: countWhere(
    "prompt is not null and not is_subtask and coalesce(link_kind, '') not in ('retry', 'compact-ask')",
  ),
  subtaskRequests: countWhere("is_subtask"),
  errors: countWhere(HAS_FAILED),
  branches: countWhere("branch_key = id"),
  userBranches: countWhere("branch_key = id and branch_id like 'branch\\_%'"),
  compactBranches: countWhere("branch_key = id and branch_id like 'compact\\_%'"),
  subtaskBranches: countWhere("branch_key = id and is_subtask"),
  continuations: countWhere("parent_request_id is not null or prior_end_key is not null"),
  orphans: countWhere("parent_request_id is null and prior_end_key is not null"),
  ...TOKENS,
  toolCallCount: sumOf("tool_call_count"),
  costPico: sumOf("cost_pico"),
  unpricedCount: countWhere(IS_UNPRICED),
  inferenceMs: sumOf("duration_ms"),
};

/** Adds the requests that `condition` (over `r`) selects to the rows of their conversations. */
function upsertTotals(condition: SQL): SQL {
  const entries = Object.entries(COLUMNS).map(([name, column]) => ({
    ...column,
    target: conversations[name as keyof typeof COLUMNS],
  }));
  return sql`
    insert into conversations (id, ${list(entries.map(({ target }) => nameOf(target)))})
    select conversation_id, ${list(entries.map(({ of }) => of))}
    from (
      select r.*, e.prior_end_key,
        jsonb_build_array(r.model, jsonb_path_query_array(r.model_shares, '$[*].model')) as used_models
      from requests r left join link_evidence e on e.request_id = r.id where ${condition}
    ) chosen
    group by conversation_id
    on conflict (id) do update set
      ${list(entries.map(({ target, with: together }) => sql`${nameOf(target)} = ${together(target)}`))}`;
}

function nameOf(column: PgColumn): SQL {
  return sql`${sql.identifier(column.name)}`;
}

function excluded(column: PgColumn): SQL {
  return sql`excluded.${nameOf(column)}`;
}

function list(parts: readonly SQL[]): SQL {
  return sql.join([...parts], sql`, `);
}
