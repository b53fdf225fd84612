/** Requests that clients send beside a conversation: they belong to none, serve a turn, and never keep or open a branch. */
import { describe, expect, it } from "vitest";
import {
  assistant,
  linked,
  linkedInOrder,
  session,
  taskCalls,
  type TestRequest,
  text,
  toolResult,
  toolUse,
  TURN,
  user,
} from "../../../test/support/linking-evidence.ts";

const cli = { "user-agent": "claude-cli/2.1.332 (external, cli)", ...session("s") };
const withClass = (requestClass: string) => ({ ...cli, "x-claude-code-request-class": requestClass });
const IDENTITY = "You are Claude Code, Anthropic's official CLI for Claude.";
const TOOLS = [{ name: "Bash", input_schema: {} }];
const main = { headers: cli, system: IDENTITY, tools: TOOLS };

/** The n-th turn of a chat. */
function turn(n: number, more: Partial<TestRequest> = {}): TestRequest {
  const history = Array.from({ length: n }, (_, i) => [`question ${i}`, `response ${i}`]).flat();
  return { ...main, turns: [...history, `question ${n}`], response: `response ${n}`, ...more };
}

/** A request that repeats the history up to turn n and adds a message. */
function afterTurn(n: number, message: unknown, more: Partial<TestRequest> = {}): TestRequest {
  const { turns, response } = turn(n);
  return { ...main, turns: [...turns!, response, message], response: "done", ...more };
}

function permutations(items: readonly number[]): number[][] {
  if (items.length < 2) return [[...items]];
  return items.flatMap((item) =>
    permutations(items.filter((other) => other !== item)).map((rest) => [item, ...rest]),
  );
}

const at = (second: number) => ({ at: `10:00:${String(second).padStart(2, "0")}.000` });
const SUGGESTION = "[SUGGESTION MODE: Suggest what the user might naturally type next into Claude Code.]";
const reminded = (first: string) => `<system-reminder>${first} …</system-reminder>`;

