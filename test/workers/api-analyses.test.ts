import { beforeEach, expect, it } from "vitest";
import type {
  AnalysisList,
  AnalysisPlan,
  AnalysisReader,
  AnalysisTrends,
  AnalysisView,
} from "../../workers/schemas/api/analyses.ts";
import { apiError, apiJson, type Call, call, VIEWER_KEY } from "../support/worker-api.ts";
import { queryRows, resetDatabase } from "../support/worker-database.ts";
import { assistant, storeConversation, user } from "../support/worker-linked-conversation.ts";

const CONVERSATION = "aaaaaaaa-0000-5000-8000-000000000001";
const ANALYSIS = `/api/analyses/${CONVERSATION}/main`;
/** The queue takes messages and delivers none. */
const ANALYSES = { sendBatch: () => Promise.resolve() };
const bindings = { GEMINI_API_KEY: "test-gemini-key", ANALYSES };
const post = (body: object = {}): Call => ({ method: "POST", body, bindings });
const CREATE = post({ conversationId: CONVERSATION });

let ids: Record<string, string>;

beforeEach(async () => {
  await resetDatabase();
  ids = await storeConversation(CONVERSATION, [
    { name: "root", at: 100, messages: [user("Hello")], response: "Hi." },
    {
      name: "turn",
      at: 110,
      messages: [user("Hello"), assistant("Hi."), user("Fix it")],
      parent: "root",
      opener: "root",
    },
  ]);
  await allowAnalysis(true);
});

const allowAnalysis = (isAllowed: boolean) =>
  apiJson("/api/domains/team.example", {
    method: "PUT",
    body: {
      accountId: "acc_1",
      credential: { type: "api_key", api_key: "k" },
      analysisEnabled: isAllowed,
    },
  });
const end = async (status: string) => {
  await queryRows("UPDATE analyses SET status = $1, started_at = now(), cost_pico = 2500000000", [status]);
  await queryRows(
    `INSERT INTO analysis_attempts (analysis_id, attempt, started_at, outcome, cost_pico)
     SELECT id, 1, now(), $1, 2500000000 FROM analyses ON CONFLICT DO NOTHING`,
    [status],
  );
};
const read = (path = ANALYSIS) => apiJson<AnalysisView>(path, { key: VIEWER_KEY });

it("queues an analysis that viewers may read", async () => {
  const { status, json } = await call("/api/analyses", CREATE);
  expect({ status, json }).toMatchObject({
    status: 201,
    json: { message: "Analysis request created", status: "pending" },
  });
  const { analysisId } = json as { analysisId: string };
  expect(await read()).toMatchObject({
    id: analysisId,
    conversationId: CONVERSATION,
    branchKey: ids.root,
    branchId: "main",
    domain: "team.example",
    version: 1,
    status: "pending",
    attempts: 0,
    provider: "gemini",
    model: "gemini-3.8-flash",
    data: null,
    tokenUsage: null,
    costUsd: null,
    errors: [],
    versions: [{ version: 1, status: "pending" }],
  });
  expect((await read(`/api/analyses/${CONVERSATION}/${ids.root}`)).id).toBe(analysisId);
  const { entries } = await apiJson<{ entries: object[] }>("/api/audit?limit=2");
  expect(entries).toMatchObject([
    { action: "analysis.open", target: CONVERSATION, details: { branch: "main" } },
    { action: "analysis.create", details: { domain: "team.example", analysisId, hasCustomPrompt: false } },
  ]);
});

it.each(["pending", "processing"])("refuses a second analysis while one is %s", async (status) => {
  await apiJson("/api/analyses", CREATE);
  await end(status);
  for (const path of ["/api/analyses", `${ANALYSIS}/regenerate`])
    expect(await apiError(path, path === "/api/analyses" ? CREATE : post())).toMatchObject({
      status: 409,
      code: "conflict",
      message: expect.stringContaining(status) as string,
    });
});

