import { describe, expect, it } from "vitest";
import { messagesOf } from "./blocks.ts";
import { isUserMessage, pairTools, withoutTools } from "./pair-tools.ts";
import { toolSummary } from "./tool-summary.ts";

const use = (id: string) => ({ type: "tool_use", id, name: "Bash", input: { command: "ls" } });
const result = (id: string, content = "ok") => ({ type: "tool_result", tool_use_id: id, content });
const paired = (...messages: { role: string; content: unknown }[]) => pairTools(messagesOf({ messages }));

describe("tool calls and their results", () => {
  it("stand together, and the message that held only results disappears", () => {
    const entries = paired(
      { role: "user", content: "go" },
      { role: "assistant", content: [use("1"), use("2")] },
      { role: "user", content: [result("2", "second"), result("1", "first")] },
    );
    expect(entries.map((entry) => entry.isMerged)).toEqual([false, false, true]);
    expect(entries[1]!.items).toMatchObject([
      { kind: "call", result: { content: [{ text: "first" }] } },
      { kind: "call", result: { content: [{ text: "second" }] } },
    ]);
  });

  it("are numbered as they were sent", () => {
    expect(paired({ role: "user", content: "a" }, { role: "assistant", content: "b" })[1]!.number).toBe(2);
  });

  it("are shown once if the client sent them twice; repeated user text is shown twice", () => {
    const entries = paired(
      { role: "assistant", content: [use("1")] },
      { role: "assistant", content: [use("1")] },
      { role: "user", content: [result("1")] },
      { role: "user", content: [result("1")] },
    );
    expect(entries[0]!.items).toMatchObject([{ result: { kind: "tool_result" } }]);
    expect(entries.slice(1).map(({ isMerged }) => isMerged)).toEqual([true, true, true]);
    const repeated = paired({ role: "user", content: "go on" }, { role: "user", content: "go on" });
    expect(repeated.map(({ isMerged }) => isMerged)).toEqual([false, false]);
  });

  it("show a result without a call and a call without a result", () => {
    const entries = paired(
      { role: "user", content: [result("9")] },
      { role: "assistant", content: [use("1")] },
    );
    expect(entries[0]).toMatchObject({ isMerged: false, items: [{ kind: "tool_result" }] });
    expect(entries[1]!.items).toMatchObject([{ kind: "call", result: null }]);
  });

  it("can be hidden, and messages without other content with them", () => {
    const entries = withoutTools(
      paired(
        { role: "assistant", content: [{ type: "text", text: "look" }, use("1")] },
        { role: "assistant", content: [use("2")] },
      ),
    );
    expect(entries.map((entry) => entry.isMerged)).toEqual([false, true]);
    expect(entries[0]!.items).toHaveLength(1);
  });

  it("are not user messages", () => {
    const [person, tools, reminder] = paired(
      { role: "user", content: "hello" },
      { role: "user", content: [result("1")] },
      { role: "user", content: "<system-reminder>x</system-reminder>" },
    );
    expect([person, tools, reminder].map((entry) => isUserMessage(entry!))).toEqual([true, false, false]);
  });
});

it.each([
  [{ description: "List", command: "ls -la" }, "ls -la"],
  [{ file_path: "/a/b.ts", old_string: "x" }, "/a/b.ts"],
  [{ todos: [1, 2] }, "2 items"],
  [{ other: "first text" }, "first text"],
  [{ command: "  ", path: "/p" }, "/p"],
  ["plain", "plain"],
  [{}, ""],
  [null, ""],
  [{ command: `echo ${"x".repeat(500)}` }, `echo ${"x".repeat(114)}…`],
])("what a call did, in a few words of %j", (input, words) => {
  expect(toolSummary(input)).toBe(words);
});