describe("a side request that repeats the history", () => {
  const CHAT = ["root - - main", "turn 0 - main", "turn 2 - main", "turn 4 - main", "turn 6 - main"];

  it.each<[kind: string, message: unknown, more?: Partial<TestRequest>]>([
    ["states its class", "anything", { headers: withClass("auxiliary") }],
    ["states that it is a side reply", "anything", { headers: withClass("side_reply") }],
    ["states that it suggests a prompt", "anything", { headers: withClass("prompt_suggestion") }],
    ["states a class of a client of tomorrow", "anything", { headers: withClass("something_else") }],
    ["offers a suggestion", "[SUGGESTION: one line"],
    ["is a stop hook's evaluation", [text(reminded("Stop hook evaluation: is it done?")), text("Check it.")]],
    ["suggests a prompt", SUGGESTION],
    ["suggests something else in another mode", "[NEXT STEP MODE: List what could follow.]"],
    ["responds to a side question", [text(reminded("This is a side question from the user.")), text("why?")]],
    ["recaps", "The user stepped away and is coming back. Recap in one line."],
    ["describes the last action", "Describe your most recent action in 3-5 words"],
    ["names the session", "Generate a short kebab-case name for this conversation"],
    [
      "evaluates a stop hook",
      "Is it done?",
      { system: "You are evaluating a stop-condition hook in Claude Code. Read it.", tools: [] },
    ],
    [
      "requests JSON without tools",
      "Is it done?",
      { tools: [], body: { output_config: { format: { type: "json_schema" } } } },
    ],
  ])("%s: the chat keeps its branch, and the side request serves its turn", async (_, message, more) => {
    const requests = [0, 1, 2, 3, 4].flatMap((n) => [
      turn(n, at(4 * n)),
      afterTurn(n, message, { ...at(4 * n + 1), ...more }),
    ]);
    const links = await linked(...requests);
    expect(links.filter((__, n) => n % 2 === 0)).toEqual(CHAT);
    expect(links.filter((__, n) => n % 2 === 1)).toEqual(["aux 0", "aux 2", "aux 4", "aux 6", "aux 8"]);
    expect(await linkedInOrder(requests, [...requests.keys()].reverse())).toEqual(links);
  });

  it("repeats a longer history with questions of its own: it serves the last turn before them", async () => {
    const question = [text(reminded("This is a side question from the user.")), text("and now?")];
    const { turns, response } = afterTurn(1, "why?");
    const again = { ...main, turns: [...turns!, response, question], response: "so" };
    expect((await linked(turn(0), turn(1), again, turn(2))).slice(2)).toEqual(["aux 1", "turn 1 - main"]);
  });

  it("adds to the message of another side request: it serves the turn that the other serves", async () => {
    const system = "You run a web search for another Claude model.";
    const search = { ...main, system, turns: [[text("look")]] };
    const more = { ...main, system, turns: [[text("look"), text(SUGGESTION)]] };
    for (const order of permutations([0, 1, 2, 3]))
      expect(await linkedInOrder([turn(0), search, { ...main, turns: ["hello"] }, more], order)).toEqual([
        "root - - main",
        "aux 0",
        "root - - main",
        "aux 0",
      ]);
  });

  it("is sent while the turn runs: it serves that turn", async () => {
    const question = text(reminded("This is a side question from the user."));
    const beside = turn(1, {
      turns: [...turn(1).turns!.slice(0, -1), [text("question 1"), question, text("why?")]],
    });
    expect((await linked(turn(0), turn(1), beside, turn(2))).slice(2)).toEqual(["aux 1", "turn 1 - main"]);
  });

  describe("whose words are unknown", () => {
    const marked = (value: string) => [text(value, { cache_control: { type: "ephemeral" } })];
    const unknown = "Words of a client of tomorrow";
    const asked = (marker: "history" | "newest", more: Partial<TestRequest> = {}) =>
      afterTurn(0, marker === "newest" ? marked(unknown) : unknown, {
        turns: [
          marker === "history" ? marked("question 0") : "question 0",
          "response 0",
          marker === "newest" ? marked(unknown) : unknown,
        ],
        ...more,
      });

    it("is known by its cache marker: Claude Code has only those requests cached that it continues", async () => {
      expect((await linked(turn(0), asked("history"), turn(1))).slice(1)).toEqual(["aux 0", "turn 0 - main"]);
    });

    it.each<[request: string, request_: TestRequest, link: string]>([
      ["a turn, whose own message is cached", asked("newest"), TURN],
      ["a turn of another client", asked("history", { headers: session("s") }), TURN],
      [
        "the turn of an agent",
        asked("history", { headers: { ...cli, "x-claude-code-agent-id": "a0011223344556677" } }),
        "subtask - 0 subtask_1",
      ],
      [
        "a request for a summary",
        {
          ...asked("history"),
          turns: [marked("question 0"), "response 0", "Your task is to create a detailed summary of it"],
        },
        "compact-ask 0 - main",
      ],
    ])("is %s", async (_, request, link) => {
      expect((await linked(turn(0), request))[1]).toBe(link);
    });
  });

  it.each(["main", "subagent", "workflow", "compaction"])(
    "is no side request by its words where the client states that it is a %s request",
    async (stated) => {
      const links = await linked(turn(0), afterTurn(0, SUGGESTION, { headers: withClass(stated) }));
      expect(links[1]).toMatch(/^(turn|compact-ask) 0 - main$/);
    },
  );
});

