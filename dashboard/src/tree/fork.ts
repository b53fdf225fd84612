/** Where two branches part: the minimum number of common messages. */
import type { ConversationTree } from "../../../workers/schemas/api/conversations.ts";

/**
 * Position from which on the transcripts of the branches `left` and `right` (places) are to be compared; before it they are
 * the same. 1 if nothing is in common: between a conversation and its sub-task, or across a summary.
 */
export function firstComparedPosition(tree: ConversationTree, left: number, right: number): number {
  const line = new Set(ancestryOf(tree, left));
  const common = ancestryOf(tree, right).find((node) => line.has(node));
  if (common === undefined) return 1;
  // Includes the last messages before the fork: an edited message is part of the request it was sent with.
  return Math.max(1, tree.nodes[common]!.messages - 1);
}

/** Requests in the history of a branch's last one, newest first; a summary begins a new history. */
function ancestryOf(tree: ConversationTree, branch: number): number[] {
  const line: number[] = [];
  let at: number | null = tree.nodes.findLastIndex((node) => node.branch === branch);
  while (at !== null && at >= 0) {
    line.push(at);
    const node: ConversationTree["nodes"][number] = tree.nodes[at]!;
    if (node.kind === "compact" || startsNewHistory(tree, at)) break;
    // A later parent would form a cycle.
    at = node.parent !== null && node.parent < at ? node.parent : null;
  }
  return line;
}

const startsNewHistory = (tree: ConversationTree, place: number) => {
  const { branch, id } = tree.nodes[place]!;
  const { kind, key } = tree.branches[branch]!;
  return kind === "compact" && key === id;
};