it("returns a completed analysis, starts a failed one again and keeps earlier versions", async () => {
  await apiJson("/api/analyses", CREATE);
  await end("completed");
  const again = await call("/api/analyses", CREATE);
  expect(again).toMatchObject({ status: 200, json: { message: "Analysis already completed" } });
  const regenerated = await call(`${ANALYSIS}/regenerate`, post({ customPrompt: "Only the tests." }));
  expect(regenerated).toMatchObject({ status: 201, json: { status: "pending" } });
  expect(await read()).toMatchObject({ version: 2, customPrompt: "Only the tests.", status: "pending" });
  await end("failed");
  expect(await call("/api/analyses", CREATE)).toMatchObject({ status: 201 });
  expect((await read()).versions.map(({ version, status }) => [version, status])).toEqual([
    [3, "pending"],
    [2, "failed"],
    [1, "failed"],
  ]);
  expect(await read(`${ANALYSIS}?version=1`)).toMatchObject({ version: 1, costUsd: "0.0025" });
});

it.each([
  ["nothing", {}, 201],
  ["no bytes of JSON", { headers: { "content-type": "application/json" } }, 201],
  ["another type", { headers: { "content-type": "text/plain" }, body: "{}" }, 400],
])("takes a regeneration with %s", async (_name, more: Call, status) => {
  await apiJson("/api/analyses", CREATE);
  await end("completed");
  expect(await call(`${ANALYSIS}/regenerate`, { method: "POST", bindings, ...more })).toMatchObject({
    status,
  });
});

it("refuses a request without a body and a type from a browser without a key", async () => {
  const refused = await call(`${ANALYSIS}/regenerate`, { method: "POST", bindings, key: null });
  expect(refused.status).toBe(401);
});

it("creates one of several analyses that are requested at once", async () => {
  const made = await Promise.all([1, 2, 3].map(() => call("/api/analyses", CREATE)));
  expect(made.map(({ status }) => status).sort()).toEqual([201, 409, 409]);
  expect(await queryRows("SELECT 1 FROM analyses")).toHaveLength(1);
});

it("creates nothing where analysis is off or not configured", async () => {
  expect(await apiError("/api/analyses", { ...CREATE, bindings: {} })).toMatchObject({ status: 503 });
  await allowAnalysis(false);
  expect(await apiError("/api/analyses", CREATE)).toMatchObject({ status: 409, code: "conflict" });
  expect(await queryRows("SELECT 1 FROM analyses")).toEqual([]);
});

it("limits creations and reads per caller", async () => {
  const limits = { ...bindings, AI_ANALYSIS_RATE_LIMIT_CREATION: "1", AI_ANALYSIS_RATE_LIMIT_RETRIEVAL: "1" };
  await apiJson("/api/analyses", { ...CREATE, bindings: limits });
  await end("failed");
  const { status, headers } = await call("/api/analyses", { ...CREATE, bindings: limits });
  expect(status).toBe(429);
  expect(Number(headers.get("retry-after"))).toBeGreaterThan(50);
  await call(ANALYSIS, { bindings: limits });
  const reading = await call(ANALYSIS, { bindings: limits });
  expect(reading).toMatchObject({ status: 429, json: { error: { code: "rate_limited" } } });
});