describe("a request that only resembles a side request", () => {
  const KNOWN_WORDS: [words: string, message: unknown][] = [
    ["a prompt suggestion", SUGGESTION],
    ["a mode", "[PLAN MODE: careful]"],
    ["a recap", "The user stepped away and is coming back. Recap in one line."],
    ["a description", "Describe your most recent action in 3-5 words"],
    ["a name", "Generate a short kebab-case name for this conversation"],
    ["a side question", [text(reminded("This is a side question from the user.")), text("why?")]],
  ];
  const OTHER_WORDS: [words: string, message: unknown][] = [
    ["a mode before the message", "[PLAN MODE: careful] please rename it"],
    ["a mode in a later text", [text("rename it"), text("[TEST MODE: dry run]")]],
    ["another sentence about the user", "The user stepped away and is coming back, so wait for the click."],
    ["another description", "Describe your most recent action in detail"],
    ["another name", "Generate a short kebab-case name for my branch"],
    ["a quoted side question", "This is a side question from the user. Translate it."],
  ];

  it.each(OTHER_WORDS)("by %s is a turn at once", async (_, message) => {
    expect((await linked(turn(0), afterTurn(0, message)))[1]).toBe(TURN);
  });

  it.each([...KNOWN_WORDS, ...OTHER_WORDS])("by %s is a turn once it is continued", async (_, message) => {
    const resembling = afterTurn(0, message);
    const next = { ...main, turns: [...resembling.turns!, "done", "more"], response: "so" };
    const suggestion = { ...next, turns: [...next.turns, "so", SUGGESTION], headers: withClass("auxiliary") };
    const beside = {
      ...resembling,
      turns: [...resembling.turns!, "done", "?"],
      headers: withClass("auxiliary"),
    };
    const requests = [turn(0), resembling, beside, next, suggestion];
    const links = ["root - - main", TURN, "aux 1", "turn 1 - main", "aux 3"];
    for (const order of permutations([0, 1, 2, 3])) {
      expect(await linkedInOrder(requests, [...order, 4])).toEqual(links);
      expect(await linkedInOrder(requests, [4, ...order])).toEqual(links);
    }
  });

  it.each(KNOWN_WORDS)("by %s is a side request while only side requests continue it", async (_, message) => {
    const resembling = afterTurn(0, message);
    const again = afterTurn(0, message, { turns: [...resembling.turns!, "done", message] });
    const requests = [turn(0), resembling, again, turn(1)];
    const links = ["root - - main", "aux 0", "aux 0", "turn 0 - main"];
    for (const order of permutations([0, 1, 2, 3]))
      expect(await linkedInOrder(requests, order)).toEqual(links);
  });

  const words = (message: unknown): TestRequest => ({ ...main, turns: [message], response: "done" });
  const prompt = (system: string, headers: Record<string, string>): TestRequest => ({
    headers,
    system,
    turns: ["hello"],
    response: "done",
  });
  it.each<[kind: string, request: TestRequest]>([
    ...[...KNOWN_WORDS.slice(0, -1), ...OTHER_WORDS].map(([kind, message]): [string, TestRequest] => [
      `begins with ${kind}`,
      words(message),
    ]),
    ["begins with a side question", words(KNOWN_WORDS.at(-1)![1])],
    ["is of a client that writes titles", prompt("You are a title generator for a shop.", session("s"))],
    ["is of such a client without a session", prompt("You are a title generator for a shop.", {})],
    ["is of a client that helps with titles", prompt("You write the titles of books.", session("s"))],
    [
      "is of a client that evaluates hooks",
      prompt("You are evaluating a hook in Claude Code.", session("s")),
    ],
    ["has a system prompt of the user", prompt("You are a poet.", cli)],
    [
      "requests JSON",
      {
        ...main,
        tools: [],
        body: { output_format: { type: "json_schema" } },
        turns: ["hello"],
        response: "done",
      },
    ],
  ])("begins a conversation that is continued, where it %s", async (_, first) => {
    const next = { ...first, body: {}, turns: [...first.turns!, "done", "more"], response: "so" };
    const last = { ...next, turns: [...next.turns, "so", "and more"] };
    for (const order of permutations([0, 1, 2]))
      expect(await linkedInOrder([first, next, last], order)).toEqual([
        "root - - main",
        TURN,
        "turn 1 - main",
      ]);
  });

  it("is no side request where its response calls an agent", async () => {
    const resembling = afterTurn(0, "[PLAN MODE: careful]", { response: taskCalls("Agent", "look") });
    const agent = { ...main, turns: ["look"], response: "ok" };
    const links = ["root - - main", TURN, "subtask - 1 subtask_1"];
    for (const order of permutations([0, 1, 2]))
      expect(await linkedInOrder([turn(0), resembling, agent], order)).toEqual(links);
  });

  it("is not continued by a history without its response, as an equal first message has it", async () => {
    const topic = {
      headers: cli,
      system: "Analyze if this message indicates a new conversation topic.",
      turns: ["question 0"],
      response: "{}",
    };
    const links = ["root - - main", "aux 0", TURN];
    for (const order of permutations([0, 1, 2]))
      expect(await linkedInOrder([turn(0, { response: null }), topic, turn(1)], order)).toEqual(links);
    expect(await linked(topic, turn(1))).toEqual(["aux", "turn - - main"]);
  });
});

