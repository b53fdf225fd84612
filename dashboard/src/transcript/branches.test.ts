import { expect, it } from "vitest";
import { orderBranches } from "./branches.ts";

const branch = (branchKey: string, parent: string | null, task: string | null = null) => ({
  branchKey,
  parentRequestId: parent,
  parentTaskRequestId: task,
});
const shape = (...args: Parameters<typeof orderBranches>) =>
  orderBranches(...args).map((row) => [row.branch.branchKey, row.depth]);

it("branches as a tree stand below the branch they leave", () => {
  const requests = [
    { requestId: "r2", branchKey: "main" },
    { requestId: "s2", branchKey: "sub" },
  ];
  expect(
    shape(
      [branch("main", null), branch("fork", "r2"), branch("sub", null, "main"), branch("inner", null, "s2")],
      requests,
    ),
  ).toEqual([
    ["main", 0],
    ["fork", 1],
    ["sub", 1],
    ["inner", 2],
  ]);
});

it("branches as a tree are listed once each, even if their parents form a cycle", () => {
  expect(shape([branch("a", "b"), branch("b", "a"), branch("c", "c"), branch("d", "gone")], [])).toEqual([
    ["c", 0],
    ["d", 0],
    ["a", 0],
    ["b", 1],
  ]);
});
