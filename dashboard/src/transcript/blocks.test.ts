import { describe, expect, it } from "vitest";
import { blocksOf, messageOf, messagesOf, systemOf, textBlocks, toolsOf } from "./blocks.ts";
import { drawableImage, MAX_IMAGE_BYTES } from "./image.ts";

describe("blocks of a message", () => {
  it("reads a string and a list alike", () => {
    expect(blocksOf("hello")).toEqual([{ kind: "text", text: "hello" }]);
    expect(blocksOf([{ type: "text", text: "hello" }])).toEqual([{ kind: "text", text: "hello" }]);
  });

  it("separates reminders from user text", () => {
    expect(
      textBlocks("<system-reminder>\nA\n</system-reminder>\nfix it <system-reminder>B</system-reminder>"),
    ).toEqual([
      { kind: "reminder", text: "A" },
      { kind: "text", text: "fix it" },
      { kind: "reminder", text: "B" },
    ]);
    expect(textBlocks("an open <system-reminder> stays text")).toHaveLength(1);
  });

  it("distinguishes client, server and MCP calls, and failed results", () => {
    const [client, server, mcp, result, failed] = blocksOf([
      { type: "tool_use", id: "1", name: "Read", input: { file_path: "a" } },
      { type: "server_tool_use", id: "2", name: "web_search", input: {} },
      { type: "mcp_tool_use", id: "3", name: "find", server_name: "docs" },
      { type: "tool_result", tool_use_id: "1", content: "ok" },
      { type: "web_search_tool_result", tool_use_id: "2", content: { type: "web_search_tool_result_error" } },
    ]);
    expect(client).toMatchObject({ kind: "tool_use", where: "client" });
    expect(server).toMatchObject({ where: "server" });
    expect(mcp).toMatchObject({ where: "mcp", name: "docs: find", input: {} });
    expect(result).toMatchObject({ kind: "tool_result", isError: false });
    expect(failed).toMatchObject({ kind: "tool_result", isError: true });
  });

  it.each([
    null,
    7,
    "text",
    [],
    { type: "tomorrow" },
    { type: 3 },
    { type: "text", text: 5 },
    { type: "image" },
  ])("shows the block %j instead of failing", (block) => {
    expect(() => messageOf({ role: "user", content: [block] })).not.toThrow();
    expect(messageOf({ role: "user", content: [block] }).blocks.length).toBeGreaterThan(0);
  });

  it.each([null, 7, "x", [], {}, { messages: "x" }, { messages: null }])(
    "finds no messages in %j",
    (body) => {
      expect(messagesOf(body)).toEqual([]);
      expect(systemOf(body)).toEqual([]);
      expect(toolsOf(body)).toEqual([]);
    },
  );

  it("names tools that have no name by their type", () => {
    expect(
      toolsOf({ tools: [{ type: "web_search_20250305" }, null, { name: "Read", input_schema: {} }] }),
    ).toMatchObject([{ name: "web_search_20250305" }, { name: "null" }, { name: "Read", schema: {} }]);
  });
});

it("images draws the formats of the API", () => {
  expect(drawableImage("image/png", "iVBORw0KGgoAAAA=")).toMatchObject({ ok: true });
});

it.each([
  ["image/svg+xml", "PHN2Zz4="],
  ["text/html", "PGI+"],
  ["", "iVBORw0KGgoAAAA="],
  ["image/png", "/9j/AAAA"],
  ["image/png", 'iVBORw0KGgo" onerror="x'],
  ["image/png", `iVBORw0KGgo${"A".repeat(Math.ceil((MAX_IMAGE_BYTES * 4) / 3))}`],
])("images does not draw %s beginning with other bytes, too large, or with scripts", (type, data) => {
  expect(drawableImage(type, data)).toMatchObject({ ok: false });
});