describe("a side request without the history", () => {
  it.each<[kind: string, request: TestRequest]>([
    [
      "searches the web",
      {
        turns: ["Perform a web search for the query: x"],
        system: "You run a web search for another Claude model, which is waiting.",
        tools: [{ type: "web_search_20250305", name: "web_search" }],
      },
    ],
    [
      "evaluates a hook",
      {
        turns: ["Is this safe?"],
        system: "You are evaluating a hook in Claude Code. The user says.",
        tools: [],
      },
    ],
    [
      "verifies a stop condition with tools",
      { turns: ["Check it."], system: "You are verifying a stop condition in Claude Code.", tools: TOOLS },
    ],
    [
      "verifies it over several requests",
      {
        turns: ["Check it.", "It is.", "[structured-output-enforce] Call the tool."],
        system: "You are verifying a stop condition in Claude Code.",
        tools: TOOLS,
      },
    ],
    [
      "names the conversation",
      { turns: ["<conversation>x"], system: "Generate a short kebab-case name (2-4 words).", tools: [] },
    ],
  ])("%s: it serves the latest turn of its session", async (_, request) => {
    const side = { headers: cli, response: "ok", ...request };
    expect(await linked(turn(0), turn(1), side, turn(2))).toEqual([
      "root - - main",
      "turn 0 - main",
      "aux 1",
      "turn 1 - main",
    ]);
    expect((await linkedInOrder([turn(0), turn(1), side, turn(2)], [2, 3, 0, 1]))[2]).toBe("aux 1");
    expect((await linked({ ...side, headers: { ...cli, ...session("other") } }))[0]).toBe("aux");
  });

  it("serves the request of its own agent", async () => {
    const headers = { ...cli, "x-claude-code-agent-id": "a0011223344556677" };
    const search = {
      headers,
      turns: ["Perform a web search"],
      system: "You run a web search for another Claude model.",
      tools: [],
    };
    const agent = { ...main, headers, turns: ["look"], response: "ok" };
    const spawner = turn(0, { response: taskCalls("Agent", "look") });
    expect(await linked(spawner, agent, turn(0, { turns: ["other"] }), search)).toEqual([
      "root - - main",
      "subtask - 0 subtask_1",
      "root - - main",
      "aux 1",
    ]);
  });

  it("writes a title for another client, which names its session in x-session-id", async () => {
    const headers = { "user-agent": "opencode/1.0.0", "x-session-id": "ses_1" };
    const title = {
      headers,
      turns: ["Generate a title for this conversation:"],
      system: "You are a title generator. You output ONLY a thread title. Nothing else.",
      tools: [],
    };
    const first = { headers, turns: ["hello"], response: "hi", tools: TOOLS };
    const second = { headers, turns: ["hello", "hi", "bye"], tools: TOOLS };
    expect(await linked(first, title, second)).toEqual(["root - - main", "aux 0", "turn 0 - main"]);
    expect(await linked({ ...title, headers: {} })).toEqual(["aux"]);
  });
});

