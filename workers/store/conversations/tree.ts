/** A conversation as a tree, compact enough for thousands of requests: nodes refer to each other by index. */
import { sql } from "drizzle-orm";
import type { ConversationTree } from "../../schemas/api/conversations.ts";
import { failed, ok, type Result } from "../../domain/result.ts";
import { findConversation } from "./find.ts";
import { branchKind, readTasks } from "./read.ts";
import { type Served, servesConversation } from "./side-requests.ts";
import { type DatabaseConfig, type Reader, withReader } from "../db/db.ts";
import { HAS_FAILED } from "../usage/totals.ts";

/**
 * The requests in order, as JSON built by PostgreSQL: thousands of rows through the driver cost more. One array per column:
 * arrays of arrays take PostgreSQL twice as long. A value equal to that of the previous row is not repeated.
 */
interface Columns {
  /** Empty if there are no requests; the other columns are null then. */
  ids: string[];
  /** Null: none. Empty: the previous request. */
  parents: (string | null)[];
  /** Branch key; null: as in the previous row. */
  keys: (string | null)[];
  /** Branch name, where the branch changes. */
  names: (string | null)[];
  kinds: (string | null)[];
  at: number[];
  ms: (number | null)[];
  messages: number[];
  contexts: (number | null)[];
  statuses: (number | null)[];
  /** Bits of NodeFlag. */
  flags: number[];
  calls: number[];
  sides: number[];
  /** The first request of each branch: id, the request that spawned it, prompt. */
  starts: [id: string, task: string | null, prompt: string | null][] | null;
}
const NodeFlag = { failed: 1, hasPrompt: 2, subtask: 4 } as const;

export async function readTree(
  config: DatabaseConfig,
  id: string,
): Promise<Result<ConversationTree, "no_conversation">> {
  return withReader(config, async (db) => {
    const row = await findConversation(db, id);
    if (!row) return failed("no_conversation");
    const { conversationId, firstMessageTime } = row;
    const [columns, tasks] = await Promise.all([readColumns(db, row), readTasks(db, conversationId)]);
    const indexes = new Map(columns.ids.map((requestId, n) => [requestId, n]));
    const indexOf = (requestId: string | null) =>
      requestId === null ? null : (indexes.get(requestId) ?? null);
    const branches: ConversationTree["branches"] = [];
    const branchIndexes = new Map<string, number>();
    const starts = new Map((columns.starts ?? []).map(([id, task, prompt]) => [id, { task, prompt }]));
    const taskOf = new Map(tasks.map((task) => [task.branchKey, task]));
    const spawned = new Map<string, number>();
    for (const { requestId } of tasks) spawned.set(requestId, (spawned.get(requestId) ?? 0) + 1);

    let branch = 0;
    const nodes = columns.ids.map((requestId, n): ConversationTree["nodes"][number] => {
      const flags = columns.flags[n]!;
      const has = (flag: number) => (flags & flag) !== 0;
      const isSubtask = has(NodeFlag.subtask);
      const before = columns.parents[n] === "";
      const parent = before ? n - 1 : indexOf(columns.parents[n]!);
      const key = columns.keys[n] ?? null;
      if (key !== null) {
        branch = branchIndexes.get(key) ?? branches.length;
        if (branch === branches.length) {
          branchIndexes.set(key, branch);
          const name = columns.names[n] ?? "main";
          const call = taskOf.get(key);
          const opening = starts.get(requestId);
          branches.push({
            key,
            name,
            kind: branchKind(name, isSubtask),
            parent: isSubtask ? null : parent,
            task: indexOf(opening?.task ?? null),
            requests: 0,
            prompt: call?.prompt ?? opening?.prompt ?? null,
            description: call?.description ?? null,
            subagentType: call?.subagentType ?? null,
          });
        }
      }
      branches[branch]!.requests += 1;
      return {
        id: requestId,
        parent,
        branch,
        kind: columns.kinds[n] ?? "turn",
        at: columns.at[n]!,
        ms: columns.ms[n]!,
        messages: columns.messages[n]!,
        context: columns.contexts[n]!,
        status: columns.statuses[n]!,
        failed: has(NodeFlag.failed),
        speaks: has(NodeFlag.hasPrompt) ? "person" : "tools",
        calls: columns.calls[n]!,
        tasks: spawned.get(requestId) ?? 0,
        sideRequests: columns.sides[n]!,
      };
    });
    return ok({
      conversationId,
      startedAt: firstMessageTime,
      branches,
      nodes,
      tasks: tasks.flatMap(({ requestId, branchKey, ...task }) => {
        const node = indexOf(requestId);
        const branch = branchKey === null ? null : (branchIndexes.get(branchKey) ?? null);
        return node === null ? [] : [{ node, branch, ...task }];
      }),
    });
  });
}

async function readColumns(db: Reader, served: Served): Promise<Columns> {
  const { conversationId, firstMessageTime: startedAt } = served;
  const { rows } = await db.execute<{ columns: Columns | string }>(sql`
    select json_build_object('ids', coalesce(json_agg(id), '[]'), 'parents', json_agg(parent), 'keys', json_agg(key), 'names', json_agg(name),
      'kinds', json_agg(link_kind), 'at', json_agg(at), 'ms', json_agg(duration_ms), 'messages', json_agg(message_count),
      'contexts', json_agg(context), 'statuses', json_agg(status), 'flags', json_agg(flags), 'calls', json_agg(tool_call_count),
      'sides', json_agg(sides),
      'starts', json_agg(json_build_array(id, parent_task_request_id, prompt)) filter (where branch_key = id)) as columns
    from (
      select *, case when parent_request_id = lag(id) over w then '' else parent_request_id::text end as parent,
        case when branch is distinct from lag(branch) over w then branch end as key,
        case when branch is distinct from lag(branch) over w then branch_id end as name
      from (
        select id, started_at, parent_request_id, branch_key, coalesce(branch_key, id) as branch, branch_id, link_kind, prompt,
          round(extract(epoch from started_at - ${startedAt}::timestamptz) * 1000)::int8 as at, duration_ms, message_count, status,
          context_tokens as context,
          ${HAS_FAILED}::int * ${NodeFlag.failed}::int
            + (prompt is not null)::int * ${NodeFlag.hasPrompt}::int + is_subtask::int * ${NodeFlag.subtask}::int as flags,
          tool_call_count, parent_task_request_id, coalesce(sides, 0) as sides
        from requests left join (
          select serves_request_id as served, count(*) as sides from requests where ${servesConversation(served)}
          group by serves_request_id
        ) side_requests on served = id
        where conversation_id = ${conversationId}::uuid
      ) r window w as (order by started_at, id) order by started_at, id
    ) ordered`);
  const found = rows[0]!.columns;
  return typeof found === "string" ? (JSON.parse(found) as Columns) : found;
}
