/** Decides which branches of a conversation are drawn request by request, and which as a box beside their caller. */
import type { ConversationTree } from "../../../workers/schemas/api/conversations.ts";

export interface SubtaskBox {
  /** Place of the sub-task's branch; null for a call of which no request was seen, or for the count of further ones. */
  branch: number | null;
  /** Place among the tree's tasks, where it was called by name. */
  task: number | null;
  /** Boxes that are not drawn, in the box that counts them; else 0. */
  more: number;
}

/** Boxes beside one request; further ones are counted. */
const MAX_BOXES = 10;

/** The boxes of a request that are drawn: all, or so many and one that counts the others. */
export function visibleBoxes(own: readonly SubtaskBox[]): SubtaskBox[] {
  if (own.length <= MAX_BOXES) return [...own];
  const shown = own.slice(0, MAX_BOXES - 1);
  return [...shown, { branch: null, task: null, more: own.length - shown.length }];
}

/** Branches whose requests are drawn: all but sub-tasks, sub-tasks without a recorded caller, and the open branch. */
export function drawnBranches(tree: ConversationTree, chosen: number | null): Set<number> {
  const drawn = new Set<number>();
  tree.branches.forEach((branch, place) => {
    if (branch.kind !== "subtask" || branch.task === null) drawn.add(place);
  });
  // A nested sub-task is drawn in its parent, so all parents of the chosen one are drawn.
  for (let at = chosen; at !== null && !drawn.has(at);) {
    drawn.add(at);
    const task: number | null = tree.branches[at]!.task;
    at = task === null ? null : tree.nodes[task]!.branch;
  }
  return drawn;
}

/**
 * Sub-tasks by the item that called them: first as the responses name them, then those found by other evidence. Sub-tasks
 * of a sub-task that is not drawn are counted in its box.
 */
export function subtaskBoxesByItem(
  tree: ConversationTree,
  itemOf: readonly (number | null)[],
  drawn: ReadonlySet<number>,
  chosen: number | null,
): Map<number, SubtaskBox[]> {
  const boxes = new Map<number, SubtaskBox[]>();
  const add = (node: number, box: SubtaskBox) => {
    const item = itemOf[node] ?? null;
    if (item !== null) boxes.set(item, [...(boxes.get(item) ?? []), box]);
  };
  const named = new Set<number>();
  tree.tasks.forEach(({ node, branch }, task) => {
    // Two attempts of one request may both name the branch that came of it.
    if (branch !== null && named.has(branch)) return;
    if (branch !== null) named.add(branch);
    add(node, { branch, task, more: 0 });
  });
  tree.branches.forEach(({ kind, task }, branch) => {
    if (kind === "subtask" && task !== null && !named.has(branch)) add(task, { branch, task: null, more: 0 });
  });
  // The open branch comes first, so that it is always drawn.
  for (const [item, list] of boxes) {
    if (list.length <= MAX_BOXES) continue;
    const isShown = (box: SubtaskBox) =>
      box.branch !== null && (box.branch === chosen || drawn.has(box.branch));
    boxes.set(item, [...list.filter(isShown), ...list.filter((box) => !isShown(box))]);
  }
  return boxes;
}
