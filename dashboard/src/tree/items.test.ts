/** Drawn and folded items of a conversation. */
import { describe, expect, it } from "vitest";
import type { ConversationTree } from "../../../workers/schemas/api/conversations.ts";
import { growTree } from "../../../test/support/grow-tree.ts";
import { buildItems } from "./items.ts";

const all = (tree: ConversationTree) => new Set(tree.branches.keys());

describe("items of a tree", () => {
  it("draw each request of a short conversation", () => {
    const tree = growTree().turns("main", 12).tree();
    const { items, itemOf } = buildItems(tree, all(tree));
    expect(items.map(({ kind }) => kind)).toEqual(Array.from({ length: 12 }, () => "node"));
    expect(itemOf).toEqual(Array.from({ length: 12 }, (_, place) => place));
  });

  it("join all attempts of one request", () => {
    const grown = growTree().turns("main", 2);
    const tree = grown.add("main", { kind: "retry" }).add("main", { kind: "retry" }).turns("main", 1).tree();
    const { items } = buildItems(tree, all(tree));
    expect(items.map(({ nodes }) => nodes)).toEqual([[0], [1, 2, 3], [4]]);
    expect(items[2]!.parent).toBe(1);
  });

  it("fold runs of tool calls first and keep user messages", () => {
    const grown = growTree();
    for (let turn = 0; turn < 6; turn++) grown.turns("main", 1).turns("main", 10, { speaks: "tools" });
    const tree = grown.tree();
    const { items } = buildItems(tree, all(tree));
    const people = items.filter(
      ({ nodes, kind }) => kind === "node" && tree.nodes[nodes[0]!]!.speaks === "person",
    );
    expect(people).toHaveLength(6);
    expect(items.filter(({ kind }) => kind === "run").map(({ nodes }) => nodes.length)).toEqual([
      10, 10, 10, 10, 10, 9,
    ]);
  });

  it("fold five thousand straight requests into three items that hold all of them once", () => {
    const tree = growTree().turns("main", 5_000).tree();
    const { items, itemOf } = buildItems(tree, all(tree));
    expect(items.map(({ kind, nodes }) => [kind, nodes.length])).toEqual([
      ["node", 1],
      ["run", 4_998],
      ["node", 1],
    ]);
    expect(itemOf.every((place) => place !== null)).toBe(true);
    expect(items.map(({ parent }) => parent)).toEqual([null, 0, 1]);
  });

  it("never fold failures, callers of sub-tasks, and fork points", () => {
    const grown = growTree().turns("main", 100).add("main", { failed: true, status: 529 });
    const tree = grown
      .turns("main", 100)
      .spawn("subtask_1", 3)
      .turns("main", 100)
      .fork("branch_x", 150, 2)
      .tree();
    const { items } = buildItems(tree, new Set([0, 2]));
    const single = items.filter(({ kind }) => kind === "node").flatMap(({ nodes }) => nodes);
    expect(single).toEqual(expect.arrayContaining([100, 150, 200]));
    expect(items.flatMap(({ nodes }) => nodes)).toHaveLength(303);
  });

  it("keep a linked request and an opened run unfolded", () => {
    const tree = growTree().turns("main", 1_000).tree();
    const { items } = buildItems(tree, all(tree), { request: 500, run: 1 });
    const single = items.filter(({ kind }) => kind === "node").flatMap(({ nodes }) => nodes);
    expect(single).toEqual(expect.arrayContaining([1, 24, 494, 500, 506]));
    expect(single).not.toContain(25);
    expect(single).not.toContain(507);
  });

  it("treat a parent that comes later as none", () => {
    const tree = growTree().turns("main", 3).tree();
    tree.nodes[0]!.parent = 2;
    expect(buildItems(tree, all(tree)).items.map(({ parent }) => parent)).toEqual([null, 0, 1]);
  });
});
