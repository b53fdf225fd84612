import { expect, it } from "vitest";
import { startScriptedApi } from "../support/nexus-command.ts";

const CONVERSATION = "aaaaaaaa-0000-5000-8000-000000000001";
const TIME = "2026-12-01T00:00:00.000Z";
const ERROR = {
  at: TIME,
  attempt: 1,
  code: "model_gone",
  message: "The model is gone. Set GEMINI_MODEL_NAME.",
};
const row = {
  id: "01a22f15-2862-7103-a5bd-ffa351a9ba9f",
  conversationId: CONVERSATION,
  branchKey: CONVERSATION,
  branchId: "main",
  domain: "team.example",
  version: 1,
  status: "failed",
  attempts: 1,
  nextAttemptAt: null,
  waitsFor: null,
  provider: "gemini",
  model: "gemini-3.8-flash",
  tokenUsage: { prompt: 1_000, completion: 200, thinking: 100, total: 1_200 },
  costUsd: "0.0015",
  unreportedCostUsd: null,
  requestedBy: "dashboard-key",
  createdAt: TIME,
  updatedAt: TIME,
  completedAt: TIME,
  durationMs: 1_000,
};
const listed = {
  ...row,
  title: "Fix\u001b[2J it",
  summary: null,
  sentiment: null,
  effectiveness: null,
  tipCategories: [],
  error: ERROR,
};
const view = {
  ...row,
  customPrompt: null,
  promptHash: null,
  data: null,
  content: null,
  note: null,
  error: ERROR,
  errors: [ERROR],
  completedVersion: null,
  versions: [{ version: 1, status: "failed", createdAt: TIME, model: "m", costUsd: null }],
};
const created = { message: "Analysis request created", analysisId: row.id, status: "pending" };
const api = (respond: Record<string, unknown>) =>
  startScriptedApi((line) => ({ body: respond[line.replace(/\?.*/, "")] ?? {} }));

it("names the script of the existing system that each command replaces", async () => {
  const { stdout } = await (await api({})).run(["analyses", "--help"]);
  for (const script of [
    "check-analysis-jobs",
    "check-analysis-content",
    "process-pending-analyses",
    "reset-stuck-analysis-jobs",
    "fail-exceeded-retry-jobs",
    "check-ai-worker-config",
  ])
    expect(stdout).toContain(script);
});

