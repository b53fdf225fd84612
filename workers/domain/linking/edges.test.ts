/** Single cases of linking: one message sent in two ways, and messages that must not be taken for the same. */
import { describe, expect, it } from "vitest";
import {
  assistant,
  HELLO,
  linked,
  reminder,
  session,
  taskAnswer,
  type TestRequest,
  text,
  toolResult,
  toolUse,
  TURN,
  user,
  writtenEvidence,
} from "../../../test/support/linking-evidence.ts";
import { MemoryLinkStore } from "../../../test/support/memory-link-store.ts";

/** The link of the second of two requests. */
async function second(first: TestRequest, then: TestRequest): Promise<string> {
  return (await linked(first, then))[1]!;
}

describe("the same message, sent in another form", () => {
  it.each<[string, unknown[]]>([
    [
      "with other line ends and surrounding white space",
      [user("  hello\r\n "), assistant("hi"), user("bye")],
    ],
    ["as an array", [user([text("hello")]), assistant([text("hi\n")]), user("bye")]],
    [
      "with a cache marker",
      [user([text("hello", { cache_control: { type: "ephemeral" } })]), assistant("hi"), user("bye")],
    ],
    [
      "with reminders before, after and inside",
      [user([text(reminder("a")), text(`hello\n${reminder("b")}`)]), assistant("hi"), user("bye")],
    ],
    ["with a reminder inside a string", [user(`hello\n\n${reminder("x")}`), assistant("hi"), user("bye")]],
    [
      "with thinking",
      [
        user("hello"),
        assistant([{ type: "thinking", thinking: "hm", signature: "s" }, text("hi")]),
        user("bye"),
      ],
    ],
    [
      "with system entries between",
      [
        user("hello"),
        { role: "system", content: [], output_config: {} },
        assistant("hi"),
        user("bye"),
        { role: "system", content: "x" },
      ],
    ],
    ["with an empty message", [user("hello"), assistant("hi"), user([]), user("bye")]],
    ["under another system prompt", [user("hello"), assistant("hi"), user("bye")]],
  ])("%s is found", async (_, messages) => {
    expect(await second(HELLO, { messages, system: "Other" })).toBe(TURN);
  });

  it("is found when a tool's input changes and results change their order", async () => {
    const first = { messages: [user("go")], answer: [toolUse("toolu_a", { a: 1 }), toolUse("toolu_b")] };
    const messages = [
      user("go"),
      assistant([toolUse("toolu_a", { replace_all: false, a: 1 }), toolUse("toolu_b")]),
    ];
    const turn = {
      messages: [...messages, user([toolResult("toolu_b"), toolResult("toolu_a")])],
      answer: "done",
    };
    const next = {
      messages: [
        ...messages,
        user([toolResult("toolu_a", [text("ok")]), toolResult("toolu_b", `ok\n\n${reminder("x")}`)]),
        assistant("done"),
        user("more"),
      ],
    };
    expect((await linked(first, turn, next)).slice(1)).toEqual([TURN, "turn 1 - main"]);
  });

  it("is found when the first tool call is sent twice, text and all", async () => {
    const call = assistant([text("I read."), toolUse("toolu_a")]);
    const first = { messages: [user("go")], answer: [text("I read."), toolUse("toolu_a")] };
    const twice = {
      messages: [user("go"), call, user([toolResult("toolu_a")]), call, user([toolResult("toolu_a")])],
      answer: "done",
    };
    const once = {
      messages: [user("go"), call, user([toolResult("toolu_a")]), assistant("done"), user("more")],
    };
    expect((await linked(first, twice, once)).slice(1)).toEqual([TURN, "turn 1 - main"]);
  });
});

describe("what is not the same", () => {
  it("is an edited message", async () => {
    const turn = { messages: [user("hello"), assistant("hi"), user("a")], answer: "b" };
    const edited = { messages: [user("hello!"), assistant("hi"), user("a"), assistant("b"), user("c")] };
    expect((await linked(HELLO, turn, edited))[2]).toBe("turn - - main");
  });

  it("is an edited result of a tool: a branch, not a retry", async () => {
    const first = { messages: [user("go")], answer: [toolUse("toolu_a")] };
    const turn = (content: string) => ({
      messages: [user("go"), assistant([toolUse("toolu_a")]), user([toolResult("toolu_a", content)])],
      answer: "ok",
    });
    expect((await linked(first, turn("one"), turn("two")))[2]).toBe("turn 0 - branch_20250723100002");
  });

  it("is another image", async () => {
    const image = (data: string) =>
      user([{ type: "image", source: { type: "base64", media_type: "image/png", data } }]);
    const first = { messages: [image("AAAA")], answer: "a cat" };
    expect(await second(first, { messages: [image("BBBB"), assistant("a cat"), user("more")] })).toBe(
      "turn - - main",
    );
  });

  it("is the same first message in another session, or without a session", async () => {
    expect(await second({ ...HELLO, headers: session("a") }, { ...HELLO, headers: session("b") })).toBe(
      "root - - main",
    );
    expect(await second(HELLO, HELLO)).toBe("root - - main");
  });

  it("includes reminders only, repeated calls and invalid messages: none of them throws", async () => {
    const odd = [
      { messages: [user([text(reminder("x"))])] },
      { messages: [user([toolUse("t1"), toolUse("t1")]), assistant(null), null, 3] },
      { messages: [user("")] },
      { messages: [] },
    ];
    expect(await linked(...odd)).toHaveLength(4);
  });
});

