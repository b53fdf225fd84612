/**
 * Malicious traffic through a running proxy: markup that would leave a mark, lines of a megabyte, right-to-left text, emoji, null
 * bytes and enormous names, wherever client and vendor may put text. The vendor is a small server of its own, because neither the
 * real API nor the fake one would accept these requests.
 */
import { send } from "../../scripts/local/demo/send.ts";
import { startHttpServer } from "../../scripts/local/network/http-server.ts";
import { responseStream, type Block } from "./response-stream.ts";

/** What a script would set on the window if one of these texts ever ran. */
export const EXECUTED_FLAG = "hostileTextRan";
const SCRIPT = `<script>globalThis.${EXECUTED_FLAG}=1;alert(1)</script>`;
const MARKUP = `${SCRIPT}<img src=x onerror="globalThis.${EXECUTED_FLAG}=1">"'&lt;</textarea></title></details>`;
const RTL = "\u202Egnp.exe\u202C שלום עולם مرحبا بالعالم";
const EMOJI = "👩‍👩‍👧‍👦🏳️‍🌈💥".repeat(12);
const STACKED = "Z̸̧͉̝̠̓a̷̢̺̭͋l̴̨̛͖̇g̵̰̈́o̶͎͝".repeat(8);
const NUL = "nul\u0000bell\u0007escape\u001b[31m";
const ENORMOUS = "enormous".repeat(250);
const LINE = "x".repeat(1_000_000);
/** Long enough wherever a line of a megabyte has already been: bodies of many megabytes would only take time. */
const LONG = "x".repeat(60_000);
const ALL = [MARKUP, RTL, EMOJI, STACKED, NUL].join(" ");
/** Headers carry no control characters and nothing beyond Latin-1. */
const IN_HEADERS = `${MARKUP} ${"n".repeat(600)}`;

const MARKDOWN = [
  `# ${MARKUP}`,
  `[click](javascript:alert(1)) [other](data:text/html,${SCRIPT}) <b onclick="alert(1)">bold</b>`,
  `![pixel](https://elsewhere.example/pixel.png) ${"|".repeat(400)} ${"> ".repeat(200)}deep`,
  `| ${ENORMOUS} | b |\n|---|---|\n| ${MARKUP} | ${RTL} |`,
  `\`\`\`"><script>\n${MARKUP}\n${"y".repeat(5_000)}\n\`\`\``,
  ALL,
].join("\n\n");

const TASK = `${MARKUP} Look at everything. ${RTL} ${ENORMOUS}`;

const thinking: Block = { type: "thinking", thinking: `${ALL}\n${MARKDOWN}`, signature: MARKUP };
const call: Block = {
  type: "tool_use",
  id: "toolu_1",
  name: MARKUP,
  input: { command: ALL, [ENORMOUS]: LINE },
};
const edit: Block = {
  type: "tool_use",
  id: "toolu_2",
  name: ENORMOUS,
  input: { file_path: `/${ENORMOUS}/${MARKUP}`, old_string: `${LONG}${MARKUP}`, new_string: ALL },
};
const todo: Block = {
  type: "tool_use",
  id: "toolu_3",
  name: "TodoWrite",
  input: {
    todos: [{ content: ALL, status: MARKUP }, null, ENORMOUS, { content: LONG, status: "completed" }],
  },
};
const task: Block = {
  type: "tool_use",
  id: "toolu_4",
  name: "Task",
  input: { description: ALL, prompt: TASK, subagent_type: MARKUP },
};
const first = { role: "user", content: `${MARKUP} ${RTL}\n\n${MARKDOWN}` };
const calls = {
  role: "assistant",
  content: [thinking, { type: "text", text: MARKDOWN }, call, edit, todo, task],
};
const picture = {
  type: "base64",
  media_type: "image/svg+xml",
  data: Buffer.from(`<svg>${SCRIPT}</svg>`).toString("base64"),
};
const results = {
  role: "user",
  content: [
    { type: "tool_result", tool_use_id: "toolu_1", content: `${MARKUP}${LINE}` },
    {
      type: "tool_result",
      tool_use_id: "toolu_2",
      is_error: true,
      content: [
        { type: "text", text: ALL },
        { type: "image", source: picture },
      ],
    },
    {
      type: "tool_result",
      tool_use_id: "toolu_3",
      content: `<system-reminder>${ALL}</system-reminder>${ENORMOUS}`,
    },
    { type: "tool_result", tool_use_id: "toolu_4", content: [] },
    { type: "document", title: ENORMOUS, source: { type: "text", media_type: MARKUP, data: LONG } },
    { type: MARKUP, [MARKUP]: ALL },
  ],
};
const assistantMessage = (text: string) => ({ role: "assistant", content: [{ type: "text", text }] });
const userMessage = (text: string) => ({ role: "user", content: text });

const body = (model: string, messages: readonly unknown[], more: Record<string, unknown> = {}) => ({
  model,
  max_tokens: 1_000,
  stream: true,
  system: [{ type: "text", text: `${ALL}\n${LONG}` }],
  tools: [
    { name: MARKUP, description: `${MARKUP}${LONG}`, input_schema: { type: "object", [MARKUP]: ENORMOUS } },
    { name: ENORMOUS, description: RTL, input_schema: {} },
  ],
  messages,
  ...more,
});