describe("a request that may be a side request, although nothing says so", () => {
  const unknown = "Words of a client of tomorrow";

  it.each<[words: string, words_: (n: number) => unknown, link: (n: number) => string]>([
    [
      "words of its own",
      (n) => `${unknown}, ${n}`,
      (n) => `turn ${2 * n} - branch_2025072310001${2 * n + 1}`,
    ],
    [
      "words that are repeated, as people repeat short ones,",
      () => "go on",
      (n) => `turn ${2 * n} - branch_2025072310001${2 * n + 1}`,
    ],
    ["words that a client repeats", () => unknown, (n) => `aux ${2 * n}`],
  ])("with %s gives up the branch to the later request that is continued", async (_, message, link) => {
    const requests = [0, 1, 2, 3].flatMap((n) => [
      turn(n, at(10 + 2 * n)),
      afterTurn(n, message(n), at(11 + 2 * n)),
    ]);
    const links = [
      "root - - main",
      link(0),
      TURN,
      link(1),
      "turn 2 - main",
      link(2),
      "turn 4 - main",
      "turn 6 - main",
    ];
    const orders = permutations([0, 1, 2, 3, 4, 5]).filter((__, n) => n % 13 === 0);
    for (const order of [[0, 1, 2, 3, 4, 5, 6, 7], ...orders.map((each) => [7, ...each, 6])])
      expect(await linkedInOrder(requests, order)).toEqual(links);
  });

  it("with words that a client repeats is part of the conversation once it is continued", async () => {
    const continued = { ...main, turns: [...afterTurn(1, unknown).turns!, "done", "more"], ...at(50) };
    const requests = [0, 1, 2, 3].flatMap((n) => [
      turn(n, at(10 + 2 * n)),
      afterTurn(n, unknown, at(11 + 2 * n)),
    ]);
    const links = [
      "aux 0",
      TURN,
      "turn 2 - main",
      "turn 2 - branch_20250723100014",
      "aux 4",
      "turn 4 - branch_20250723100014",
    ];
    for (const order of permutations([0, 1, 2, 3, 4, 5, 8]).filter((__, n) => n % 97 === 0)) {
      const result = await linkedInOrder([...requests, continued], [...order, 6, 7]);
      expect([...result.slice(1, 6), result[6]]).toEqual(links);
    }
  });

  it("with words that a client repeats counts in its own conversation only", async () => {
    const chat = (name: string) =>
      [turn(0), afterTurn(0, unknown), turn(1), turn(2)].map((request) => ({
        ...request,
        headers: { ...cli, ...session(name) },
        turns: request.turns!.map((words) => (words === unknown ? words : `${name} ${words as string}`)),
        response: `${name} ${request.response as string}`,
      }));
    const requests = [...chat("s"), ...chat("t")];
    const links = [
      ...["root - - main", "turn 0 - branch_20250723100001", TURN, "turn 2 - main"],
      ...["root - - main", "turn 4 - branch_20250723100005", "turn 4 - main", "turn 6 - main"],
    ];
    for (const together of [1, 3, 8])
      expect(await linkedInOrder(requests, [0, 1, 4, 5, 2, 6, 3, 7], together)).toEqual(links);
  });

  it("with words that a client repeats returns to its branch once the other moves to another conversation", async () => {
    const requests = [
      turn(0),
      afterTurn(0, unknown),
      turn(1),
      { ...main, turns: ["hello"], response: "hi" },
      { ...main, turns: ["hello", "hi", unknown] },
      turn(2),
      turn(3),
    ];
    const before = ["root - - main", "aux 0", TURN, "aux 2", "turn 2 - main", "turn 4 - main"];
    expect(await linked(...requests.toSpliced(3, 1))).toEqual(before);
    const links = [
      ...["root - - main", "turn 0 - branch_20250723100001", TURN],
      ...["root - - main", "turn 3 - main", "turn 2 - main", "turn 5 - main"],
    ];
    for (const order of permutations([0, 1, 2, 4, 5]).filter((_, n) => n % 3 === 0))
      expect(await linkedInOrder(requests, [...order, 6, 3])).toEqual(links);
  });

  const marked = (value: string) => [text(value, { cache_control: { type: "ephemeral" } })];
  const cached = (n: number, more: Partial<TestRequest> = {}) => {
    const { turns, ...rest } = turn(n);
    return { ...rest, turns: [...turns!.slice(0, -1), marked(`question ${n}`)], ...more };
  };

  it("is a side request where nothing of it is cached while the turns of the conversation are", async () => {
    const requests = [0, 1, 2].flatMap((n) => [cached(n), afterTurn(n, `${unknown} ${n}`)]);
    const links = ["root - - main", "aux 0", TURN, "aux 2", "turn 2 - main", "aux 4"];
    for (const order of permutations([0, 1, 2, 3, 4, 5]).filter((__, n) => n % 7 === 0))
      expect(await linkedInOrder(requests, order)).toEqual(links);
  });

  it("is a turn where nothing of it is cached, once it is continued or states so", async () => {
    const uncached = afterTurn(0, unknown);
    const next = { ...main, turns: [...uncached.turns!, "done", "more"] };
    for (const order of permutations([0, 1, 2]))
      expect(await linkedInOrder([cached(0), uncached, next], order)).toEqual([
        "root - - main",
        TURN,
        "turn 1 - main",
      ]);
    expect((await linked(cached(0), { ...uncached, headers: withClass("main") }))[1]).toBe(TURN);
  });

  it("gives up the branch to the request that is stated to be the main one, also to the last turn", async () => {
    const requests = [turn(0), afterTurn(0, unknown), turn(1, { headers: withClass("main") })];
    const links = ["root - - main", "turn 0 - branch_20250723100001", TURN];
    for (const order of permutations([0, 1, 2])) expect(await linkedInOrder(requests, order)).toEqual(links);
  });

  it("keeps the branch while no later request is continued", async () => {
    expect(await linked(turn(0), afterTurn(0, unknown), turn(1))).toEqual([
      "root - - main",
      "turn 0 - main",
      "turn 0 - branch_20250723100002",
    ]);
  });

  it("keeps the branch where it is continued itself, and where the client names no session", async () => {
    const continued = { ...main, turns: [...afterTurn(0, "first").turns!, "done", "more"] };
    const rewound = [turn(0), afterTurn(0, "first"), continued, turn(1), turn(2)];
    const expected = ["turn 0 - main", "turn 1 - main", "turn 0 - branch_20250723100003"];
    expect((await linked(...rewound)).slice(1, 4)).toEqual(expected);
    const anonymous = [turn(0), afterTurn(0, "first"), turn(1), turn(2)].map((request) => ({
      ...request,
      headers: {},
    }));
    expect((await linked(...anonymous)).slice(1, 3)).toEqual([
      "turn 0 - main",
      "turn 0 - branch_20250723100002",
    ]);
  });
});

