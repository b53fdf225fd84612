/** A conversation of five thousand requests, in place of the recorded one. */
import type {
  Branch,
  ConversationDetail,
  ConversationTree,
} from "../../workers/schemas/api/conversations.ts";
import { growTree } from "./grow-tree.ts";
import { IDS, recordedBody, type ReplayOptions } from "./replayed-api.ts";

/** A straight run, many sub-tasks, a handful of branches. */
function longTree(startedAt: string): ConversationTree {
  const grown = growTree(startedAt);
  grown.turns("main", 1_000, { speaks: "tools", calls: 1, context: 150_000 });
  for (let n = 1; n <= 200; n++) {
    grown.turns("main", 8, { speaks: "tools" }).turns("main", 1);
    grown.spawn(`subtask_${n}`, 9);
    if (n % 25 === 0)
      grown.fork(`branch_2026112312${String(n).padStart(4, "0")}`, grown.tree().nodes.length - 12, 6);
  }
  return grown.turns("main", 350, { speaks: "tools" }).tree();
}

/** The recorded conversation with that tree and its branches. */
export function longConversation(): ReplayOptions {
  const path = `/api/conversations/${IDS.conversation}`;
  const detail = recordedBody<ConversationDetail>(`${path}?limit=1`);
  const tree = { ...longTree(detail.firstMessageTime), conversationId: IDS.conversation };
  const branches = tree.branches.map(({ key, name, kind, prompt }): Branch => ({
    ...detail.branches[0]!,
    branchKey: key,
    branchId: name,
    kind,
    prompt,
    errorCount: 0,
  }));
  return { overrides: { [`GET ${path}`]: { ...detail, branches }, [`GET ${path}/tree`]: tree } };
}
