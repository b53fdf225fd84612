/** Where things stand in the drawing of a conversation. */
import { describe, expect, it } from "vitest";
import { growTree } from "../../../test/support/grow-tree.ts";
import { BOX, layoutTree } from "./layout.ts";

describe("the drawing of a tree", () => {
  it("has a straight conversation in one column, oldest first", () => {
    const drawing = layoutTree(growTree().turns("main", 5).tree());
    expect(new Set(drawing.items.map(({ x }) => x)).size).toBe(1);
    const rows = drawing.items.map(({ y }) => y);
    expect(rows).toEqual([...rows].sort((left, right) => left - right));
    expect(drawing.branches).toHaveLength(1);
    expect(drawing.branches[0]).toMatchObject({
      column: 0,
      label: null,
      trunk: { from: rows[0], to: rows[4] },
    });
    expect(drawing.height).toBeGreaterThan(rows[4]!);
  });

  it("has sub-tasks as boxes of 100 × 36, 150 px beside the request that called them, at its height", () => {
    const tree = growTree().turns("main", 2).spawn("subtask_1", 4).turns("main", 2).tree();
    const { items, boxes } = layoutTree(tree);
    const spawner = items[1]!;
    expect(spawner.spawned).toBe(1);
    expect(boxes).toEqual([
      { branch: 1, task: 0, more: 0, x: spawner.x + 150, y: spawner.y - BOX.height / 2, stem: 0 },
    ]);
    expect([BOX.width, BOX.height]).toEqual([100, 36]);
    expect(items.every(({ branch }) => branch === 0)).toBe(true);
  });

  it("stacks several boxes without touching and counts what is too many", () => {
    const grown = growTree().turns("main", 1);
    for (let n = 1; n <= 14; n++) grown.spawn(`subtask_${n}`, 1, { after: 0 });
    const { items, boxes } = layoutTree(grown.turns("main", 1).tree());
    expect(boxes).toHaveLength(10);
    expect(boxes.at(-1)).toMatchObject({ branch: null, more: 5 });
    boxes.slice(1).forEach((box, n) => expect(box.y - boxes[n]!.y).toBeGreaterThanOrEqual(BOX.height + 4));
    expect(items[1]!.y).toBeGreaterThan(boxes.at(-1)!.y + BOX.height);
    expect(items[0]!.spawned).toBe(14);
  });

  it("keeps a box for a call whose sub-task was never seen", () => {
    const tree = growTree().turns("main", 1).call(0, "look for clocks").tree();
    expect(layoutTree(tree).boxes).toMatchObject([{ branch: null, task: 0, more: 0 }]);
  });

  it("gives branches that overlap in time columns of their own, and reuses a free column", () => {
    const grown = growTree().turns("main", 6).fork("branch_a", 1, 3).fork("branch_b", 2, 3).turns("main", 4);
    const { branches, edges, items } = layoutTree(grown.fork("branch_c", 12, 2).tree());
    const columns = branches.map(({ column }) => column);
    expect(columns.slice(0, 3)).toEqual([0, 1, 2]);
    expect(columns[3]).toBe(1);
    expect(edges.map(({ kind }) => kind)).toEqual(["branch", "branch", "branch"]);
    expect(items.filter(({ isFork }) => isFork).map(({ nodes }) => nodes[0])).toEqual([1, 2, 12]);
  });

  it("marks compactions, whose edge leaves the request that asked for the summary", () => {
    const tree = growTree().turns("main", 3).fork("compact_121500", 2, 2).tree();
    const { edges, items } = layoutTree(tree);
    expect(edges).toMatchObject([{ kind: "compact", from: { x: items[2]!.x, y: items[2]!.y } }]);
  });

  it("draws the requests of the sub-task that is read, down through its parents", () => {
    const grown = growTree().turns("main", 1).spawn("subtask_1", 2);
    const inner = grown.spawn("subtask_2", 3, { after: 2 });
    const tree = inner.turns("main", 1).tree();
    expect(layoutTree(tree).items).toHaveLength(2);
    const drawing = layoutTree(tree, 2);
    expect(drawing.items).toHaveLength(7);
    expect(drawing.edges.map(({ kind }) => kind)).toEqual(["subtask", "subtask"]);
  });

  it("draws sub-tasks without a recorded caller", () => {
    const tree = growTree().turns("subtask_1", 3).tree();
    expect(layoutTree(tree).items).toHaveLength(3);
  });

  it("writes words right of every line that passes", () => {
    const grown = growTree().turns("main", 2).fork("branch_a", 0, 1).turns("main", 3, { after: 1 });
    const { items, branches } = layoutTree(grown.fork("branch_a2", 2, 1).tree());
    const [, branch] = branches;
    const passed = items.filter(({ y }) => y >= branch!.trunk.from && y <= branch!.trunk.to);
    expect(passed.every(({ labelX }) => labelX !== null && labelX > branch!.x)).toBe(true);
  });

  it("takes any tree: none, one without branches, one of 5,000 branches", () => {
    expect(layoutTree(growTree().tree())).toMatchObject({ items: [], boxes: [], edges: [] });
    const grown = growTree().turns("main", 1);
    for (let n = 0; n < 5_000; n++) grown.fork(`branch_${n}`, n, 1);
    const drawing = layoutTree(grown.tree());
    expect(drawing.items).toHaveLength(5_001);
    expect(drawing.items.every(({ x, y }) => Number.isFinite(x) && Number.isFinite(y))).toBe(true);
  });
});