it("lists analyses and shows one", async () => {
  const fake = await api({
    "GET /api/analyses": { analyses: [listed], nextCursor: null },
    [`GET /api/analyses/${CONVERSATION}/main`]: view,
  });
  const list = await fake.run(["analyses", "list", "--status", "failed", "--domain", "team.example"]);
  expect(list).toMatchObject({ code: 0, stderr: "" });
  expect(list.stdout).toMatch(
    /^2026-12-01 00:00 +failed: model_gone +1 +\$0\.0015 +team\.example .+ main +Fix \[2J it$/m,
  );
  expect(fake.calls[0]?.line).toBe("GET /api/analyses?status=failed&domain=team.example&limit=50");
  const one = await fake.run(["analyses", "show", CONVERSATION]);
  expect(one.stdout).toMatch(/^status +failed$[^]+^attempt 1 +model_gone: The model is gone/m);
  expect((await fake.run(["analyses", "list", "--status", "gone"])).code).toBe(2);
});

it("requests an analysis, a new version and those that failed", async () => {
  const fake = await api({
    "GET /api/analyses": { analyses: [listed], nextCursor: null },
    [`GET /api/analyses/${CONVERSATION}/main`]: { ...view, customPrompt: "Only bugs." },
    "POST /api/analyses": created,
    [`POST /api/analyses/${CONVERSATION}/main/regenerate`]: created,
  });
  const made = await fake.run(["analyses", "create", CONVERSATION, "--prompt", "Only tests."]);
  expect(made.stdout).toBe(`Analysis request created (pending).\n"nexus analyses show" prints its state.\n`);
  await fake.run(["analyses", "create", CONVERSATION, "--again"]);
  await fake.run(["analyses", "retry"]);
  expect(fake.calls.map(({ line, body }) => [line.replace(/\?.*/, ""), body])).toEqual([
    ["POST /api/analyses", { conversationId: CONVERSATION, branchId: "main", customPrompt: "Only tests." }],
    [`POST /api/analyses/${CONVERSATION}/main/regenerate`, {}],
    ["GET /api/analyses", undefined],
    [`GET /api/analyses/${CONVERSATION}/main`, undefined],
    ["POST /api/analyses", { conversationId: CONVERSATION, branchId: "main", customPrompt: "Only bugs." }],
  ]);
});

it("retries the others after one that cannot be retried, says what was done, and exits with 1", async () => {
  const other = { ...listed, branchId: "branch_1" };
  const fake = await api({
    "GET /api/analyses": { analyses: [other, listed], nextCursor: null },
    [`GET /api/analyses/${CONVERSATION}/branch_1`]: { ...view, status: "processing" },
    [`GET /api/analyses/${CONVERSATION}/main`]: view,
    "POST /api/analyses": created,
  });
  const { code, stdout } = await fake.run(["analyses", "retry"]);
  expect(code).toBe(1);
  expect(stdout.split("\n").slice(0, 2)).toEqual([
    `${CONVERSATION} branch_1: not requested: The analysis is processing and needs no retry: it starts or ends by itself.`,
    `${CONVERSATION} main: Analysis request created.`,
  ]);
});

it.each([
  ["budget", 0],
  ["provider", 0],
  ["slot", 1],
] as const)("retries an analysis that waits for the %s with exit code %i", async (waitsFor, code) => {
  const fake = await api({
    [`GET /api/analyses/${CONVERSATION}/main`]: { ...view, status: "pending", nextAttemptAt: TIME, waitsFor },
    "POST /api/analyses": { ...created, message: "Analysis is tried now" },
  });
  const one = await fake.run(["analyses", "show", CONVERSATION]);
  expect(one.stdout).toContain(`${TIME} (waits for the ${waitsFor})`);
  expect((await fake.run(["analyses", "retry", CONVERSATION])).code).toBe(code);
});

it("retries only a failed or waiting analysis, and fails stuck ones", async () => {
  const fake = await api({
    [`GET /api/analyses/${CONVERSATION}/main`]: { ...view, status: "processing" },
    "POST /api/analyses/fail-stuck": { analysisIds: [row.id] },
  });
  const refused = await fake.run(["analyses", "retry", CONVERSATION]);
  expect(refused).toMatchObject({ code: 1, stdout: expect.stringContaining("processing") as string });
  expect((await fake.run(["analyses", "fail-stuck", "--minutes", "5"])).stdout).toMatch(/^1 failed\./);
  expect(fake.calls.at(-1)?.body).toEqual({ minutes: 5 });
});

it("says whether analyses can run", async () => {
  const reader = {
    state: "not_configured",
    problem: "GEMINI_API_KEY is not set.",
    provider: "gemini",
    model: "gemini-3.8-flash",
    dailyBudgetUsd: null,
    spentTodayUsd: "0",
  };
  const variable = (name: string, value: string | null) => ({
    name,
    value,
    isSet: value !== null,
    isDefault: true,
    description: "",
  });
  const fake = await api({
    "GET /api/analyses/reader": reader,
    "GET /api/domains": { domains: [] },
    "GET /api/environment": {
      variables: [
        variable("AI_PROVIDER", "gemini"),
        variable("GEMINI_API_KEY", null),
        variable("DEBUG", "true"),
      ],
    },
  });
  const ran = await fake.run(["analyses", "check-config"]);
  expect(ran.code).toBe(1);
  expect(ran.stdout).toMatch(
    /^state +not_configured: no provider is configured\. GEMINI_API_KEY is not set\.$[^]+^budget +none; \$0 spent today$[^]+^AI_PROVIDER +gemini$[^]+^GEMINI_API_KEY +\(not set\)$/m,
  );
  expect(ran.stdout).not.toContain("DEBUG");
});
