import { describe, expect, it } from "vitest";
import { summarizeMessage } from "./message-summary.ts";

const user = (content: unknown) => JSON.stringify({ role: "user", content });
const assistant = (content: unknown) => JSON.stringify({ role: "assistant", content });
const text = (words: string) => ({ type: "text", text: words });
const call = (name: string, input: unknown) => ({ type: "tool_use", id: "t", name, input });
const bytesOf = (text: string) => new TextEncoder().encode(text);
const said = (messages: string[], response: string | null = null) =>
  summarizeMessage(messages.map(bytesOf), response === null ? null : bytesOf(response));

describe("the user text", () => {
  it("is the text of the last message", () => {
    expect(said([user("one"), assistant("two"), user("three")])?.userText).toBe("three");
    expect(said([user([text("a"), { type: "image" }, text("b")])])?.userText).toBe("a\nb");
  });

  it("has no wrappers of Claude Code", () => {
    const wrapped = [
      text("<system-reminder>x</system-reminder>"),
      text("Do it"),
      text("also this"),
      text("end"),
    ];
    expect(said([user(wrapped)])?.userText).toBe("Do it\nalso this\nend");
    expect(said([user("<system-reminder>never closed")])).toBeNull();
  });

  it("comes before the results of tools", () => {
    const loop = [
      user("Fix it"),
      assistant([call("Read", {})]),
      user([
        { type: "tool_result", tool_use_id: "t", content: "…" },
        text("<system-reminder>r</system-reminder>"),
      ]),
    ];
    expect(said(loop)?.userText).toBe("Fix it");
  });

  it.each([[[]], [["not json"]], [[user(null)]], [[user([])]], [[assistant("x")]], [['"text"']], [["[[[["]]])(
    "is nothing in %j",
    (messages) => {
      expect(said(messages)).toBeNull();
    },
  );
});

it("the response is text, and tools with a hint at each input", () => {
  const response = assistant([
    { type: "thinking", thinking: "hm" },
    text("Looking."),
    call("Read", { file_path: "/home/me/project/src/app.ts" }),
    call("Bash", { command: "npm test -- --run a very long command line that goes on and on" }),
    call("Grep", { pattern: "function\\s+thatIsNamedSomethingLong" }),
    call("Glob", { pattern: "**/*.ts" }),
    call("LS", { path: "/tmp" }),
    call("TodoWrite", { todos: [{ status: "pending" }, { status: "done" }, { status: "pending" }] }),
    call("TodoRead", {}),
    call("WebSearch", { query: "cloudflare durable objects alarms and their retries" }),
    call("WebFetch", { url: "https://example.com/secret?token=1" }),
    call("Task", { description: "Explore", prompt: "Look for all of the places where something is used" }),
    call("mcp__x__y", { unknown: 1 }),
    call("Edit", null),
  ]);
  const { answerText, tools } = said([user("go")], response)!;
  expect(answerText).toBe("Looking.");
  expect(tools.map(({ name, hint }) => [name, hint])).toEqual([
    ["Read", "src/app.ts"],
    ["Bash", "npm test -- --run a very long command line that go"],
    ["Grep", "function\\s+thatIsNamedSomethin"],
    ["Glob", "**/*.ts"],
    ["LS", "tmp"],
    ["TodoWrite", "2 pending, 1 done"],
    ["TodoRead", "reading the list"],
    ["WebSearch", "cloudflare durable objects alarms and th"],
    ["WebFetch", "example.com"],
    ["Task", "Look for all of the places where somethi"],
    ["mcp__x__y", null],
    ["Edit", null],
  ]);
});

it("the response is kept short, and may be empty", () => {
  const long = said([user("x".repeat(9_000))], assistant("y".repeat(9_000)))!;
  expect([long.userText.length, long.answerText.length]).toEqual([4_000, 4_000]);
  expect(said([user("x")], null)).toEqual({ userText: "x", answerText: "", tools: [] });
});
