/** Builds trees of conversations for tests: turns on branches, forks, sub-tasks, calls without a recorded sub-task. */
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
  /** A call without a recorded sub-task. */
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
      kind: KINDS.find((kind) => name.startsWith(kind)) ?? "main",
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

const KINDS = ["subtask", "compact", "branch"] as const;