describe("the whole of a conversation", () => {
  const question = (words: string) => [text(reminded("This is a side question from the user.")), text(words)];
  const call = [toolUse("toolu_1")];
  const loop = (...more: unknown[]): TestRequest => ({
    ...main,
    turns: ["question 0", call, [toolResult("toolu_1")], ...more],
    response: "ran",
  });
  const sdk = (...turns: unknown[]): TestRequest => ({ turns, response: `response ${turns.length}` });
  const other = { headers: { ...cli, ...session("t") } };
  const agent = { headers: { ...cli, "x-claude-code-agent-id": "a0011223344556677" } };
  const opencode = { headers: { "user-agent": "opencode/1.0.0", "x-session-id": "ses_1" } };

  it.each<[kind: string, requests: TestRequest[], links: string[]]>([
    [
      "with several side requests at once",
      [turn(0), afterTurn(0, SUGGESTION), afterTurn(0, question("a")), afterTurn(0, question("b")), turn(1)],
      ["root - - main", "aux 0", "aux 0", "aux 0", TURN],
    ],
    [
      "with side questions that follow each other",
      [
        turn(0),
        afterTurn(0, question("a")),
        { ...main, turns: [...afterTurn(0, question("a")).turns!, "done", question("b")], response: "so" },
        turn(1),
      ],
      ["root - - main", "aux 0", "aux 0", TURN],
    ],
    [
      "with a side question beside tool results",
      [
        turn(0, { response: call }),
        loop(),
        { ...loop(), turns: ["question 0", call, [toolResult("toolu_1"), ...question("why")]] },
        loop("ran", "next"),
      ],
      ["root - - main", TURN, "aux 1", "turn 1 - main"],
    ],
    [
      "with one side request of unknown words after tool results",
      [
        turn(0, { response: call }),
        loop(),
        loop("ran", "Guess what is next"),
        loop("ran", "next"),
        loop("ran", "next", "ran", "last"),
      ],
      ["root - - main", TURN, "turn 1 - branch_20250723100002", "turn 1 - main", "turn 3 - main"],
    ],
    [
      "with a suggestion that is tried again",
      [turn(0), afterTurn(0, SUGGESTION, { response: null }), afterTurn(0, SUGGESTION), turn(1)],
      ["root - - main", "aux 0", "aux 0", TURN],
    ],
    [
      "with known words after its last turn",
      [turn(0), turn(1), afterTurn(1, SUGGESTION)],
      ["root - - main", TURN, "aux 1"],
    ],
    [
      "with a suggestion for an agent",
      [
        turn(0, { response: taskCalls("Agent", "look") }),
        { ...main, ...agent, turns: ["look"], response: "ok" },
        { ...main, ...agent, turns: ["look", "ok", SUGGESTION], response: "go" },
      ],
      ["root - - main", "subtask - 0 subtask_1", "aux 1"],
    ],
    [
      "of two sessions with the same words",
      [turn(0), turn(0, other), afterTurn(0, SUGGESTION, other), turn(1, other)],
      ["root - - main", "root - - main", "aux 1", "turn 1 - main"],
    ],
    ["whose first turn was lost", [afterTurn(0, SUGGESTION), turn(1)], ["aux", "turn - - main"]],
    [
      "that a person rewinds twice",
      [
        turn(0),
        afterTurn(0, "first"),
        afterTurn(0, "second"),
        afterTurn(0, "third"),
        { ...main, turns: [...afterTurn(0, "third").turns!, "done", "go"], response: "so" },
      ],
      [
        "root - - main",
        "turn 0 - branch_20250723100001",
        "turn 0 - branch_20250723100002",
        TURN,
        "turn 3 - main",
      ],
    ],
    [
      "of another client, of which a message is edited",
      [
        sdk("a"),
        sdk("a", "response 1", "b"),
        sdk("a", "response 1", "c"),
        sdk("a", "response 1", "c", "response 3", "d"),
      ],
      ["root - - main", TURN, "turn 0 - branch_20250723100002", "turn 2 - branch_20250723100002"],
    ],
    [
      "of single calls, also equal ones",
      [sdk("translate x"), sdk("translate y"), sdk("translate x")],
      ["root - - main", "root - - main", "root - - main"],
    ],
    [
      "of single calls with the same examples",
      [sdk("in", "out", "a"), sdk("in", "out", "b")],
      ["turn - - main", "turn - - main"],
    ],
    [
      "of another client that writes titles as its work",
      [
        { ...opencode, system: "You write titles.", turns: ["hello"], response: "hi" },
        { ...opencode, system: "You write titles.", turns: ["hello", "hi", "bye"], response: "so" },
      ],
      ["root - - main", TURN],
    ],
  ])("%s has the right links in every order", async (_, requests, links) => {
    const order = [...requests.keys()];
    const odd = order.toSorted((a, b) => ((a * 7) % 5) - ((b * 7) % 5));
    for (const each of [order, order.toReversed(), odd])
      expect(await linkedInOrder(requests, each)).toEqual(links);
  });
});

