/** Builds trees of conversations for tests: turns on branches, forks, sub-tasks, calls without a recorded sub-task. */
import type { ConversationTree } from "../../workers/schemas/api/conversations.ts";

type Node = ConversationTree["nodes"][number];

export function growTree(startedAt = "2026-11-23T12:00:00.000Z") {
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
      sideRequests: 0,
      ...change,
    });
    tips.set(name, place);
  };
  type Call = ConversationTree["tasks"][number];
  const addCall = (
    node: number,
    prompt: string,
    of: Pick<Call, "branch" | "description" | "subagentType">,
  ) => {
    tree.nodes[node]!.tasks++;
    tree.tasks.push({ node, toolUseId: `toolu_${tree.tasks.length}`, toolName: "Agent", prompt, ...of });
  };
  return {
    /** `count` requests at the end of a branch (or after the node `after`), which begins if there is none of that name. */
    turns(branch: string, count: number, { after, ...change }: Partial<Node> & { after?: number } = {}) {
      for (let n = 0; n < count; n++)
        grow(branch, n === 0 && after !== undefined ? after : (tips.get(branch) ?? null), change);
      return this;
    },
    add(branch: string, change?: Partial<Node>) {
      grow(branch, tips.get(branch) ?? null, change);
      return this;
    },
    /** A branch that leaves node `from`. */
    fork(branch: string, from: number, count: number) {
      branchOf(branch, { parent: from, prompt: "No, try it the other way round" });
      for (let n = 0; n < count; n++) grow(branch, n === 0 ? from : tips.get(branch)!);
      return this;
    },
    /** A sub-task that the last node, or `after`, calls. */
    spawn(
      branch: string,
      count: number,
      {
        after: node = tree.nodes.length - 1,
        prompt = "Look for every place that mocks the clock",
      }: { after?: number; prompt?: string } = {},
    ) {
      const place = branchOf(branch, { task: node, prompt });
      addCall(node, prompt, { branch: place, description: "Find clocks", subagentType: "Explore" });
      for (let n = 0; n < count; n++) grow(branch, n === 0 ? null : tips.get(branch)!);
      return this;
    },
    /** A call without a recorded sub-task. */
    call(node: number, prompt: string) {
      addCall(node, prompt, { branch: null, description: null, subagentType: null });
      return this;
    },
    tree: () => tree,
  };
}

const idOf = (place: number) => `01980000-0000-7000-8000-${String(place).padStart(12, "0")}`;

const KINDS = ["subtask", "compact", "branch"] as const;
