import { expect, test } from "vitest";
import { estimateTokens } from "./estimate-tokens.ts";
import { type BranchMessage, prepareTranscript } from "./transcript.ts";

const LIMITS = { provider: "gemini", maxTokens: 10_000, headMessages: 2, tailMessages: 3 } as const;
const messages = (...contents: unknown[]): BranchMessage[] =>
  contents.map((content, n) => ({
    position: n + 1,
    role: n % 2 === 0 ? "user" : "assistant",
    content,
    bytes: JSON.stringify(content).length,
  }));
const textOf = (...contents: unknown[]) => prepareTranscript(messages(...contents), LIMITS).text;

test("shows each message with its number, without reminders and thinking", () => {
  expect(
    textOf("Hello <system-reminder>x</system-reminder>there", [
      { type: "thinking", thinking: "hm" },
      { type: "text", text: "Hi." },
      { type: "tool_use", id: "t1", name: "Read", input: { path: "/a" } },
    ]),
  ).toBe('[1] user:\nHellothere\n\n[2] assistant:\nHi.\n[tool call Read] {"path":"/a"}');
});

test("shortens tool results, less so those of sub-tasks, and marks errors and images", () => {
  const result = (id: string, more: object = {}) => [
    { type: "tool_result", tool_use_id: id, content: `begin${"x".repeat(5_000)}end`, ...more },
  ];
  const call = (id: string, name: string) => [{ type: "tool_use", id, name, input: { prompt: "Look" } }];
  expect(textOf(call("t1", "Bash"), result("t1"))).toMatch(
    /\[tool result\] beginx+\n\[… 4008 characters …\]\nx+end$/,
  );
  expect(textOf(call("t2", "Task"), result("t2"))).toContain(
    `[sub-task result] begin${"x".repeat(5_000)}end`,
  );
  expect(textOf(result("t3", { is_error: true, content: "no" }))).toContain("[tool error] no");
  expect(textOf([{ type: "image", source: { data: "QUJD" } }])).toBe("[1] user:\n[image]");
});

test("masks secrets", () => {
  const text = textOf(`key sk-ant-api03-abcdefghijklmnop`, [
    { type: "tool_use", id: "t", name: "Bash", input: { env: "postgres://me:hunter2@db" } },
  ]);
  expect(text).not.toMatch(/abcdefgh|hunter2/);
});

test("keeps the last messages, then the first, and says what is missing", () => {
  const long = messages(...Array.from({ length: 100 }, (_, n) => `message ${n} ${"word ".repeat(100)}`));
  const { text, positions, omittedMessages, estimatedTokens } = prepareTranscript(long, {
    ...LIMITS,
    maxTokens: 3_000,
  });
  expect(positions.slice(0, 3)).toEqual([1, 2, expect.any(Number)]);
  expect(positions.at(-1)).toBe(100);
  expect(positions.length + omittedMessages).toBe(100);
  expect(text).toContain(`[${omittedMessages} messages omitted here, about `);
  expect(estimatedTokens).toBeLessThanOrEqual(3_000 / 1.4);
});

test("cuts a message that alone exceeds the budget", () => {
  const { text, positions } = prepareTranscript(messages("a ".repeat(100_000)), {
    ...LIMITS,
    maxTokens: 1_400,
  });
  expect(positions).toEqual([1]);
  expect(text.length).toBeLessThan(700);
  expect(text).toMatch(/\[message cut: \d+ characters\]$/);
});

test.each([
  ["prose", "The quick brown fox jumps over the lazy dog. ", 10],
  ["a hash", "d10e0459a6b2c8f3d10e0459a6b2c8f3", 22],
  ["a path", "/work/packages/server/components/overview/index", 12],
])("the estimate of %s is near the real count", (_name, text, real) => {
  const estimate = estimateTokens(text, "gemini");
  expect(estimate).toBeGreaterThan(real * 0.7);
  expect(estimate).toBeLessThan(real * 1.5);
});

test("prepares 3,000 messages of 4 KB in little time", () => {
  const many = messages(
    ...Array.from({ length: 3_000 }, (_, n) => `${n} ${"some words of code(); ".repeat(180)}`),
  );
  const before = process.cpuUsage();
  const { omittedMessages } = prepareTranscript(many, { ...LIMITS, maxTokens: 855_000 });
  const { user, system } = process.cpuUsage(before);
  expect(omittedMessages).toBeGreaterThan(0);
  expect((user + system) / 1e6).toBeLessThan(5);
});
