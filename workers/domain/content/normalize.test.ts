import { describe, expect, test } from "vitest";
import { splitBody, restoreElement } from "./split-body.ts";

const CACHED = '"cache_control":{"type":"ephemeral"}';

/** The content of a list's only element, and the restored element. */
function normalised(list: "messages" | "system" | "tools", element: string) {
  const [only] = splitBody(new TextEncoder().encode(`{"${list}":[${element}]}`))[list];
  return {
    content: new TextDecoder().decode(only!.content),
    restored: restoreElement(only!.content, only!.overlay),
  };
}

describe("a message", () => {
  test.each([
    [
      "the marker of its last block",
      `[{"type":"image","source":{},${CACHED}}]`,
      `[{"type":"image","source":{}}]`,
    ],
    ["a marker in first place", `[{${CACHED},"type":"image"}]`, `[{"type":"image"}]`],
    ["a marker in the middle", `[{"type":"image",${CACHED},"source":1}]`, `[{"type":"image","source":1}]`],
    ["a marker alone", `[{${CACHED}}]`, "[{}]"],
    ["repeated markers", `[{${CACHED},${CACHED},"type":"a",${CACHED}}]`, `[{"type":"a"}]`],
    ["a marker with an escaped key", `[{"type":"a","cache_contro\\u006c":null}]`, `[{"type":"a"}]`],
    [
      "a marker with its white space",
      `[{"type": "a" , "cache_control": {"type": "ephemeral"} }]`,
      `[{"type": "a" }]`,
    ],
    [
      "markers of blocks within a tool result",
      `[{"content":[{"type":"text","text":"a",${CACHED}},"b"],${CACHED},"type":"tool_result"}]`,
      `[{"content":[{"type":"text","text":"a"},"b"],"type":"tool_result"}]`,
    ],
  ])("is stored without %s", (_what, content, expected) => {
    const message = `{"role":"user","content":${content}}`;
    const result = normalised("messages", message);
    expect(result.content).toBe(`{"role":"user","content":${expected}}`);
    expect(result.restored).toBe(message);
  });

  test("is stored without its own marker", () => {
    expect(normalised("messages", `{"role":"user",${CACHED},"content":"a"}`).content).toBe(
      '{"role":"user","content":"a"}',
    );
  });

  test.each([
    ["the input of a tool call", `[{"type":"tool_use","input":{"a":1,${CACHED}}}]`],
    ["deeper in the input", `[{"type":"tool_use","input":{"content":[{"type":"x",${CACHED}}]}}]`],
    ["the content of a block that is no tool result", `[{"type":"other","content":[{"a":1,${CACHED}}]}]`],
    ["a string that looks like one", `[{"type":"a","b":",\\"cache_control\\":{}"}]`],
    ["beneath the blocks of a tool result", `[{"type":"tool_result","content":[{"a":{"b":1,${CACHED}}}]}]`],
  ])("keeps %s", (_what, content) => {
    const message = `{"role":"assistant","content":${content}}`;
    expect(normalised("messages", message)).toEqual({ content: message, restored: message });
  });

  test.each([
    `[{"type":"text","text":"Hi \\"]\\u00e4"}]`,
    `[{"text":"Hi \\"]\\u00e4","type":"text"}]`,
    `[{"type":"text","text":"Hi \\"]\\u00e4",${CACHED}}]`,
    `[{${CACHED},"text":"Hi \\"]\\u00e4",${CACHED},"type":"text"}]`,
    ` [ {\n "type" : "text" , "text" : "Hi \\"]\\u00e4" } ]`.trim(),
  ])("of one text block is stored as a string: %s", (content) => {
    const message = `{"role":"user","content":${content}}`;
    const result = normalised("messages", message);
    expect(result.content).toBe(`{"role":"user","content":"Hi \\"]\\u00e4"}`);
    expect(result.restored).toBe(message);
  });

  test.each([
    `[{"type":"text","text":"a","citations":[]}]`,
    `[{"type":"text","text":5}]`,
    `[{"type":"text"}]`,
    `[{"text":"a"}]`,
    `[{"type":"thinking","text":"a"}]`,
    `[{"type":"text","text":"a","text":"b"}]`,
    `[{"type":"text","text":"a"},{"type":"text","text":"b"}]`,
    `["a"]`,
    `[]`,
  ])("of any other content keeps its array: %s", (content) => {
    const message = `{"role":"user","content":${content}}`;
    expect(normalised("messages", message).content).toBe(message);
  });

  test("with 300 markers is stored unchanged", () => {
    const message = `{"role":"user","content":[${Array(300).fill(`{"type":"a",${CACHED}}`).join(",")}]}`;
    expect(normalised("messages", message)).toEqual({ content: message, restored: message });
  });

  test.each(["5", "null", '"text"', "[1]", "{}"])(
    "that is no message, %s, is stored unchanged",
    (element) => {
      expect(normalised("messages", element)).toEqual({ content: element, restored: element });
    },
  );
});

test("a system block and a tool are stored without their own marker only", () => {
  expect(normalised("system", `{"type":"text","text":"a",${CACHED}}`).content).toBe(
    '{"type":"text","text":"a"}',
  );
  const schema = `"input_schema":{"properties":{${CACHED}},${CACHED}}`;
  expect(normalised("tools", `{"name":"a",${schema},${CACHED}}`).content).toBe(`{"name":"a",${schema}}`);
});