interface Exchange {
  request: unknown;
  /** Default: a stream of this response. */
  message?: { content: readonly Block[] };
  /** In place of a stream. */
  reply?: { status: number; body: string };
  path?: string;
  method?: string;
}

/** In order: a continuation comes after the exchange that it continues. */
const EXCHANGES: readonly Exchange[] = [
  { request: body(MARKUP, [first]), message: calls },
  { request: body(TASK.slice(0, 300), [userMessage(TASK)]), message: assistantMessage(ALL) },
  {
    request: body(MARKUP, [first, calls, results]),
    message: assistantMessage(`${MARKDOWN}\n${LINE}`),
  },
  {
    request: body(MARKUP, [
      first,
      calls,
      results,
      assistantMessage(`${MARKDOWN}\n${LINE}`),
      userMessage(EMOJI),
    ]),
    message: assistantMessage(ENORMOUS),
  },
  {
    request: body(ENORMOUS, [first, calls, userMessage(`${STACKED} otherwise ${MARKUP}`)]),
    message: assistantMessage(RTL),
  },
  {
    request: body(RTL, [userMessage(RTL.repeat(50))]),
    reply: {
      status: 400,
      body: JSON.stringify({ type: "error", error: { type: MARKUP, message: `${ALL} ${ENORMOUS}` } }),
    },
  },
  { request: body(EMOJI, [userMessage(NUL)]), reply: { status: 599, body: `${MARKUP}\u0000${LONG}` } },
  {
    request: body(NUL, [{ role: MARKUP, content: 42 }, null, ENORMOUS, { role: "user", content: [] }], {
      stream: false,
      metadata: { user_id: MARKUP },
    }),
    reply: {
      status: 200,
      body: JSON.stringify({
        id: MARKUP,
        type: "message",
        role: MARKUP,
        model: ENORMOUS,
        content: [{ type: "text", text: MARKDOWN }, null, 7, { type: MARKUP }],
        stop_reason: MARKUP,
        usage: { input_tokens: 9_007_199_254_740_991, output_tokens: 1_000_000_000_000, [MARKUP]: 1 },
      }),
    },
  },
  {
    request: { [MARKUP]: ALL },
    path: `/v1/${encodeURIComponent(SCRIPT.replaceAll("/", ""))}?q=${encodeURIComponent(MARKUP)}`,
    reply: { status: 404, body: MARKUP },
  },
];

/** A vendor on loopback with malicious responses and headers; `stop` ends it. */
export function startMaliciousUpstream() {
  return startHttpServer((request, response) => {
    request.resume();
    request.on("end", () => {
      const { message, reply } = EXCHANGES[Number(request.headers["x-test-exchange"])]!;
      response.writeHead(reply?.status ?? 200, {
        "content-type": reply ? "application/json" : "text/event-stream; charset=utf-8",
        "request-id": IN_HEADERS,
        "anthropic-organization-id": reply ? IN_HEADERS : MARKUP,
        "anthropic-ratelimit-unified-status": MARKUP,
        "anthropic-ratelimit-unified-5h-utilization": "123456789.5",
        "anthropic-ratelimit-unified-5h-reset": String(Math.floor(Date.now() / 1000) + 3_600),
        [`anthropic-ratelimit-unified-${"w".repeat(100)}-utilization`]: "0.5",
        "anthropic-ratelimit-requests-limit": "1e300",
        "retry-after": MARKUP,
        "cf-ray": IN_HEADERS,
      });
      const usage = { input_tokens: 1_234, cache_read_input_tokens: 1e12, cache_creation_input_tokens: 0 };
      response.end(reply?.body ?? responseStream(message!, { id: MARKUP, model: ENORMOUS, usage }));
    });
  });
}

/** The longest host name there can be, of the longest labels. */
export const LONGEST_HOST =
  [..."abc"].map((letter) => letter.repeat(63)).join(".") + `.${"d".repeat(50)}.test`;
export const LONGEST_ACCOUNT = `${"account-".repeat(16)}`.slice(0, 128);
/** Names of client keys; they stand on the domain's page and in the audit log. */
export const KEY_NAMES = [MARKUP.slice(0, 100), RTL, EMOJI.slice(0, 90), "k".repeat(100)];

/** Sends all of it; returns the ids of the exchanges, in order. */
export async function sendMaliciousTraffic(proxyUrl: string): Promise<string[]> {
  const ids: string[] = [];
  for (const [n, { request, path = "/v1/messages", method = "POST" }] of EXCHANGES.entries()) {
    const sent = await send({
      baseUrl: proxyUrl,
      method,
      path,
      headers: {
        "content-type": "application/json",
        "x-api-key": "sk-ant-api03-hostile",
        "anthropic-version": "2023-06-01",
        "anthropic-beta": IN_HEADERS,
        "user-agent": `claude-cli/${IN_HEADERS}`,
        "x-app": MARKUP,
        "x-claude-code-session-id": n < 5 ? "f0f0f0f0-1111-4222-8333-abcdefabcdef" : IN_HEADERS,
        "x-test-exchange": String(n),
      },
      body: JSON.stringify(request),
    });
    const wanted = EXCHANGES[n]!.reply?.status ?? 200;
    if (sent.status !== wanted)
      throw new Error(`Exchange ${n} returned ${sent.status}: ${sent.body.toString()}`);
    ids.push(sent.headers["x-nexus-request-id"] ?? "");
  }
  return ids;
}