it("says what an analysis would cost and why it cannot start", async () => {
  const plan = (more: object = bindings) =>
    apiJson<AnalysisPlan>(`${ANALYSIS}/plan`, { bindings: more as Record<string, unknown> });
  expect(await plan()).toMatchObject({
    state: "ready",
    domain: "team.example",
    provider: "gemini",
    model: "gemini-3.8-flash",
    inputTokens: 302,
    dailyBudgetUsd: null,
    spentTodayUsd: "0",
  });
  const reader = (more: object) =>
    apiJson<AnalysisReader>("/api/analyses/reader", { key: VIEWER_KEY, bindings: { ...more } });
  expect(await reader(bindings)).toEqual({
    state: "ready",
    problem: null,
    provider: "gemini",
    model: "gemini-3.8-flash",
    dailyBudgetUsd: null,
    spentTodayUsd: "0",
  });
  expect(await plan({})).toMatchObject({ state: "not_configured", current: null });
  expect(await reader({})).toMatchObject({
    state: "not_configured",
    problem: expect.stringMatching(/^GEMINI_API_KEY/) as string,
  });
  expect(await plan({ ...bindings, AI_WORKER_ENABLED: "false" })).toMatchObject({ state: "worker_off" });
  await apiJson("/api/analyses", CREATE);
  await end("completed");
  const budget = { ...bindings, AI_DAILY_BUDGET_USD: "0.0025" };
  const larger = { ...bindings, AI_DAILY_BUDGET_USD: "0.016" };
  expect(await plan(larger)).toMatchObject({ state: "budget_spent", spentTodayUsd: "0.0025" });
  expect(await plan(budget)).toMatchObject({ state: "over_budget" });
  expect(await plan(budget)).toMatchObject({ current: { version: 1, status: "completed" } });
  expect(await reader(budget)).toMatchObject({ state: "budget_spent", dailyBudgetUsd: "0.0025" });
  await allowAnalysis(false);
  expect(await plan()).toMatchObject({ state: "domain_off" });
});

it.each([
  ["no account", {}, "AI_CLAUDE_ACCOUNT_ID is not set."],
  ["an account without a key", { AI_CLAUDE_ACCOUNT_ID: "acc_none" }, "The account acc_none (AI_CLAUDE_ACCOUNT_ID) has no API key."],
  ["a key that cannot be opened", { AI_CLAUDE_ACCOUNT_ID: "acc_1", CREDENTIAL_KEYS: `k2:${btoa("x".repeat(32))}` }, "The API key of the account acc_1 (AI_CLAUDE_ACCOUNT_ID) cannot be opened with CREDENTIAL_KEYS."],
])("says what is missing for Claude with %s, and creates nothing", async (_what, more, problem) => {
  const claude = { ...bindings, AI_PROVIDER: "claude", ...more };
  const reader = await apiJson<AnalysisReader>("/api/analyses/reader", { bindings: claude });
  expect(reader).toMatchObject({ state: "not_configured", problem: expect.stringContaining(problem) as string });
  const { status, json } = await call("/api/analyses", { ...CREATE, bindings: claude });
  expect([status, JSON.stringify(json)]).toEqual([503, expect.stringContaining(problem)]);
  expect(await queryRows("SELECT 1 FROM analyses")).toEqual([]);
}); // prettier-ignore

it("lists current analyses by status, domain and period, page by page", async () => {
  await storeConversation("aaaaaaaa-0000-5000-8000-000000000002", [
    { name: "other", at: 200, messages: [user("Another")] },
  ]);
  await apiJson("/api/analyses", CREATE);
  await end("completed");
  await apiJson("/api/analyses", post({ conversationId: "aaaaaaaa-0000-5000-8000-000000000002" }));
  const list = (query = "") => apiJson<AnalysisList>(`/api/analyses?${query}`, { key: VIEWER_KEY });
  const first = await list("limit=1");
  expect(first.analyses).toMatchObject([{ status: "pending", title: "Another", summary: null }]);
  const second = await list(`limit=1&cursor=${first.nextCursor}`);
  expect(second).toMatchObject({ analyses: [{ status: "completed", title: "Hello" }], nextCursor: null });
  for (const [query, expected] of [
    ["status=completed", 1],
    ["domain=team.example", 2],
    ["domain=other.example", 0],
    ["from=2999-01-01", 0],
    ["to=2999-01-01", 2],
  ] as const)
    expect((await list(query)).analyses, query).toHaveLength(expected);
});

