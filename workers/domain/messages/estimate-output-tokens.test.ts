import { expect, test } from "vitest";
import { estimateOutputTokens } from "./estimate-output-tokens.ts";

const of = (...content: unknown[]) => estimateOutputTokens({ content });

test.each<[number, unknown[]]>([
  [0, []],
  [0, [{ type: "text", text: "" }]],
  [1, [{ type: "text", text: "a" }]],
  [1, [{ type: "text", text: "four" }]],
  [2, [{ type: "text", text: "five." }]],
  [
    2,
    [
      { type: "text", text: "abc" },
      { type: "thinking", thinking: "defgh" },
    ],
  ],
  // {"a":1} has seven characters.
  [2, [{ type: "tool_use", id: "t", name: "Bash", input: { a: 1 } }]],
  // A cut input is text.
  [1, [{ type: "tool_use", id: "t", name: "Bash", input: '{"a', _nexus: { unparsed_input: true } }]],
  // Shown empty, but written.
  [1, [{ type: "thinking", thinking: "", signature: "s" }]],
  [1, [{ type: "tool_use", id: "t", name: "Bash", input: {} }]],
  [90, [{ type: "thinking", thinking: "", _nexus: { estimated_tokens: 90 } }]],
  [90, [{ type: "thinking", thinking: "x".repeat(40), _nexus: { estimated_tokens: 90.5 } }]],
  [10, [{ type: "thinking", thinking: "x".repeat(40), _nexus: { estimated_tokens: -4 } }]],
  // Not the model's words.
  [
    0,
    [
      {
        type: "web_search_tool_result",
        content: [{ type: "web_search_result", title: "long ".repeat(99) }],
      },
    ],
  ],
  [1, [null, 3, "x"]],
])("a response has at least %i tokens", (tokens, content) => {
  expect(of(...content)).toBe(tokens);
});

test("a response of the legacy shape and an empty one have their least tokens", () => {
  expect(estimateOutputTokens({ content: "eight ch" })).toBe(2);
  expect(estimateOutputTokens({})).toBe(0);
});
