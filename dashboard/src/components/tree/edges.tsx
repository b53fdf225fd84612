/** The lines of a conversation's drawing, in the colours of their branches; and where its things lead. */
import type { ConversationTree as Tree } from "../../../../workers/schemas/api/conversations.ts";
import { BOX, type PlacedBox, type PlacedBranch, type PlacedEdge } from "../../tree/layout.ts";

export interface TreeLinks {
  /** Where the request of a node is read. */
  node(place: number): string;
  branch(place: number): string;
  /** The same page with a run opened. */
  open(place: number): string;
  /** All sub-tasks as a list. */
  list: string;
}

/** Colours of branches; the trunk is neutral. Blue is left to the points where branches begin. */
const HUES = 6;
export const hue = (branch: number, tree: Tree) =>
  tree.branches[branch]?.kind === "main" ? "hue-0" : `hue-${((branch - 1 + HUES) % HUES) + 1}`;

export function Trunk({ branch, tree }: { branch: PlacedBranch; tree: Tree }) {
  const { x, trunk } = branch;
  const { kind } = tree.branches[branch.branch]!;
  if (trunk.from === trunk.to) return null;
  return <path class={`edge ${kind} ${hue(branch.branch, tree)}`} d={`M${x} ${trunk.from}V${trunk.to}`} />;
}

/** From the request a branch leaves: a bend into the branch's lane, then down to its first request. */
export function Edge({ edge, tree }: { edge: PlacedEdge; tree: Tree }) {
  const { from, to, kind } = edge;
  const bend = Math.min(18, to.y - from.y);
  const path =
    from.x === to.x
      ? `M${from.x} ${from.y}V${to.y}`
      : `M${from.x} ${from.y}C${from.x} ${from.y + bend} ${to.x} ${from.y} ${to.x} ${from.y + bend}V${to.y}`;
  return <path class={`edge ${kind} ${hue(edge.branch, tree)}`} d={path} />;
}

/** Horizontal, from the request beside it; further boxes hang on the first one's line. */
export function BoxEdge({ box }: { box: PlacedBox }) {
  const y = box.y + BOX.height / 2;
  const elbow = box.x - 14;
  const path =
    box.stem === 0 ? `M${box.x - BOX.beside} ${y}H${box.x}` : `M${elbow} ${y - box.stem}V${y}H${box.x}`;
  return <path class="edge subtask" d={path} />;
}
