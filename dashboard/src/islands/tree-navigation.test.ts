import { expect, it } from "vitest";
import { stepFrom } from "./tree-navigation.ts";

/** A trunk of three, a branch beside it, a box at the height of the second. */
const places = new Map([
  ["one", { x: 20, y: 20 }],
  ["two", { x: 20, y: 60 }],
  ["three", { x: 20, y: 120 }],
  ["branch", { x: 42, y: 100 }],
  ["box", { x: 220, y: 60 }],
]);
const UP = [0, -1] as const;
const DOWN = [0, 1] as const;
const LEFT = [-1, 0] as const;
const RIGHT = [1, 0] as const;

it.each([
  ["one", DOWN, "two"],
  ["two", DOWN, "three"],
  ["three", UP, "two"],
  ["two", RIGHT, "box"],
  ["box", LEFT, "two"],
  ["three", RIGHT, "branch"],
  ["branch", LEFT, "three"],
])("arrows in a tree from %s in direction %j lead to %s", (from, direction, to) => {
  expect(stepFrom(from, direction, places)).toBe(to);
});

it("arrows in a tree lead nowhere at the edge", () => {
  expect(stepFrom("one", UP, places)).toBeUndefined();
  expect(stepFrom("one", LEFT, places)).toBeUndefined();
  expect(stepFrom("nothing", LEFT, places)).toBeUndefined();
});
