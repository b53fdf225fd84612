/**
 * Edge cases that the older proxy's linker was known by, in the order of their list. Each group states what it did; where this
 * linker decides otherwise, "before" states the old result.
 */
import { describe, expect, it } from "vitest";
import { domainOfHost } from "../http/host.ts";
import {
  assistant,
  HELLO,
  linkedInOrder,
  reminder,
  taskCalls,
  type TestRequest,
  text,
  toolResult,
  TURN,
  user,
} from "../../../test/support/linking-evidence.ts";

const read = (id: string) => ({ type: "tool_use", id, name: "Read", input: { file_path: "/a" } });
const REMINDER = reminder("Do not forget.");
const cached = { cache_control: { type: "ephemeral" } };
const thinking = { type: "thinking", thinking: "Well.", signature: "sig" };

/** A turn that continues `response` to "hello". */
const after = (response: unknown, more: Partial<TestRequest> = {}): TestRequest => ({
  turns: ["hello", response, "bye"],
  ...more,
});

describe("1. unusual contents", () => {
  it.each<[string, unknown]>([
    ["with other line ends and surrounding white space", " \r\nhello\r\n"],
    ["as an array with a reminder alone in a block", [text(REMINDER), text("hello")]],
  ])("%s are the same message", async (_, content) => {
    const next = { turns: [content, "hi", "bye"] };
    expect((await linkedInOrder([HELLO, next]))[1]).toBe(TURN);
  });

  it.each<[string, unknown]>([
    ["an empty string", ""],
    ["an array of reminders only", [text(REMINDER)]],
    // Before: the exception made it a conversation without a hash.
    ["null", null],
  ])("%s begins a conversation that nothing continues by it", async (_, content) => {
    const nothing = { turns: [content], response: "?" };
    expect(await linkedInOrder([nothing, nothing])).toEqual(["root - - main", "root - - main"]);
  });
});

describe("2. the same tool id", () => {
  it("twice in one message is one call", async () => {
    const first = { turns: ["go"], response: [read("t1")] };
    const twice = { turns: ["go", [read("t1"), read("t1")], [toolResult("t1", "ok")]] };
    expect((await linkedInOrder([first, twice]))[1]).toBe(TURN);
  });

  it("across messages is one call with one result", async () => {
    const first = { turns: ["go"], response: [read("t1")] };
    const pair = [[read("t1")], [toolResult("t1", "ok")]];
    const next = { turns: ["go", ...pair, ...pair] };
    expect((await linkedInOrder([first, next]))[1]).toBe(TURN);
  });

  // Before: the call's message was dropped as repeated, its result stayed, and nothing was linked.
  it("in a repeated call with one result breaks no link", async () => {
    const first = { turns: ["go"], response: [read("t1")] };
    const calls = [assistant([read("t1")]), assistant([read("t1")])];
    const turn = { messages: [user("go"), ...calls, user([toolResult("t1", "ok")])], response: "done" };
    const next = { turns: ["go", [read("t1")], [toolResult("t1", "ok")], "done", "more"] };
    expect((await linkedInOrder([first, turn, next])).slice(1)).toEqual([TURN, "turn 1 - main"]);
  });
});

describe("3. thinking", () => {
  // Before: the hashes differed and the link broke.
  it("in one turn and stripped in the next changes nothing", async () => {
    const first = { ...HELLO, response: [thinking, text("hi")] };
    const kept = after([thinking, text("hi")], { response: [thinking, text("ok")] });
    const stripped = { turns: ["hello", [text("hi")], "bye", "ok", "more"] };
    expect((await linkedInOrder([first, kept, stripped])).slice(1)).toEqual([TURN, "turn 1 - main"]);
  });
});

describe("4. a reminder inserted later", () => {
  const first = { turns: ["go"], response: [read("t1")] };
  const turn = (content: unknown, ...more: unknown[]) => ({
    turns: ["go", [read("t1")], [toolResult("t1", content)], ...more],
    response: "done",
  });

  // Before: broken links, both.
  it.each<[string, unknown]>([
    ["a tool result that is a string", `ok\n\n${REMINDER}`],
    ["a tool result that is an array", [text(`ok\n\n${REMINDER}`)]],
    ["a block of its own in the result", [text("ok"), text(REMINDER)]],
  ])("in %s changes nothing", async (_, content) => {
    const next = turn(content, "done", "more");
    expect((await linkedInOrder([first, turn("ok"), next])).slice(1)).toEqual([TURN, "turn 1 - main"]);
  });

  it("in a message that is a string changes nothing", async () => {
    const next = { turns: [`hello\n${REMINDER}`, "hi", "bye"] };
    expect((await linkedInOrder([HELLO, next]))[1]).toBe(TURN);
  });
});

describe("5. a cache marker that moves", () => {
  it("from a text changes nothing", async () => {
    const first = { turns: [[{ ...text("hello"), ...cached }]], response: "hi" };
    expect((await linkedInOrder([first, after("hi")]))[1]).toBe(TURN);
  });

  // Before: a marker inside an array in a tool result changed the result.
  it("from inside a tool result changes nothing, and a retry opens no branch", async () => {
    const turn = (marker: object) => {
      const content = [text("ok", marker), { type: "image", source: {}, ...marker }];
      return { turns: ["go", [read("t1")], [toolResult("t1", content)]] };
    };
    const first = { turns: ["go"], response: [read("t1")] };
    expect((await linkedInOrder([first, turn(cached), turn({})])).slice(1)).toEqual([TURN, "retry 1 - main"]);
  });
});

