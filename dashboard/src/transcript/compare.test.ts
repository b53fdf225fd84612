import { describe, expect, it } from "vitest";
import { growTree } from "../../../test/support/grow-tree.ts";
import { firstComparedPosition } from "../tree/fork.ts";
import { messageOf } from "./blocks.ts";
import { commonPrefixLength, alignEntries } from "./compare.ts";
import { pairTools } from "./pair-tools.ts";

const message = (role: string, content: unknown) => ({ role, content });
const call = (id: string, command: string) =>
  message("assistant", [{ type: "tool_use", id, name: "Bash", input: { command } }]);
const result = (id: string, content: string) =>
  message("user", [{ type: "tool_result", tool_use_id: id, content }]);
const entries = (...messages: unknown[]) => pairTools(messages.map(messageOf));
const shape = (rows: ReturnType<typeof alignEntries>) =>
  rows.map(({ left, right, isSame }) => `${left?.number ?? "-"}${isSame ? "=" : "/"}${right?.number ?? "-"}`);

describe("two branches beside each other", () => {
  it("have a common beginning, by role and content", () => {
    const one = [message("user", "a"), message("assistant", "b"), message("user", "c")];
    expect(commonPrefixLength(one, [...one.slice(0, 2), message("user", "d")])).toBe(2);
    expect(commonPrefixLength(one, one)).toBe(3);
    expect(commonPrefixLength(one, [message("assistant", "a")])).toBe(0);
    expect(commonPrefixLength([], one)).toBe(0);
  });

  it("align equal messages, and pair the others in order", () => {
    const left = entries(
      message("user", "fix it"),
      message("assistant", "I mock the clock"),
      message("user", "thanks"),
    );
    const right = entries(
      message("user", "fix it"),
      message("assistant", "I wait longer"),
      message("assistant", "and try again"),
      message("user", "thanks"),
    );
    expect(shape(alignEntries(left, right))).toEqual(["1=1", "2/2", "-/3", "3=4"]);
  });

  it("treat tool calls as equal by input and result, not by id", () => {
    const one = entries(call("toolu_1", "npm test"), result("toolu_1", "ok"));
    expect(shape(alignEntries(one, entries(call("toolu_2", "npm test"), result("toolu_2", "ok"))))).toEqual([
      "1=1",
    ]);
    expect(shape(alignEntries(one, entries(call("toolu_2", "npm test"), result("toolu_2", "no"))))).toEqual([
      "1/1",
    ]);
  });

  it("show one side alone if the other is empty", () => {
    expect(shape(alignEntries(entries(message("user", "a")), []))).toEqual(["1/-"]);
    expect(alignEntries([], [])).toEqual([]);
  });
});

describe("where branches part", () => {
  const grown = growTree().turns("main", 6).fork("branch_a", 2, 3).fork("compact_1", 5, 2);
  const tree = grown.spawn("subtask_1", 2, { after: 1 }).tree();

  it("is the last message of the last common request", () => {
    // Request 2 carried five messages.
    expect(firstComparedPosition(tree, 0, 1)).toBe(4);
    expect(firstComparedPosition(tree, 1, 0)).toBe(4);
    expect(firstComparedPosition(tree, 0, 0)).toBe(10);
  });

  it("is the start across a summary and between a sub-task and its caller", () => {
    expect(firstComparedPosition(tree, 0, 2)).toBe(1);
    expect(firstComparedPosition(tree, 0, 3)).toBe(1);
  });
});