describe("ids", () => {
  const turn = [user("hello"), assistant("hi"), user("bye")];

  it("decide between equal histories", async () => {
    const links = await linked(
      { ...HELLO, headers: session("a") },
      { ...HELLO, headers: session("b") },
      { messages: turn, headers: session("a") },
      { messages: turn, headers: session("b") },
    );
    expect(links.slice(2)).toEqual(["turn 0 - main", "turn 1 - main"]);
  });

  it("tell a fork from a resumed session", async () => {
    expect(await second({ ...HELLO, headers: session("a") }, { messages: turn, headers: session("b") })).toBe(
      "fork 0 - main",
    );
  });

  it("link a request whose texts link nothing", async () => {
    const changed = {
      messages: [user("hello, rewritten"), assistant("something"), user("bye")],
      headers: session("a"),
    };
    expect(await second({ ...HELLO, headers: session("a") }, changed)).toBe(TURN);
  });
});

describe("retries", () => {
  it("of a failed first message have it as parent", async () => {
    expect(await second({ messages: [user("hello")] }, HELLO)).toBe("retry 0 - main");
  });

  it("open no branch, and the next turn continues the answered attempt", async () => {
    const turn = { messages: [user("hello"), assistant("hi"), user("bye")] };
    expect(await linked({ messages: [user("hello")] }, HELLO, turn, { ...turn, answer: "ok" })).toEqual([
      "root - - main",
      "retry 0 - main",
      "turn 1 - main",
      "retry 2 - main",
    ]);
  });
});

describe("subtasks", () => {
  const spawner = (tool: string, ...prompts: string[]) => ({
    messages: [user("work")],
    answer: taskAnswer(tool, ...prompts),
  });

  it.each(["Task", "Agent"])(
    "of the tool %s are found by their prompt, with and without reminders",
    async (tool) => {
      const agent = {
        messages: [user([text(reminder("x")), text(" find it ")]), { role: "system", content: "y" }],
      };
      expect(await second(spawner(tool, "find it"), agent)).toBe("subtask - 0 subtask_1");
    },
  );

  it("with equal prompts are assigned one call each", async () => {
    const agent = { messages: [user("same")], answer: "ok" };
    const store = new MemoryLinkStore();
    const requests = [spawner("Agent", "same", "same"), agent, agent];
    for (const [n, request] of requests.entries())
      await store.link([writtenEvidence({ at: `10:00:0${n}.000`, ...request }, n)!]);
    expect(new Set([...store.calls.values()].map((call) => call.subtaskRequestId)).size).toBe(2);
  });

  it("of another session are not linked", async () => {
    const agent = { messages: [user("same")], headers: session("b") };
    expect(await second({ ...spawner("Agent", "same"), headers: session("a") }, agent)).toBe("root - - main");
  });

  it("may be nested and continue on their own branch", async () => {
    const inner = { messages: [user("outer")], answer: taskAnswer("Agent", "inner") };
    const innermost = { messages: [user("inner")], answer: "deep" };
    const next = { messages: [user("inner"), assistant("deep"), user("more")] };
    expect(await linked(spawner("Agent", "outer"), inner, innermost, next)).toEqual([
      "root - - main",
      "subtask - 0 subtask_1",
      "subtask - 1 subtask_2",
      "turn 2 1 subtask_2",
    ]);
  });

  it("that fork their parent's history are subtasks of it", async () => {
    const calls = taskAnswer("Agent", "look");
    const fork = [
      user("work"),
      assistant(calls),
      user([
        toolResult(String(calls[0]!["id"]), "Fork started — that fork is you."),
        text("<fork-boilerplate>x</fork-boilerplate>\n\nYour directive: look"),
      ]),
    ];
    expect(await second(spawner("Agent", "look"), { messages: fork })).toBe("subtask - 0 subtask_1");
    const ids = { ...session("a"), "x-claude-code-agent-id": "a0011223344556677" };
    const named = await second(
      { ...spawner("Agent", "look"), headers: session("a") },
      { messages: fork, headers: ids },
    );
    expect(named).toBe("subtask - 0 subtask_1");
  });
});

describe("side requests", () => {
  const cli = { "user-agent": "claude-cli/1.0.58 (external, cli)" };

  it("of Claude Code belong to no conversation, and plain conversations are no side requests", async () => {
    const topic = {
      messages: [user("hello")],
      headers: cli,
      system: "Analyze if this message indicates a new conversation topic.",
    };
    expect(await linked(topic, { ...HELLO, system: "You are a poet." })).toEqual(["aux", "root - - main"]);
  });
});