it("6. another model, other tools change nothing", async () => {
  const tools = [{ name: "Bash", input_schema: { type: "object" } }];
  const first = { ...HELLO, body: { model: "claude-opus-5-5" }, tools };
  const next = after("hi", { body: { model: "claude-haiku-4-5", max_tokens: 9 }, tools: [] });
  expect((await linkedInOrder([first, next]))[1]).toBe(TURN);
});

it.each<[string, TestRequest["response"], unknown]>([
  ["received as an array and sent back as a string", [text("hi")], "hi"],
  ["received as a string and sent back as an array", "hi", [text("hi")]],
  ["trimmed by the client", [text("\n hi \n")], "hi"],
])("7 and 8. a response %s is the same", async (_, response, sent) => {
  expect((await linkedInOrder([{ ...HELLO, response }, after(sent)]))[1]).toBe(TURN);
});

describe("9. two requests in flight with one parent", () => {
  // Before: both kept the branch, because neither saw the other.
  it("are two branches, and the earlier keeps its parent's, whichever is stored first", async () => {
    const requests = [HELLO, after("hi"), { turns: ["hello", "hi", "other"] }];
    for (const order of [
      [0, 1, 2],
      [0, 2, 1],
      [2, 1, 0],
    ])
      expect(await linkedInOrder(requests, order)).toEqual([
        "root - - main",
        TURN,
        "turn 0 - branch_20250723100002",
      ]);
  });
});

describe("10. a retry of a request that has a response", () => {
  // Before: a branch. An answered first message that is sent again without ids is a conversation of its own.
  it("opens no branch", async () => {
    const turn = after("hi", { response: "ok" });
    expect((await linkedInOrder([HELLO, turn, turn])).slice(1)).toEqual([TURN, "retry 1 - main"]);
  });
});

describe("11. two requests of one millisecond", () => {
  // Before: only strictly earlier requests were candidates, so these had no parent.
  it("are ordered by their ids", async () => {
    const at = "10:00:00.000";
    expect(
      await linkedInOrder([
        { ...HELLO, at },
        { ...after("hi"), at },
      ]),
    ).toEqual(["root - - main", TURN]);
  });
});

describe("12 and 13. a task's prompt", () => {
  const spawner = (tool: string, prompt: string): TestRequest => ({
    turns: ["work"],
    response: taskCalls(tool, prompt),
  });

  // Before: neither was found, and no prompt of the tool `Agent`.
  it.each<[string, string, string, string]>([
    ["with leading white space", "Task", "  \n find it ", "find it"],
    ["with a reminder", "Task", `find it\n${REMINDER}`, "find it"],
    ["with two characters \\n, which are no line end", "Task", "find\\nit", "find\\nit"],
    ["of the tool Agent", "Agent", "find it", `${REMINDER}\nfind it`],
  ])("%s is found by its text", async (_, tool, prompt, sent) => {
    expect((await linkedInOrder([spawner(tool, prompt), { turns: [sent] }]))[1]).toBe(
      "subtask - 0 subtask_1",
    );
  });
});

describe("14. the beginning of a summary", () => {
  const ask: TestRequest = {
    turns: ["hello", "hi", "Your task is to create a detailed summary of the conversation so far"],
    response:
      "<analysis>\nThey greeted.\n</analysis>\n\n<summary>\nThe user greeted and was greeted in return.\n</summary>",
  };
  const continued = "This session is being continued from a previous conversation that ran out of context";
  const summary = "The user greeted and was greeted in return.";

  // Before: all but the first began a new conversation.
  it.each([
    `${continued}. The conversation is summarized below:\n${summary}`,
    `${continued}. The conversation is summarized below:\nAnalysis:\nThey greeted.\n\nSummary:\n${summary}`,
    `${continued}. The summary below covers the earlier portion of the conversation.\n\nSummary:\n${summary}`,
    `${continued}.\n\nSummary:\n${summary}\n\nPlease continue the conversation from where we left it off.`,
  ])("it is found: %j", async (carried) => {
    expect((await linkedInOrder([HELLO, ask, { turns: [carried] }])).slice(1)).toEqual([
      "compact-ask 0 - main",
      "compact 1 - compact_100002",
    ]);
  });
});

describe("15. a host with and without its port", () => {
  // Before: two. Links are made within a domain, and both spellings are one domain.
  it("is one domain", () => {
    expect(domainOfHost("Team.Example:8443")).toBe(domainOfHost("team.example"));
  });
});

describe("16. requests of the client itself", () => {
  // Before: never stored. Here all requests are stored, a probe belongs to no conversation, and a
  // conversation of any client with one system prompt is one.
  it("are no parents, and a request that continues a plain request is its turn", async () => {
    const probe = { turns: ["quota"], body: { max_tokens: 1 }, response: "ok" };
    const next = { turns: ["quota", "ok", "bye"] };
    expect(await linkedInOrder([probe, next, HELLO, after("hi")])).toEqual([
      "aux",
      "turn - - main",
      "root - - main",
      "turn 2 - main",
    ]);
  });
});
