/** A conversation as a tree, small enough for thousands of requests: nodes refer to each other by their places in a list. */
import { sql } from "drizzle-orm";
import type { ConversationTree } from "../schemas/api-conversations.ts";
import { findConversation } from "./conversations-find.ts";
import { branchKind, readTasks } from "./conversations-read.ts";
import { type DatabaseConfig, type Reader, withReader } from "./db.ts";

/** One request, in the order of the statement below. JSON built by Postgres: thousands of rows of a driver cost more. */
type Row = [
  id: string,
  parent: string | null,
  branchKey: string | null,
  branchId: string | null,
  kind: string | null,
  at: number,
  ms: number | null,
  messages: number,
  context: number | null,
  status: number | null,
  failed: boolean,
  speaks: boolean,
  calls: number,
  isSubtask: boolean,
  task: string | null,
  prompt: string | null,
];

/** Null when there is no such conversation. */
export async function readTree(config: DatabaseConfig, id: string): Promise<ConversationTree | null> {
  return withReader(config, async (db) => {
    const row = await findConversation(db, id);
    if (!row) return null;
    const { conversationId, firstMessageTime } = row;
    const [rows, tasks] = await Promise.all([
      readRows(db, conversationId, firstMessageTime),
      readTasks(db, conversationId),
    ]);
    const places = new Map(rows.map(([requestId], n) => [requestId, n]));
    const place = (requestId: string | null) => (requestId === null ? null : (places.get(requestId) ?? null));
    const branches: ConversationTree["branches"] = [];
    const branchPlaces = new Map<string, number>();
    const taskOf = new Map(tasks.map((task) => [task.branchKey, task]));
    const spawned = new Map<string, number>();
    for (const { requestId } of tasks) spawned.set(requestId, (spawned.get(requestId) ?? 0) + 1);

    const nodes = rows.map((each): ConversationTree["nodes"][number] => {
      const [requestId, parent, branchKey, branchId, kind, at, ms, messages, context, status] = each;
      const [failed, speaks, calls, isSubtask, task, prompt] = each.slice(10) as [
        boolean,
        boolean,
        number,
        boolean,
        string | null,
        string | null,
      ];
      const key = branchKey ?? requestId;
      let branch = branchPlaces.get(key);
      if (branch === undefined) {
        branch = branches.length;
        branchPlaces.set(key, branch);
        const name = branchId ?? "main";
        const call = taskOf.get(key);
        branches.push({
          key,
          name,
          kind: branchKind(name, isSubtask),
          parent: isSubtask ? null : place(parent),
          task: place(task),
          requests: 0,
          prompt: call?.prompt ?? prompt,
          description: call?.description ?? null,
          subagentType: call?.subagentType ?? null,
        });
      }
      branches[branch]!.requests += 1;
      return {
        id: requestId,
        parent: place(parent),
        branch,
        kind: kind ?? "turn",
        at,
        ms,
        messages,
        context,
        status,
        failed,
        speaks: speaks ? "person" : "tools",
        calls,
        tasks: spawned.get(requestId) ?? 0,
      };
    });
    return {
      conversationId,
      startedAt: firstMessageTime,
      branches,
      nodes,
      tasks: tasks.flatMap(({ requestId, branchKey, ...task }) => {
        const node = place(requestId);
        const branch = branchKey === null ? null : (branchPlaces.get(branchKey) ?? null);
        return node === null ? [] : [{ node, branch, ...task }];
      }),
    };
  });
}

async function readRows(db: Reader, conversationId: string, startedAt: string): Promise<Row[]> {
  const { rows } = await db.execute<{ nodes: Row[] | string | null }>(sql`
    select json_agg(json_build_array(id, parent_request_id, branch_key, branch_id, link_kind,
      round(extract(epoch from started_at - ${startedAt}::timestamptz) * 1000), duration_ms, message_count,
      input_tokens + coalesce(output_tokens, 0) + coalesce(cache_read_input_tokens, 0) + coalesce(cache_creation_input_tokens, 0),
      status, status is null or status >= 400 or outcome <> 'complete', prompt is not null, tool_call_count, is_subtask,
      case when branch_key = id then parent_task_request_id end, case when branch_key = id then prompt end)
      order by started_at, id) as nodes
    from requests where conversation_id = ${conversationId}::uuid`);
  const nodes = rows[0]?.nodes ?? [];
  return typeof nodes === "string" ? (JSON.parse(nodes) as Row[]) : nodes;
}
