import { expect, test } from "vitest";
import { tookSeveralInferences } from "./content.ts";
import { countToolCalls } from "./tool-calls.ts";

test("counts the client's, the server's and MCP tools by name", () => {
  const content = [
    { type: "text", text: "hi", name: "no" },
    { type: "tool_use", name: "Bash" },
    { type: "server_tool_use", name: "web_search" },
    { type: "mcp_tool_use", name: "mcp__spark__ask", server_name: "spark" },
    { type: "tool_use", name: "Bash" },
    { type: "tool_result", name: "Bash" },
  ];
  expect(countToolCalls(content)).toEqual({ Bash: 2, web_search: 1, mcp__spark__ask: 1 });
});

test("counts tools that are called like members of every object", () => {
  const content = ["__proto__", "constructor", "toString", "__proto__"].map((name) => ({
    type: "tool_use",
    name,
  }));
  const counts = countToolCalls(content);
  expect(Object.entries(counts)).toEqual([
    ["__proto__", 2],
    ["constructor", 1],
    ["toString", 1],
  ]);
});

test("counts a call without a name, and tames a wild one", () => {
  const content = [{ type: "tool_use" }, { type: "tool_use", name: `a\u0000b${"x".repeat(500)}` }];
  const names = Object.keys(countToolCalls(content));
  expect(names[0]).toBe("(unnamed)");
  expect(names[1]).toMatch(/^a bx+$/);
  expect(names[1]!.length).toBeLessThanOrEqual(200);
});

test.each([
  [["text", "thinking", "redacted_thinking", "tool_use", "fallback"], false],
  [["text", "server_tool_use"], true],
  [["mcp_tool_use"], true],
  [["advisor_tool_result", "text"], true],
  [["compaction", "text"], true],
  [["block_of_tomorrow"], true],
  [[], false],
])("blocks %j show several inferences: %s", (types, expected) => {
  expect(tookSeveralInferences(types.map((type) => ({ type })))).toBe(expected);
});

test.each([[null], [undefined], ["text"], [{}], [[null, 3, "x", []]]])("finds none in %j", (content) => {
  expect(countToolCalls(content)).toEqual({});
});
