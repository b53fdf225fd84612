/** Single cases of linking: one message sent in two ways, and messages that must not be taken for the same. */
import { describe, expect, it } from "vitest";
import {
  assistant,
  HELLO,
  linked,
  linkedInOrder,
  reminder,
  session,
  taskCalls,
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
    const first = { turns: ["go"], response: [toolUse("toolu_a", { a: 1 }), toolUse("toolu_b")] };
    const calls = [toolUse("toolu_a", { replace_all: false, a: 1 }), toolUse("toolu_b")];
    const results = [toolResult("toolu_a", [text("ok")]), toolResult("toolu_b", `ok\n\n${reminder("x")}`)];
    const turn = { turns: ["go", calls, [toolResult("toolu_b"), toolResult("toolu_a")]], response: "done" };
    const next = { turns: ["go", calls, results, "done", "more"] };
    expect((await linked(first, turn, next)).slice(1)).toEqual([TURN, "turn 1 - main"]);
  });

  it("is found when the first tool call is sent twice, text and all", async () => {
    const call = [text("I read."), toolUse("toolu_a")];
    const result = [toolResult("toolu_a")];
    const first = { turns: ["go"], response: call };
    const twice = { turns: ["go", call, result, call, result], response: "done" };
    const once = { turns: ["go", call, result, "done", "more"] };
    expect((await linked(first, twice, once)).slice(1)).toEqual([TURN, "turn 1 - main"]);
  });
});

describe("what is not the same", () => {
  it("is an edited message", async () => {
    const turn = { turns: ["hello", "hi", "a"], response: "b" };
    const edited = { turns: ["hello!", "hi", "a", "b", "c"] };
    expect((await linked(HELLO, turn, edited))[2]).toBe("turn - - main");
  });

  it("is an edited result of a tool: a branch, not a retry", async () => {
    const first = { turns: ["go"], response: [toolUse("toolu_a")] };
    const turn = (content: string) => ({
      turns: ["go", [toolUse("toolu_a")], [toolResult("toolu_a", content)]],
      response: "ok",
    });
    expect((await linked(first, turn("one"), turn("two")))[2]).toBe("turn 0 - branch_20250723100002");
  });

  it("is another image", async () => {
    const image = (data: string) => [
      { type: "image", source: { type: "base64", media_type: "image/png", data } },
    ];
    const first = { turns: [image("AAAA")], response: "a cat" };
    expect(await second(first, { turns: [image("BBBB"), "a cat", "more"] })).toBe("turn - - main");
  });

  it("is the same first message in another session, or without a session", async () => {
    expect(await second({ ...HELLO, headers: session("a") }, { ...HELLO, headers: session("b") })).toBe(
      "root - - main",
    );
    expect(await second(HELLO, HELLO)).toBe("root - - main");
  });

  it("includes reminders only, repeated calls and invalid messages: none of them throws", async () => {
    const odd = [
      { turns: [[text(reminder("x"))]] },
      { messages: [user([toolUse("t1"), toolUse("t1")]), assistant(null), null, 3] },
      { turns: [""] },
      { messages: [] },
    ];
    expect(await linked(...odd)).toHaveLength(4);
  });
});

describe("ids", () => {
  const turns = ["hello", "hi", "bye"];

  it("decide between equal histories", async () => {
    const links = await linked(
      { ...HELLO, headers: session("a") },
      { ...HELLO, headers: session("b") },
      { turns, headers: session("a") },
      { turns, headers: session("b") },
    );
    expect(links.slice(2)).toEqual(["turn 0 - main", "turn 1 - main"]);
  });

  it("distinguish a fork from a resumed session", async () => {
    expect(await second({ ...HELLO, headers: session("a") }, { turns, headers: session("b") })).toBe(
      "fork 0 - main",
    );
  });

  it("link a request whose texts link nothing", async () => {
    const changed = { turns: ["hello, rewritten", "something", "bye"], headers: session("a") };
    expect(await second({ ...HELLO, headers: session("a") }, changed)).toBe(TURN);
  });
});

describe("a fork of one of several sessions with equal words", () => {
  const device = (id: string) => ({ body: { metadata: { user_id: JSON.stringify({ device_id: id }) } } });
  const compound = (id: string) => ({ body: { metadata: { user_id: `user_${id}_account__session_x` } } });
  const system = (path: string) => ({ system: `You are helpful.\nWorking directory: ${path}\nBe brief.` });
  const environment = (path: string) => ({
    role: "system",
    content: [text(`# Environment\n - Primary working directory: ${path}\n - Platform: linux`)],
  });
  const env = (path: string, ...more: unknown[]) => ({
    messages: [user("hello"), environment(path), ...more],
  });

  it.each<[evidence: string, a: Partial<TestRequest>, b: Partial<TestRequest>, fork: Partial<TestRequest>]>([
    ["device", device("1"), device("2"), device("1")],
    ["device in a compound user id", compound("1"), compound("2"), compound("1")],
    [
      "user",
      { body: { metadata: { user_id: "u1" } } },
      { body: { metadata: { user_id: "u2" } } },
      { body: { metadata: { user_id: "u1" } } },
    ],
    ["working directory in the system prompt", system("/a"), system("/b"), system("/a")],
    ["working directory in a system entry", env("/a"), env("/b"), env("/a", assistant("hi"), user("bye"))],
    [
      "working directory where the device is the same",
      { ...device("1"), ...system("/a") },
      { ...device("1"), ...system("/b") },
      { ...device("1"), ...system("/a") },
    ],
  ])("continues the one of its own %s", async (_, a, b, fork) => {
    const requests = [
      { ...HELLO, headers: session("a"), ...a },
      { ...HELLO, headers: session("b"), ...b },
      { turns: ["hello", "hi", "bye"], headers: session("c"), ...fork },
    ];
    expect((await linked(...requests))[2]).toBe("fork 0 - main");
    expect((await linkedInOrder(requests, [2, 1, 0]))[2]).toBe("fork 0 - main");
  });

  it("continues the newest where nothing distinguishes them", async () => {
    const requests = [
      { ...HELLO, headers: session("a") },
      { ...HELLO, headers: session("b") },
      { turns: ["hello", "hi", "bye"], headers: session("c") },
    ];
    expect((await linked(...requests))[2]).toBe("fork 1 - main");
  });

  it("is no retry of an equal first message from another device", async () => {
    expect(await second({ turns: ["hello"], ...device("1") }, { ...HELLO, ...device("2") })).toBe(
      "root - - main",
    );
  });
});

