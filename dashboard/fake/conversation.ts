/** The bodies of one request: a coding session with tools, reminders, thinking, an image, a failed command. */
import type { StreamingChunk } from "../../workers/schemas/api/requests.ts";

const PIXEL =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

const FILE = Array.from(
  { length: 90 },
  (_, index) => `${index + 1}→  expect(login(user${index})).resolves.toBe(true);`,
).join("\n");

const reminder = (text: string) => ({ type: "text", text: `<system-reminder>\n${text}\n</system-reminder>` });
const use = (id: string, name: string, input: unknown) => ({ type: "tool_use", id, name, input });
const result = (id: string, content: unknown, isError = false) => ({
  role: "user",
  content: [{ type: "tool_result", tool_use_id: id, content, ...(isError ? { is_error: true } : {}) }],
});

/** The request's body. */
export function busyRequestBody(model: string): unknown {
  return {
    model,
    max_tokens: 32_000,
    stream: true,
    thinking: { type: "adaptive" },
    system: [
      { type: "text", text: "You are Claude Code, Anthropic's official CLI for Claude." },
      {
        type: "text",
        text: "You help with software engineering tasks.\n\n".repeat(40),
        cache_control: { type: "ephemeral" },
      },
    ],
    tools: ["Read", "Edit", "Bash", "Grep", "TodoWrite", "Agent"].map((name) => ({
      name,
      description: `${name}: works on the files and programs of the project.`,
      input_schema: {
        type: "object",
        properties: { file_path: { type: "string" } },
        required: ["file_path"],
      },
    })),
    metadata: { user_id: "user_0000" },
    messages: [
      {
        role: "user",
        content: [
          reminder("Codebase and user instructions are shown below."),
          reminder("gitStatus: On branch main, nothing to commit."),
          {
            type: "text",
            text: "The login test fails about one time in five. Can you find out why, and fix it?\n\n- it began on Monday\n- only in CI",
          },
          { type: "image", source: { type: "base64", media_type: "image/png", data: PIXEL } },
        ],
      },
      {
        role: "assistant",
        content: [
          {
            type: "thinking",
            thinking: "Flaky one in five. Probably the clock.\nI should read the test first.",
            signature: "x",
          },
          { type: "text", text: "I'll look at the test first." },
          use("toolu_01", "Read", { file_path: "/home/ann/shop/src/login.test.ts" }),
        ],
      },
      result("toolu_01", FILE),
      {
        role: "assistant",
        content: [
          use("toolu_02", "Bash", {
            command: "npm test -- login --repeat 20",
            description: "Run the login test twenty times",
          }),
        ],
      },
      result(
        "toolu_02",
        "FAIL src/login.test.ts\n  ● expires after an hour\n    expected true, got false\n\nTests: 4 failed, 16 passed\nexit 1",
        true,
      ),
      {
        role: "assistant",
        content: [
          {
            type: "text",
            text: "It fails four times in twenty. The clock is mocked **after** the session is made:",
          },
          use("toolu_03", "TodoWrite", {
            todos: [
              { content: "Reproduce the failure", status: "completed" },
              { content: "Mock the clock first", status: "in_progress" },
              { content: "Run it fifty times", status: "pending" },
            ],
          }),
          use("toolu_04", "Edit", {
            file_path: "/home/ann/shop/src/login.test.ts",
            old_string:
              "const session = await login(user);\nvi.useFakeTimers();\nvi.setSystemTime(NOON);\nexpect(session.isFresh()).toBe(true);",
            new_string:
              "vi.useFakeTimers();\nvi.setSystemTime(NOON);\nconst session = await login(user);\nexpect(session.isFresh()).toBe(true);",
          }),
        ],
      },
      {
        role: "user",
        content: [
          { type: "tool_result", tool_use_id: "toolu_03", content: "Todos have been modified successfully." },
          {
            type: "tool_result",
            tool_use_id: "toolu_04",
            content: [{ type: "text", text: "The file has been updated." }],
          },
          reminder("The file login.test.ts was modified."),
        ],
      },
      {
        role: "assistant",
        content: "The clock is now mocked before the session is made. Shall I run it fifty times?",
      },
      { role: "user", content: "Yes please, and tell me what was wrong in two sentences." },
    ],
  };
}

const ANSWER = `The test made a session with the **real** clock and then froze time at noon, so sessions made shortly after a full hour looked expired.

| runs | failed before | failed now |
| ---- | ------------- | ---------- |
| 50   | 11            | 0          |

\`\`\`ts
vi.setSystemTime(NOON); // first the clock
const session = await login(user);
\`\`\`

1. Mock first
2. Then log in

See [the vitest guide](https://vitest.dev/guide/mocking) for more.`;

/** The assembled answer. */
export function busyAnswer(model: string, isCut: boolean): unknown {
  return {
    id: "msg_01XYZ",
    type: "message",
    role: "assistant",
    model,
    content: [
      { type: "thinking", thinking: "", signature: "abc" },
      { type: "text", text: isCut ? ANSWER.slice(0, 120) : ANSWER },
      ...(isCut ? [] : [use("toolu_05", "Bash", { command: "npm test -- login --repeat 50" })]),
    ],
    stop_reason: isCut ? null : "tool_use",
    usage: { input_tokens: 12, output_tokens: 431 },
  };
}

/** The answer's bytes as a stream. */
export function busyStream(model: string): string {
  const events: [string, unknown][] = [
    [
      "message_start",
      {
        type: "message_start",
        message: { id: "msg_01XYZ", model, usage: { input_tokens: 12, output_tokens: 1 } },
      },
    ],
    [
      "content_block_start",
      { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
    ],
    ["ping", { type: "ping" }],
    ...ANSWER.split(/(?<= )/).map((text): [string, unknown] => [
      "content_block_delta",
      { type: "content_block_delta", index: 0, delta: { type: "text_delta", text } },
    ]),
    ["content_block_stop", { type: "content_block_stop", index: 0 }],
    [
      "message_delta",
      { type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: 431 } },
    ],
    ["message_stop", { type: "message_stop" }],
  ];
  return events.map(([type, data]) => `event: ${type}\ndata: ${JSON.stringify(data)}\n\n`).join("");
}

/** When its events came, one chunk each, with two pauses, from `first` to `last`; milliseconds. */
export function busyTimes(stream: string, startedAt: number, first: number, last: number): StreamingChunk[] {
  const events = stream.match(/[^]*?\n\n/g) ?? [];
  const steps = events.map((_, n) => (n === 0 ? 0 : ({ 3: 14, 31: 40 }[n] ?? 0.4 + ((n * 37) % 60) / 60)));
  const all = steps.reduce((sum, step) => sum + step, 0);
  let done = 0;
  let endByte = 0;
  return events.map((event, chunkIndex) => {
    done += steps[chunkIndex]!;
    endByte += new TextEncoder().encode(event).length;
    const offsetMs = Math.round(first + ((last - first) * done) / all);
    return { chunkIndex, timestamp: new Date(startedAt + offsetMs).toISOString(), offsetMs, endByte };
  });
}
