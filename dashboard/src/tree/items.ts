/**
 * The items that a conversation's tree draws: the attempts of a request are one node, a long straight run is one item
 * "… 240 requests". Pure; layout.ts places the items.
 */
import type { ConversationTree } from "../../../workers/schemas/api/conversations.ts";

export interface TreeItem {
  kind: "node" | "run";
  /** Indices of the tree's nodes: the attempts of one request, or all of a run. Oldest first, never empty. */
  nodes: number[];
  branch: number;
  /** Index of the item it continues; null for a root. */
  parent: number | null;
}

/** Nodes that are never collapsed into a run. */
export interface ExpandedItems {
  /** The node that a link leads to; shown with its neighbours. */
  request: number | null;
  /** The first node of an expanded run. */
  run: number | null;
}

/** Neighbours shown around a linked request. */
const EXPANDED_NEIGHBOURS = 6;
/** Nodes shown when a run is expanded. */
const EXPANDED_RUN_NODES = 24;
/** Shorter runs are not collapsed. */
const MIN_RUN = 4;
/** The most detailed of three levels with at most this many items is used. */
const TARGET_ITEMS = 40;

/**
 * Items in the order of their first request, and for each node its item. Of three levels (nothing collapsed, runs of tool
 * calls, all straight runs) the most detailed with at most TARGET_ITEMS items is chosen. `branches` are the ones included.
 */
export function buildItems(
  tree: Pick<ConversationTree, "nodes" | "branches">,
  branches: ReadonlySet<number>,
  kept: ExpandedItems = { request: null, run: null },
): { items: TreeItem[]; itemOf: (number | null)[] } {
  const attempts = joinAttempts(tree.nodes, branches);
  const runs = straightRuns(tree.nodes, attempts, kept);
  for (const folds of [() => false, collapsesTools(tree.nodes), () => true]) {
    const items = collapseRuns(attempts, runs, folds);
    if (items.items.length <= TARGET_ITEMS) return items;
  }
  return collapseRuns(attempts, runs, () => true);
}

type Nodes = ConversationTree["nodes"];
type ItemGraph = { items: TreeItem[]; itemOf: (number | null)[] };

/** One item per request; a retry joins the attempt it repeats. */
function joinAttempts(nodes: Nodes, branches: ReadonlySet<number>): ItemGraph {
  const items: TreeItem[] = [];
  const itemOf: (number | null)[] = nodes.map(() => null);
  nodes.forEach((node, place) => {
    if (!branches.has(node.branch)) return;
    // A parent at or after the node would form a cycle: such a node is a root.
    const parent = node.parent !== null && node.parent < place ? itemOf[node.parent]! : null;
    const before = parent === null ? null : items[parent]!;
    if (before && node.kind === "retry" && before.branch === node.branch) {
      before.nodes.push(place);
      itemOf[place] = parent;
      return;
    }
    itemOf[place] = items.length;
    items.push({ kind: "node", nodes: [place], branch: node.branch, parent });
  });
  return { items, itemOf };
}

/** Runs of items (indices) with one parent and one child in the same branch, without failures and sub-tasks. */
function straightRuns(nodes: Nodes, { items, itemOf }: ItemGraph, kept: ExpandedItems): number[][] {
  const children = items.map(() => [] as number[]);
  items.forEach((item, place) => {
    if (item.parent !== null) children[item.parent]!.push(place);
  });
  const next = (place: number) => (children[place]!.length === 1 ? children[place]![0]! : null);
  const isPlain = (place: number) => {
    const item = items[place]!;
    const after = next(place);
    return (
      after !== null &&
      items[after]!.branch === item.branch &&
      item.parent !== null &&
      items[item.parent]!.branch === item.branch &&
      item.nodes.every((node) => nodes[node]!.tasks === 0) &&
      !nodes[item.nodes.at(-1)!]!.failed
    );
  };
  const open = new Set<number>();
  const walk = (from: number | null, steps: number, to: (place: number) => number | null) => {
    for (let place = from, n = 0; place !== null && n < steps; place = to(place), n++) open.add(place);
  };
  const wanted = kept.request === null ? null : (itemOf[kept.request] ?? null);
  walk(wanted, EXPANDED_NEIGHBOURS + 1, next);
  walk(wanted, EXPANDED_NEIGHBOURS + 1, (place) => items[place]!.parent);
  walk(kept.run === null ? null : (itemOf[kept.run] ?? null), EXPANDED_RUN_NODES, next);

  const runs: number[][] = [];
  const seen = new Set<number>();
  items.forEach((_, place) => {
    if (seen.has(place)) return;
    const run: number[] = [];
    let at: number | null = place;
    while (at !== null && isPlain(at) && !open.has(at) && !seen.has(at)) {
      run.push(at);
      seen.add(at);
      at = next(at);
    }
    if (run.length > 0) runs.push(run);
  });
  return runs;
}

/** Collapses tool results and keeps user messages. */
const collapsesTools = (nodes: Nodes) => (item: TreeItem) =>
  item.nodes.every((node) => nodes[node]!.speaks === "tools");

function collapseRuns(
  made: ItemGraph,
  runs: readonly number[][],
  folds: (item: TreeItem) => boolean,
): ItemGraph {
  const runOf = new Map<number, number[]>();
  for (const run of runs) {
    let part: number[] = [];
    const finish = () => {
      if (part.length >= MIN_RUN) for (const place of part) runOf.set(place, part);
      part = [];
    };
    for (const place of run) {
      if (folds(made.items[place]!)) part.push(place);
      else finish();
    }
    finish();
  }
  const items: TreeItem[] = [];
  const placeOf = new Map<number, number>();
  made.items.forEach((item, place) => {
    const run = runOf.get(place);
    if (run && run[0] !== place) {
      placeOf.set(place, placeOf.get(run[0]!)!);
      return;
    }
    placeOf.set(place, items.length);
    const parent = item.parent === null ? null : placeOf.get(item.parent)!;
    const nodes = run ? run.flatMap((each) => made.items[each]!.nodes) : item.nodes;
    items.push({ kind: run ? "run" : "node", nodes, branch: item.branch, parent });
  });
  return {
    items,
    itemOf: made.itemOf.map((place) => (place === null ? null : placeOf.get(place)!)),
  };
}