describe("the agents of a workflow", () => {
  const workflow = (id: string) => [
    text("Running."),
    { ...toolUse(id), name: "Workflow", input: { script: "x" } },
  ];
  const task = (words: string, agentId: string, more: object = {}): TestRequest => ({
    ...main,
    headers: { ...cli, "x-claude-code-agent-id": agentId, ...more },
    turns: [`[Workflow harness — computed task] The task text follows:\n  ${words}`],
    response: "ok",
  });
  const prompt = (id: string) => ({ "x-claude-code-prompt-id": id });

  it("are subtasks of the request whose response called Workflow, not of the latest one", async () => {
    const start = turn(0, { response: workflow("toolu_w") });
    const waiting = {
      ...main,
      messages: [
        user("question 0"),
        assistant(workflow("toolu_w")),
        user([{ type: "tool_result", tool_use_id: "toolu_w", content: "Workflow launched" }]),
      ],
      response: "waiting",
    };
    const requests = [start, waiting, task("a", "a0000000000000001"), task("b", "a0000000000000002")];
    const links = await linked(...requests);
    expect(links.slice(1)).toEqual(["turn 0 - main", "subtask - 0 subtask_1", "subtask - 0 subtask_2"]);
    expect(await linkedInOrder(requests, [3, 2, 1, 0])).toEqual(links);
  });

  it("of two workflows are distinguished by the id of the person's turn", async () => {
    const first = turn(0, { response: workflow("toolu_1"), headers: { ...cli, ...prompt("p1") } });
    const second = turn(1, { response: workflow("toolu_2"), headers: { ...cli, ...prompt("p2") } });
    const requests = [
      first,
      second,
      task("a", "a0000000000000001", prompt("p1")),
      task("b", "a0000000000000002", prompt("p2")),
    ];
    expect((await linked(...requests)).slice(2)).toEqual(["subtask - 0 subtask_1", "subtask - 1 subtask_2"]);
  });
});