describe("retries", () => {
  it("of a failed first message have it as parent", async () => {
    expect(await second({ turns: ["hello"] }, HELLO)).toBe("retry 0 - main");
  });

  it("open no branch, and the next turn continues the attempt with a response", async () => {
    const turn = { turns: ["hello", "hi", "bye"] };
    expect(await linked({ turns: ["hello"] }, HELLO, turn, { ...turn, response: "ok" })).toEqual([
      "root - - main",
      "retry 0 - main",
      "turn 1 - main",
      "retry 2 - main",
    ]);
  });
});

describe("subtasks", () => {
  const spawner = (tool: string, ...prompts: string[]) => ({
    turns: ["work"],
    response: taskCalls(tool, ...prompts),
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
    const agent = { turns: ["same"], response: "ok" };
    const store = new MemoryLinkStore();
    const requests = [spawner("Agent", "same", "same"), agent, agent];
    for (const [n, request] of requests.entries())
      await store.link([writtenEvidence({ at: `10:00:0${n}.000`, ...request }, n)!]);
    expect(new Set([...store.calls.values()].map((call) => call.subtaskRequestId)).size).toBe(2);
  });

  it.each<[clients: string, headers: Record<string, string>]>([
    ["of clients without ids", {}],
    ["of a session that names no agents", session("s")],
  ])(
    "with 16 equal prompts take one call each, %s, also after results have named their agents",
    async (_, headers) => {
      const prompts = Array.from({ length: 16 }, () => "same");
      const calls = taskCalls("Agent", ...prompts);
      const spawn = { turns: ["work"], response: calls, headers };
      const agents = prompts.map(() => ({ turns: ["same"], response: "ok", headers }));
      const results = calls.map(({ id }, n) =>
        toolResult(String(id), `done\nagentId: a00000000000000${n + 10}`),
      );
      const next = { turns: ["work", calls, results], headers };
      const requests = [spawn, ...agents, next];
      const evidence = requests.map((request, n) =>
        writtenEvidence({ at: `10:00:${String(n + 10)}.000`, ...request }, n)!,
      );
      for (const order of [evidence, evidence.toReversed()]) {
        const store = new MemoryLinkStore();
        for (const each of order) await store.link([each]);
        const taken = [...store.calls.values()].map((call) => call.subtaskRequestId);
        expect(taken).toEqual(evidence.slice(1, 17).map(({ requestId }) => requestId));
        expect([...store.links.values()].filter(({ linkKind }) => linkKind === "subtask")).toHaveLength(16);
      }
    },
  );

  it("whose first request failed and was sent again take one call", async () => {
    const agent = { turns: ["same"], headers: session("s") };
    const requests = [
      { ...spawner("Agent", "same", "same"), headers: session("s") },
      agent,
      { ...agent, response: "ok" },
    ];
    expect(await linked(...requests)).toEqual([
      "root - - main",
      "subtask - 0 subtask_1",
      "retry 1 0 subtask_1",
    ]);
  });

  it("of another session are not linked", async () => {
    const agent = { turns: ["same"], headers: session("b") };
    expect(await second({ ...spawner("Agent", "same"), headers: session("a") }, agent)).toBe("root - - main");
  });

  it("may be nested and continue on their own branch", async () => {
    const inner = { turns: ["outer"], response: taskCalls("Agent", "inner") };
    const innermost = { turns: ["inner"], response: "deep" };
    const next = { turns: ["inner", "deep", "more"] };
    expect(await linked(spawner("Agent", "outer"), inner, innermost, next)).toEqual([
      "root - - main",
      "subtask - 0 subtask_1",
      "subtask - 1 subtask_2",
      "turn 2 1 subtask_2",
    ]);
  });

  it("that fork their parent's history are subtasks of it", async () => {
    const calls = taskCalls("Agent", "look");
    const directive = [
      toolResult(String(calls[0]!["id"]), "Fork started — that fork is you."),
      text("<fork-boilerplate>x</fork-boilerplate>\n\nYour directive: look"),
    ];
    const fork = { turns: ["work", calls, directive] };
    expect(await second(spawner("Agent", "look"), fork)).toBe("subtask - 0 subtask_1");
    const headers = { ...session("a"), "x-claude-code-agent-id": "a0011223344556677" };
    const spawn = { ...spawner("Agent", "look"), headers: session("a") };
    expect(await second(spawn, { ...fork, headers })).toBe("subtask - 0 subtask_1");
  });
});

describe("side requests", () => {
  const cli = { "user-agent": "claude-cli/1.0.58 (external, cli)" };

  it("of Claude Code belong to no conversation, and plain conversations are no side requests", async () => {
    const topic = {
      turns: ["hello"],
      headers: cli,
      system: "Analyze if this message indicates a new conversation topic.",
    };
    expect(await linked(topic, { ...HELLO, system: "You are a poet." })).toEqual(["aux", "root - - main"]);
  });
});