it("counts results of current analyses and the cost of all versions over time", async () => {
  const result = (sentiment: string, clarity: number, topics: string[], categories: string[]) =>
    JSON.stringify({
      sentiment,
      keyTopics: topics,
      promptingTips: categories.map((category) => ({ category })),
      interactionPatterns: { promptClarity: clarity, contextCompleteness: 6 },
      conversationQuality: { effectiveness: "effective" },
    });
  const finish = (json: string) =>
    queryRows(
      `UPDATE analyses SET status = 'completed', result = $1::jsonb, input_tokens = 100, output_tokens = 10, cost_pico = 2500000000
       WHERE is_current AND result IS NULL`,
      [json],
    );
  await apiJson("/api/analyses", CREATE);
  await finish(result("negative", 2, ["Old"], ["clarity"]));
  await apiJson(`${ANALYSIS}/regenerate`, post());
  await finish(result("mixed", 4, ["Retries", "retries ", " "], ["context", "context", "clarity"]));
  await storeConversation("aaaaaaaa-0000-5000-8000-000000000002", [
    { name: "other", at: 200, messages: [user("Another")] },
  ]);
  await apiJson("/api/analyses", post({ conversationId: "aaaaaaaa-0000-5000-8000-000000000002" }));
  await finish(result("mixed", 8, ["retries"], ["context"]));
  await queryRows("UPDATE analyses SET cost_pico = NULL WHERE version = 2");
  const read = (query = "") => apiJson<AnalysisTrends>(`/api/analyses/trends?${query}`, { key: VIEWER_KEY });
  const trends = await read();
  const sums = {
    sentiments: { positive: 0, neutral: 0, negative: 0, mixed: 2 },
    effectiveness: { "highly effective": 0, effective: 2, "needs improvement": 0 },
    promptClarity: 6,
    contextCompleteness: 6,
    costUsd: "0.005",
    unpricedCount: 1,
    promptTokens: 300,
    completionTokens: 30,
  };
  expect(trends).toMatchObject({
    ...sums,
    statuses: { pending: 0, processing: 0, completed: 2, failed: 0 },
    tips: [
      { category: "context", count: 2 },
      { category: "clarity", count: 1 },
    ],
    topics: [{ topic: expect.stringMatching(/^retries$/i) as string, count: 2 }],
    bucket: "hour",
  });
  expect(trends.series.at(-1)).toMatchObject(sums);
  expect(trends.series.at(0)).toMatchObject({ costUsd: "0", promptClarity: null });
  expect(await read("domain=other.example")).toMatchObject({ statuses: { completed: 0 }, costUsd: "0" });
});

it.each([
  ["an unknown conversation", post({ conversationId: "aaaaaaaa-0000-5000-8000-00000000ffff" }), 404],
  ["an unknown branch", post({ conversationId: CONVERSATION, branchId: "branch_1" }), 404],
  ["an unknown field", post({ conversationId: CONVERSATION, branch: "main" }), 400],
  ["a viewer", { ...CREATE, key: VIEWER_KEY }, 403],
])("refuses %s", async (_name, options, status) => {
  expect(await apiError("/api/analyses", options)).toMatchObject({ status });
});

it("has no analysis before one was requested", async () => {
  expect(await apiError(ANALYSIS)).toMatchObject({ status: 404, code: "not_found" });
});

it("fails analyses that neither run nor start, so that they can be requested again", async () => {
  const { analysisId } = await apiJson<{ analysisId: string }>("/api/analyses", CREATE);
  const failStuck = () => apiJson("/api/analyses/fail-stuck", post({ minutes: 10 }));
  expect(await failStuck()).toEqual({ analysisIds: [] });
  await queryRows("UPDATE analyses SET status = 'processing', lease_until = now() - interval '11 min'");
  expect(await failStuck()).toEqual({ analysisIds: [analysisId] });
  expect(await read()).toMatchObject({ status: "failed", error: { code: "stuck", attempt: 0 } });
  expect(await call("/api/analyses", CREATE)).toMatchObject({ status: 201 });
});
