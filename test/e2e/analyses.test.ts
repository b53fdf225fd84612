/** Analyses through the real queue of the local stack, with a scripted Gemini: final row, panel and number of calls of each behaviour. */
import { readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { withClient } from "../../scripts/local/database/client.ts";
import { FAKE_GEMINI_KEY, startFakeGemini } from "../../scripts/local/fake-gemini.ts";
import { signIn } from "../../scripts/lib/sign-in.ts";
import type { AnalysisView } from "../../workers/schemas/api/analyses.ts";
import type { RequestDetail } from "../../workers/schemas/api/requests.ts";
import { apiJson, sendMessage } from "../support/api-calls.ts";
import { type ClaudeStack, preparedDataDirectory, startClaudeStack } from "../support/local-stack.ts";
import { MARKED_SECRETS, textOf } from "../support/marked-secrets.ts";
import { textsOf } from "../support/page-texts.ts";
import { waitUntil } from "../support/wait.ts";

const SECRETS = MARKED_SECRETS.map(textOf).join("\n");
const POLL_MS = 250;
const EVERY_MINUTE = "* * * * *";

let gemini: Awaited<ReturnType<typeof startFakeGemini>>;
let stack: ClaudeStack;
let dataDir: string;
let cookie: string;

beforeAll(async () => {
  gemini = await startFakeGemini();
  dataDir = await preparedDataDirectory();
  stack = await startClaudeStack({
    dataDir,
    variables: {
      ENABLE_CLIENT_AUTH: "false",
      GEMINI_API_KEY: FAKE_GEMINI_KEY,
      GEMINI_API_URL: gemini.url,
      AI_ANALYSIS_GEMINI_REQUEST_TIMEOUT_MS: "3000",
      AI_ANALYSIS_RATE_LIMIT_CREATION: "100",
      AI_ANALYSIS_RATE_LIMIT_RETRIEVAL: "100000",
      AI_MAX_PROMPT_TOKENS: "40000",
      AI_WORKER_MAX_CONCURRENT_JOBS: "100",
    },
  });
  cookie = await signIn(stack.dashboardUrl, stack.dashboardKey);
  await apiJson(stack, "/api/domains/127.0.0.1", {
    method: "PUT",
    body: { accountId: "local", credential: { type: "passthrough" }, analysisEnabled: true },
  });
});

afterAll(async () => {
  await stack.stop();
  await gemini.stop();
  await rm(dataDir, { recursive: true, force: true });
});

/** Records a conversation of this prompt and more messages, requests its analysis and waits until it is in one of these states. */
async function analyze(
  tag: string,
  until = (view: AnalysisView) => /completed|failed/.test(view.status),
  { prompt = `Look at these keys:\n${SECRETS}`, more = [] as object[] } = {},
) {
  const content = `[gemini:${tag}] ${prompt}`;
  const response = await sendMessage(stack, content, { messages: [{ role: "user", content }, ...more] });
  expect(response.status).toBe(200);
  await response.arrayBuffer();
  const request = `/api/requests/${response.headers.get("x-nexus-request-id")}`;
  const conversationId = await waitUntil(async () => {
    // Until it is stored, there is no such request.
    const stored = await apiJson<RequestDetail>(stack, request).catch(() => null);
    return stored?.conversationId;
  }, POLL_MS);
  await apiJson(stack, "/api/analyses", { method: "POST", body: { conversationId } });
  const path = `/api/analyses/${conversationId}/main`;
  const view = await waitUntil(async () => {
    const read = await apiJson<AnalysisView>(stack, path);
    return until(read) ? read : undefined;
  }, POLL_MS);
  return { view, calls: callsOf(tag) };
}

const sentText = ({ request }: (typeof gemini.calls)[number]) => request.contents[0]?.parts[0]?.text ?? "";
const callsOf = (tag: string) => gemini.calls.filter((call) => call.tag === tag).length;

/** What the tab of a conversation says: status, reason or note, and headings of the result. */
async function panelOf({ conversationId }: AnalysisView): Promise<string> {
  const address = `${stack.dashboardUrl}/conversations/${conversationId}?view=analysis`;
  const html = await (await fetch(address, { headers: { cookie } })).text();
  const parts = [
    ".analysis-overview h2",
    "#analysis .callout",
    ".analysis-overview .note",
    ".analysis-result h2",
  ];
  const texts = parts.flatMap((part) => textsOf(html, part)).join(" | ");
  // The limit grows with the prompt.
  return texts.replace(/\d+ s\./, "… s.");
}
const RESULT = "Completed main | Summary | Prompting tips 1 | Action items 1 | Quality | Interaction";

// Concurrent, those with the most attempts first: each mostly waits for its next attempt.
it.concurrent.each([
  ["silent", "failed", 3, "timeout", "Failed main | The provider took too long. The provider took longer than … s."],
  ["unknown", "failed", 3, "unexpected_end", "Failed main | The response ended unexpectedly. Gemini ended its response with TIRED."],
  ["down", "failed", 3, "provider_error", "Failed main | The provider failed. Gemini failed with status 500: Scripted."],
  ["huge", "failed", 3, "response_too_large", "Failed main | The response is too large. The provider's response is too large to be an analysis."],
  ["ok", "completed", 1, null, RESULT],
  ["slow", "completed", 1, null, RESULT],
  ["prose", "completed", 1, null, RESULT],
  ["malformed-once", "completed", 2, "invalid_result", RESULT],
  ["limited-once", "completed", 2, "rate_limited", RESULT],
  ["down-once", "completed", 2, "provider_error", RESULT],
  ["cut-once", "completed", 2, "response_cut", RESULT],
  ["malformed", "completed", 2, "invalid_result", "Completed main | The response does not have the expected form."],
  ["cut-empty", "failed", 2, "response_cut", "Failed main | The response reached its limit of tokens. The model returned no text."],
  ["blocked", "failed", 1, "blocked", "Failed main | The provider refused this conversation. Gemini refused this conversation (PROHIBITED_CONTENT). Analyze it with another provider, or not at all."],
  ["refused", "failed", 1, "blocked", "Failed main | The provider refused this conversation. Gemini refused this conversation (SAFETY). Analyze it with another provider, or not at all."],
  ["gone", "failed", 1, "model_gone", "Failed main | The model is gone. The model gemini-3.8-flash is gone. Set GEMINI_MODEL_NAME."],
] as const)("%s ends %s after %i calls", async (tag, status, calls, error, panel) => {
  const done = await analyze(tag);
  expect(done).toMatchObject({ view: { status, attempts: calls }, calls });
  expect(done.view.errors.at(-1)?.code ?? null).toBe(error);
  expect(done.view.data === null).toBe(status === "failed" || tag === "malformed");
  expect(done.view.content === null).toBe(tag !== "malformed");
  expect(await panelOf(done.view)).toBe(panel);
}); // prettier-ignore

it("waits for the next day when the quota of this one is used up", async () => {
  const { view, calls } = await analyze("limited-day", ({ errors }) => errors.length > 0);
  expect(view).toMatchObject({ status: "pending", attempts: 1, error: { code: "quota_day" } });
  expect(Date.parse(view.nextAttemptAt!)).toBeGreaterThan(Date.now());
  expect(calls).toBe(1);
  expect(await panelOf(view)).toBe("Queued main");
});

const secretsIn = (text: string) =>
  MARKED_SECRETS.filter(([, secret]) => text.includes(secret)).map(([kind]) => kind);

it("sends no secret of a tool's input or result", async () => {
  // After a line feed and after a terminal's color, whose letters stand beside the secret.
  const texts = MARKED_SECRETS.flatMap((marked) => [
    `x\n${textOf(marked)}`,
    `x\n\u001b[32m${textOf(marked)}`,
  ]);
  const calls = texts.map((content, n) => ({
    type: "tool_use",
    id: `toolu_${n}`,
    name: "Write",
    input: { content },
  }));
  const results = texts.map((content, n) => ({
    type: "tool_result",
    tool_use_id: `toolu_${n}`,
    content: n % 4 < 2 ? content : JSON.stringify({ log: content }, null, 2),
  }));
  const { view } = await analyze("ok", undefined, {
    prompt: "Look at these tools:",
    more: [
      { role: "assistant", content: calls },
      { role: "user", content: results },
    ],
  });
  expect(view).toMatchObject({ status: "completed", note: null });
  const sent = gemini.calls.map(sentText).find((text) => text.includes("Look at these tools:")) ?? "";
  expect(sent.match(/^\[tool call Write\]/gm)).toHaveLength(texts.length);
  expect(sent.match(/^\[tool result\]/gm)).toHaveLength(texts.length);
  expect(secretsIn(sent)).toEqual([]);
});

it("sends requests that Gemini accepts, and no secret", () => {
  expect(gemini.rejected).toEqual([]);
  expect(gemini.calls.length).toBeGreaterThan(0);
  const sent = gemini.calls.map(sentText).join("\n");
  expect(sent).toContain("Look at these keys:");
  expect(secretsIn(sent)).toEqual([]);
});

it("has one result after its consumer was killed in the middle of a call", async () => {
  const { view } = await analyze("silent-once", ({ status }) => status === "processing");
  await waitUntil(() => callsOf("silent-once") === 1, POLL_MS);
  process.kill(Number(readFileSync(join(dataDir, "workerd.pid"), "utf8")), "SIGKILL");
  const inDatabase = (statement: string) =>
    withClient(stack.databaseUrl, async (db) => (await db.query(statement, [view.id])).rows as unknown[]);
  // As if the lease had ended.
  await inDatabase("UPDATE analyses SET lease_until = now() - interval '3 minutes' WHERE id = $1");
  const path = `/api/analyses/${view.conversationId}/main`;
  const done = await waitUntil(async () => {
    // The first seconds after the kill there is no Worker.
    const read = await apiJson<AnalysisView>(stack, path).catch(() => null);
    if (read?.status === "processing" && read.attempts === 1) await stack.runCron(EVERY_MINUTE);
    return read?.status === "completed" ? read : undefined;
  }, POLL_MS);
  expect(done).toMatchObject({ version: 1, attempts: 2, errors: [{ code: "interrupted", attempt: 1 }] });
  expect(done.unreportedCostUsd).toMatch(/^0\.0\d/);
  expect(callsOf("silent-once")).toBe(2);
  expect(await panelOf(done)).toBe(RESULT);
  const attempts =
    "SELECT outcome, cost_pico IS NULL AS unknown FROM analysis_attempts WHERE analysis_id = $1 ORDER BY attempt";
  expect(await inDatabase(attempts)).toEqual([
    { outcome: "interrupted", unknown: true },
    { outcome: "completed", unknown: false },
  ]);
});
