/** Analyses through the real queue of the local stack, with a scripted Gemini: final row and number of calls of each behaviour. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { FAKE_GEMINI_KEY, startFakeGemini } from "../../scripts/local/fake-gemini.ts";
import type { AnalysisView } from "../../workers/schemas/api/analyses.ts";
import type { ConversationList } from "../../workers/schemas/api/conversations.ts";
import { apiJson, sendMessage } from "../support/api-calls.ts";
import { type ClaudeStack, startClaudeStack } from "../support/local-stack.ts";
import { MARKED_SECRETS, textOf } from "../support/marked-secrets.ts";
import { waitUntil } from "../support/wait.ts";

const SECRETS = MARKED_SECRETS.map(textOf).join("\n");
const POLL_MS = 250;

let gemini: Awaited<ReturnType<typeof startFakeGemini>>;
let stack: ClaudeStack;

beforeAll(async () => {
  gemini = await startFakeGemini();
  stack = await startClaudeStack({
    variables: {
      ENABLE_CLIENT_AUTH: "false",
      GEMINI_API_KEY: FAKE_GEMINI_KEY,
      GEMINI_API_URL: gemini.url,
      AI_ANALYSIS_GEMINI_REQUEST_TIMEOUT_MS: "3000",
      AI_ANALYSIS_RATE_LIMIT_CREATION: "100",
      AI_ANALYSIS_RATE_LIMIT_RETRIEVAL: "100000",
      AI_MAX_PROMPT_TOKENS: "4000",
      AI_WORKER_MAX_CONCURRENT_JOBS: "100",
    },
  });
  await apiJson(stack, "/api/domains/127.0.0.1", {
    method: "PUT",
    body: { accountId: "local", credential: { type: "passthrough" }, analysisEnabled: true },
  });
});

afterAll(async () => {
  await stack.stop();
  await gemini.stop();
});

/** Records a conversation with this prompt, requests its analysis and waits until it is in one of these states. */
async function analyze(tag: string, until = (view: AnalysisView) => /completed|failed/.test(view.status)) {
  const response = await sendMessage(stack, `[gemini:${tag}] Look at these keys:\n${SECRETS}`);
  expect(response.status).toBe(200);
  await response.arrayBuffer();
  const conversationId = await waitUntil(async () => {
    const { conversations } = await apiJson<ConversationList>(stack, "/api/conversations");
    return conversations.find(({ title }) => title?.includes(`[gemini:${tag}]`))?.conversationId;
  }, POLL_MS);
  await apiJson(stack, "/api/analyses", { method: "POST", body: { conversationId } });
  const path = `/api/analyses/${conversationId}/main`;
  const view = await waitUntil(async () => {
    const read = await apiJson<AnalysisView>(stack, path);
    return until(read) ? read : undefined;
  }, POLL_MS);
  return { view, calls: gemini.calls.filter((call) => call.tag === tag).length };
}

// Concurrent, those with the most attempts first: each mostly waits for its next attempt.
it.concurrent.each([
  ["silent", "failed", 3, "timeout"],
  ["unknown", "failed", 3, "unexpected_end"],
  ["down", "failed", 3, "provider_error"],
  ["huge", "failed", 3, "response_too_large"],
  ["ok", "completed", 1, null],
  ["prose", "completed", 1, null],
  ["malformed-once", "completed", 2, "invalid_result"],
  ["limited-once", "completed", 2, "rate_limited"],
  ["down-once", "completed", 2, "provider_error"],
  ["cut-once", "completed", 2, "response_cut"],
  ["malformed", "completed", 2, "invalid_result"],
  ["cut-empty", "failed", 2, "response_cut"],
  ["blocked", "failed", 1, "blocked"],
  ["refused", "failed", 1, "blocked"],
  ["gone", "failed", 1, "model_gone"],
] as const)("%s ends %s after %i calls", async (tag, status, calls, error) => {
  const done = await analyze(tag);
  expect(done).toMatchObject({ view: { status, attempts: calls }, calls });
  expect(done.view.errors.at(-1)?.code ?? null).toBe(error);
  expect(done.view.data === null).toBe(status === "failed" || tag === "malformed");
  expect(done.view.content === null).toBe(tag !== "malformed");
});

it("waits for the next day when the quota of this one is used up", async () => {
  const { view, calls } = await analyze("limited-day", ({ errors }) => errors.length > 0);
  expect(view).toMatchObject({ status: "pending", attempts: 1, error: { code: "quota_day" } });
  expect(Date.parse(view.nextAttemptAt!)).toBeGreaterThan(Date.now());
  expect(calls).toBe(1);
});

it("sends requests that Gemini accepts, and no secret", () => {
  expect(gemini.rejected).toEqual([]);
  expect(gemini.calls.length).toBeGreaterThan(0);
  const sent = gemini.calls.map(({ request }) => request.contents[0]?.parts[0]?.text).join("\n");
  expect(sent).toContain("Look at these keys:");
  expect(MARKED_SECRETS.filter(([, secret]) => sent.includes(secret)).map(([kind]) => kind)).toEqual([]);
});
