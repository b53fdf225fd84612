/**
 * Positions of a conversation's tree in pixels: a row per item, oldest first, a column per branch as in a commit graph,
 * sub-tasks as boxes beside the request that called them. Pure; components/tree/drawing.tsx draws it.
 */
import type { ConversationTree } from "../../../workers/schemas/api/conversations.ts";
import { subtaskBoxesByItem, drawnBranches, visibleBoxes, type SubtaskBox } from "./subtask-groups.ts";
import { type ExpandedItems, type TreeItem, buildItems } from "./items.ts";
import { assignColumns } from "./columns.ts";

export const BOX = { width: 100, height: 36, /** From the parent to the box. */ beside: 150 } as const;
/** A box and the gap below it. */
const BOX_ROW = BOX.height + 8;
const ROW = 30;
const LABEL_ROW = 26;
const COLUMN_WIDTH = 22;
const MARGIN = { left: 20, top: 12, right: 16 } as const;
/** Of the message count and the context gauge beside a node. */
const NODE_LABEL_WIDTH = 78;
const BRANCH_LABEL_WIDTH = 190;

export interface PlacedItem extends TreeItem {
  x: number;
  y: number;
  /** Start of its label, to the right of all lines in its row. Null if the label would overlap a box. */
  labelX: number | null;
  /** Whether a branch begins at it. */
  isFork: boolean;
  /** Sub-tasks that its response called. */
  spawned: number;
}

export interface PlacedBox extends SubtaskBox {
  x: number;
  y: number;
  /** Distance below its parent: 0 for the first of a parent. */
  stem: number;
}

export interface PlacedBranch {
  branch: number;
  column: number;
  x: number;
  /** Position of its name; null for the trunk. */
  label: { x: number; y: number } | null;
  /** From its first to its last item. */
  trunk: { from: number; to: number };
}

export interface PlacedEdge {
  kind: "branch" | "compact" | "subtask";
  branch: number;
  from: { x: number; y: number };
  to: { x: number; y: number };
}

export interface TreeDrawing {
  items: PlacedItem[];
  branches: PlacedBranch[];
  boxes: PlacedBox[];
  edges: PlacedEdge[];
  /** For each node of the tree its item; null inside a box. */
  itemOf: (number | null)[];
  width: number;
  height: number;
}

/** The drawing of `tree`. `chosen` is the index of the branch that is read: if it is a sub-task, its requests are drawn too. */
export function layoutTree(
  tree: ConversationTree,
  chosen: number | null = null,
  kept: ExpandedItems = { request: null, run: null },
): TreeDrawing {
  const drawn = drawnBranches(tree, chosen);
  const { items, itemOf } = buildItems(tree, drawn, kept);
  const boxesOf = subtaskBoxesByItem(tree, itemOf, drawn, chosen);
  const ends = endsOf(tree, items, itemOf);
  const spans = [...ends].map(([branch, { first, last, start }]) => ({
    branch,
    from: start ?? first,
    to: last,
  }));
  const { columnOf, widestAt } = assignColumns(spans, items.length);
  const forks = new Set(
    items.flatMap(({ parent, branch }) =>
      parent !== null && items[parent]!.branch !== branch ? [parent] : [],
    ),
  );

  const drawing: TreeDrawing = {
    items: [],
    branches: [],
    boxes: [],
    edges: [],
    itemOf,
    width: 0,
    height: MARGIN.top,
  };
  items.forEach((item, place) => {
    const x = columnX(columnOf.get(item.branch)!);
    const labelX = columnX(widestAt[place]!) + 14;
    const own = boxesOf.get(place) ?? [];
    const boxes = visibleBoxes(own);
    const { first, start } = ends.get(item.branch)!;
    if (first === place)
      addBranchLabel(drawing, tree, { branch: item.branch, column: columnOf.get(item.branch)!, x, labelX });
    const y = drawing.height + (boxes.length > 0 ? BOX_ROW : ROW) / 2;
    boxes.forEach((box, n) => {
      const stem = n * BOX_ROW;
      drawing.boxes.push({ ...box, x: x + BOX.beside, y: y + stem - BOX.height / 2, stem });
    });
    const hasLabel = boxes.length === 0 || labelX + NODE_LABEL_WIDTH <= x + BOX.beside;
    drawing.items.push({
      ...item,
      x,
      y,
      labelX: hasLabel ? labelX : null,
      isFork: forks.has(place),
      spawned: own.length,
    });
    if (first === place && start !== null) {
      const { kind } = tree.branches[item.branch]!;
      const from = drawing.items[start]!;
      drawing.edges.push({
        kind: kind === "main" ? "branch" : kind,
        branch: item.branch,
        from: { x: from.x, y: from.y },
        to: { x, y },
      });
    }
    drawing.width = Math.max(
      drawing.width,
      labelX + NODE_LABEL_WIDTH,
      boxes.length > 0 ? x + BOX.beside + BOX.width : 0,
    );
    drawing.height += Math.max(ROW, boxes.length * BOX_ROW);
  });
  for (const branch of drawing.branches) {
    const { first, last } = ends.get(branch.branch)!;
    branch.trunk = { from: drawing.items[first]!.y, to: drawing.items[last]!.y };
  }
  drawing.width += MARGIN.right;
  drawing.height += MARGIN.top;
  return drawing;
}

const columnX = (column: number) => MARGIN.left + column * COLUMN_WIDTH;

interface Ends {
  /** Its first and its last item. */
  first: number;
  last: number;
  /** The item at which it begins; null for a root. */
  start: number | null;
}

/** Where each drawn branch begins and ends, in the order of their beginnings. */
function endsOf(
  tree: ConversationTree,
  items: readonly TreeItem[],
  itemOf: readonly (number | null)[],
): Map<number, Ends> {
  const ends = new Map<number, Ends>();
  items.forEach((item, place) => {
    const known = ends.get(item.branch);
    if (known) {
      known.last = place;
      return;
    }
    const { task } = tree.branches[item.branch]!;
    const start = item.parent ?? (task === null ? null : (itemOf[task] ?? null));
    // A branch cannot start before its caller.
    ends.set(item.branch, {
      first: place,
      last: place,
      start: start !== null && start < place ? start : null,
    });
  });
  return ends;
}

/** Adds a row for the branch's name above its first request. The branch main has none. */
function addBranchLabel(
  drawing: TreeDrawing,
  tree: ConversationTree,
  { branch, column, x, labelX }: { branch: number; column: number; x: number; labelX: number },
): void {
  const isNamed = tree.branches[branch]!.kind !== "main";
  const label = isNamed ? { x: labelX - 4, y: drawing.height + LABEL_ROW / 2 } : null;
  drawing.branches.push({ branch, column, x, label, trunk: { from: 0, to: 0 } });
  if (!isNamed) return;
  drawing.height += LABEL_ROW;
  drawing.width = Math.max(drawing.width, labelX + BRANCH_LABEL_WIDTH);
}
