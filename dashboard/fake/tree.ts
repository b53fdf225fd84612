/** Grows trees of conversations for tests and the scripted API: turns on branches, forks, sub-tasks, calls without an end. */
import type { ConversationTree } from "../../workers/schemas/api/conversations.ts";

type Node = ConversationTree["nodes"][number];

interface Grower {
  /** `count` requests at the end of a branch (or after the node `after`), which begins if there is none of that name. */
  turns(branch: string, count: number, change?: Partial<Node> & { after?: number }): Grower;
  add(branch: string, change?: Partial<Node>): Grower;
  /** A branch that leaves node `from`. */
  fork(branch: string, from: number, count: number): Grower;
  /** A sub-task that the last node, or `after`, calls. */
  spawn(branch: string, count: number, options?: { after?: number; prompt?: string }): Grower;
  /** A call of which no sub-task was seen. */
  call(node: number, prompt: string): Grower;
  tree(): ConversationTree;
}

export function growTree(startedAt = "2026-11-23T12:00:00.000Z"): Grower {
  const tree: ConversationTree = { conversationId: "c", startedAt, branches: [], nodes: [], tasks: [] };
  const tips = new Map<string, number>();
  const branchOf = (name: string, start: { parent?: number; task?: number; prompt?: string } = {}) => {
    const found = tree.branches.findIndex((branch) => branch.name === name);
    if (found !== -1) return found;
    tree.branches.push({
      key: idOf(tree.nodes.length),
      name,
      kind: /^(subtask|compact|branch)/.exec(name)?.[1] === undefined ? "main" : kindOf(name),
      parent: start.parent ?? null,
      task: start.task ?? null,
      requests: 0,
      prompt: start.prompt ?? null,
      description: null,
      subagentType: null,
    });
    return tree.branches.length - 1;
  };
  const grow = (name: string, parent: number | null, change: Partial<Node> = {}) => {
    const branch = branchOf(name);
    const place = tree.nodes.length;
    tree.branches[branch]!.requests++;
    tree.nodes.push({
      id: idOf(place),
      parent,
      branch,
      kind: "turn",
      at: place * 20_000,
      ms: 8_000,
      messages: parent === null ? 1 : tree.nodes[parent]!.messages + 2,
      context: 20_000 + place * 900,
      status: 200,
      failed: false,
      speaks: "person",
      calls: 0,
      tasks: 0,
      ...change,
    });
    tips.set(name, place);
  };
  const grower: Grower = {
    turns(branch, count, { after, ...change } = {}) {
      for (let n = 0; n < count; n++)
        grow(branch, n === 0 && after !== undefined ? after : (tips.get(branch) ?? null), change);
      return grower;
    },
    add(branch, change) {
      grow(branch, tips.get(branch) ?? null, change);
      return grower;
    },
    fork(branch, from, count) {
      branchOf(branch, { parent: from, prompt: "No, try it the other way round" });
      for (let n = 0; n < count; n++) grow(branch, n === 0 ? from : tips.get(branch)!);
      return grower;
    },
    spawn(branch, count, { after, prompt = "Look for every place that mocks the clock" } = {}) {
      const node = after ?? tree.nodes.length - 1;
      const place = branchOf(branch, { task: node, prompt });
      tree.nodes[node]!.tasks++;
      const toolUseId = `toolu_${tree.tasks.length}`;
      const call = {
        toolUseId,
        toolName: "Agent",
        description: "Find clocks",
        subagentType: "Explore",
        prompt,
      };
      tree.tasks.push({ node, branch: place, ...call });
      for (let n = 0; n < count; n++) grow(branch, n === 0 ? null : tips.get(branch)!);
      return grower;
    },
    call(node, prompt) {
      tree.nodes[node]!.tasks++;
      const call = { toolUseId: `toolu_${tree.tasks.length}`, toolName: "Agent", prompt };
      tree.tasks.push({ node, branch: null, description: null, subagentType: null, ...call });
      return grower;
    },
    tree: () => tree,
  };
  return grower;
}

const idOf = (place: number) => `01980000-0000-7000-8000-${String(place).padStart(12, "0")}`;

function kindOf(name: string): ConversationTree["branches"][number]["kind"] {
  if (name.startsWith("subtask")) return "subtask";
  return name.startsWith("compact") ? "compact" : "branch";
}

/** A session as one sees them: tools between turns, a failed try, sub-tasks, a rewind, a compaction. */
export function busyTree(
  startedAt: string,
  words = "Look for every place that mocks the clock",
): ConversationTree {
  const grown = growTree(startedAt);
  grown.turns("main", 1).turns("main", 2, { speaks: "tools", calls: 1 });
  grown.spawn("subtask_1", 4, { prompt: words }).spawn("subtask_2", 9, {
    after: 2,
    prompt: "Run the login test twenty times and say how often it fails",
  });
  grown.turns("main", 1, { speaks: "tools" });
  grown.add("main", { failed: true, status: 529, context: null }).add("main", { kind: "retry" });
  grown.turns("main", 3, { speaks: "tools", calls: 2 }).turns("main", 1);
  // The first request after the sub-tasks.
  grown.fork("branch_20261123120107", 16, 3).turns("main", 2);
  grown
    .spawn("subtask_3", 2, { prompt: "Review the change" })
    .call(grown.tree().nodes.length - 3, "Write the release note");
  grown.turns("main", 1, { speaks: "tools" }).add("main", { kind: "compact-ask" });
  grown.fork("compact_121500", grown.tree().nodes.length - 1, 3);
  grown.add("compact_121500", { failed: true, status: 400, context: null });
  return grown.tree();
}

/** Five thousand requests: a straight run, many sub-tasks, a handful of branches. */
export function longTree(startedAt: string): ConversationTree {
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
