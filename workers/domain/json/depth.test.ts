import { expect, test } from "vitest";
import { jsonDepth } from "./depth.ts";

test.each([
  ["1", 0],
  ['"[[["', 0],
  ["[]", 1],
  ['{"a":[]}', 2],
  ['[[],[{"a":1}],[]]', 3],
  ['["\\"[[[", {"\\\\": "{"}]', 2],
  ['{"a\\\\\\"{{{":[1]}', 2],
  ['  [ { } , [ "]" , [ ] ] ]\n', 3],
])("%s is %i deep", (text, depth) => {
  JSON.parse(text);
  expect(jsonDepth(text)).toBe(depth);
});

test("any depth is counted, and backslashes are linear", () => {
  expect(jsonDepth("[".repeat(1_000_000) + "]".repeat(1_000_000))).toBe(1_000_000);
  expect(jsonDepth(JSON.stringify(["\\".repeat(1_000_000)]))).toBe(1);
  expect(jsonDepth(JSON.stringify(['\\"'.repeat(500_000)]))).toBe(1);
});
