import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, beforeEach, expect, it, vi } from "vitest";
import { loadConfig } from "../../workers/runtime/config.ts";
import { runAttempt, timeoutMs } from "../../workers/analysis/attempt.ts";
import { handleQueue } from "../../workers/app.ts";
import { analysesByCron } from "../../workers/scheduled/analyses.ts";
import type {
  AnalysisList,
  AnalysisPlan,
  AnalysisReader,
  AnalysisTrends,
  AnalysisView,
} from "../../workers/schemas/api/analyses.ts";
import { claimAnalysis } from "../../workers/store/analyses/jobs.ts";
import { apiJson, call, testEnv } from "../support/worker-api.ts";
import { keepRows, queryRows, resetDatabase } from "../support/worker-database.ts";
import { assistant, storeConversation, user } from "../support/worker-linked-conversation.ts";

const CONVERSATION = "aaaaaaaa-0000-5000-8000-000000000001";
const ANALYSIS = `/api/analyses/${CONVERSATION}/main`;
const SECRET = "sk-ant-api03-abcdefghijklmnopqrstuvwx";
const RESULT = {
  summary: "A fix.",
  keyTopics: ["fix"],
  sentiment: "positive",
  userIntent: "Fix it",
  outcomes: ["fixed"],
  actionItems: [],
  promptingTips: [{ category: "clarity", issue: "vague", suggestion: "Say what", messages: [3, 44] }],
  interactionPatterns: {
    promptClarity: 5,
    contextCompleteness: 5,
    followUpEffectiveness: "good",
    commonIssues: [],
    strengths: [],
  },
  technicalDetails: { frameworks: [], issues: [], solutions: [] },
  conversationQuality: { clarity: "high", completeness: "complete", effectiveness: "effective" },
};

interface Sent {
  url: string;
  key: string | null;
  body: { contents: { parts: { text: string }[] }[]; generationConfig: { maxOutputTokens: number } };
}
type Reply = { status?: number; body: unknown };

let sent: Sent[];
let replies: Reply[];
let onCall: () => Promise<void>;

const success = (text: string, finishReason = "STOP", modelVersion = "gemini-3.8-flash"): Reply => ({
  body: {
    candidates: [{ content: { parts: [{ text }] }, finishReason }],
    usageMetadata: { promptTokenCount: 1_000, candidatesTokenCount: 100, thoughtsTokenCount: 100 },
    modelVersion,
  },
});
const limited: Reply = { status: 429, body: { error: { message: "x", details: [{ retryDelay: "7s" }] } } };

let restoreRows: () => Promise<void>;
beforeAll(async () => {
  await resetDatabase();
  await storeConversation(CONVERSATION, [
    { name: "root", at: 100, messages: [user(`Hello, my key is ${SECRET}`)], response: "Hi." },
    {
      name: "turn",
      at: 110,
      messages: [user(`Hello, my key is ${SECRET}`), assistant("Hi."), user("Fix it")],
      response: "Fixed.",
      parent: "root",
      opener: "root",
    },
  ]);
  await apiJson("/api/domains/team.example", {
    method: "PUT",
    body: { accountId: "acc_1", credential: { type: "api_key", api_key: "k" }, analysisEnabled: true },
  });
  restoreRows = await keepRows();
});

beforeEach(async () => {
  await restoreRows();
  sent = [];
  onCall = () => Promise.resolve();
  const real = globalThis.fetch;
  vi.stubGlobal("fetch", async (input: RequestInfo | URL, init?: RequestInit) => {
    const request = new Request(input, init);
    if (!request.url.startsWith("https://gemini.example")) return real(input, init);
    sent.push({ url: request.url, key: request.headers.get("x-goog-api-key"), body: await request.json() });
    await onCall();
    const { status = 200, body } = replies.shift() ?? success(JSON.stringify(RESULT));
    return Response.json(body, { status });
  });
});
afterEach(() => vi.unstubAllGlobals());

const settings = (more: object = {}) => ({
  GEMINI_API_KEY: "test-gemini-key",
  GEMINI_API_URL: "https://gemini.example/models",
  ANALYSES: { sendBatch: () => Promise.resolve() },
  ...more,
});

async function createAnalysis(): Promise<string> {
  const body = { conversationId: CONVERSATION };
  const made = await apiJson<{ analysisId: string }>("/api/analyses", {
    method: "POST",
    body,
    bindings: settings(),
  });
  return made.analysisId;
}

/** Delivers a message; returns the delay that the consumer asks for, or null once the message is acknowledged. */
async function deliver(id: string, more: object = {}, queue = "nexus-analyses"): Promise<number | null> {
  let delay: number | null = null;
  const message = {
    id: "m",
    body: { v: 1, kind: "analysis", id },
    ack: () => undefined,
    retry: ({ delaySeconds }: { delaySeconds: number }) => void (delay = delaySeconds),
  };
  const ctx = createExecutionContext();
  await handleQueue(
    { queue, messages: [message] } as unknown as MessageBatch,
    testEnv({ ...env, ...settings(more) }),
    ctx,
  );
  await waitOnExecutionContext(ctx);
  return delay;
}

const makeDue = () =>
  queryRows("UPDATE analyses SET next_attempt_at = now() - interval '1 s' WHERE status = 'pending'");
const read = () => apiJson<AnalysisView>(ANALYSIS);

it("sends the masked transcript and stores the result with tokens and cost", async () => {
  replies = [];
  expect(await deliver(await createAnalysis())).toBeNull();
  const text = sent[0]?.body.contents[0]?.parts[0]?.text ?? "";
  expect(sent).toMatchObject([
    { url: "https://gemini.example/models/gemini-3.8-flash:generateContent", key: "test-gemini-key" },
  ]);
  expect(text).toMatch(
    /\[1\] user:\nHello, my key is sk-ant-\*\*\*\n\n\[2\] assistant:\nHi\.\n\n\[3\] user:\nFix it\n\n\[4\] assistant:\nFixed\./,
  );
  expect(await read()).toMatchObject({
    status: "completed",
    attempts: 1,
    data: { ...RESULT, promptingTips: [{ messages: [3] }] },
    content: null,
    note: null,
    tokenUsage: { prompt: 1_000, completion: 200, thinking: 100, total: 1_200 },
    costUsd: expect.stringMatching(/^0\.00/) as string,
    promptHash: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
  });
});

it("calls the model once, however often and at once its message is delivered", async () => {
  replies = [];
  const id = await createAnalysis();
  await Promise.all(Array.from({ length: 10 }, () => deliver(id)));
  expect(await deliver(id)).toBeNull();
  expect(sent).toHaveLength(1);
  expect(await read()).toMatchObject({ status: "completed", attempts: 1 });
});

it("looks once more at an analysis whose message has used up its retries", async () => {
  replies = [];
  expect(await deliver(await createAnalysis(), {}, "nexus-analyses-dead")).toBeNull();
  expect(await read()).toMatchObject({ status: "completed" });
});

it("waits as long as the provider says, and keeps the history of errors", async () => {
  replies = [limited, { status: 503, body: {} }];
  const id = await createAnalysis();
  expect(await deliver(id)).toBeGreaterThan(4);
  expect(await read()).toMatchObject({ status: "pending", error: { code: "rate_limited" } });
  expect(await deliver(id)).toBeGreaterThan(2);
  expect(sent).toHaveLength(1);
  await makeDue();
  await deliver(id);
  await makeDue();
  expect(await deliver(id)).toBeNull();
  const { status, errors } = await read();
  expect([status, errors.map(({ code }) => code)]).toEqual(["completed", ["rate_limited", "provider_error"]]);
});

it.each([
  ["a model that is gone", { status: 404, body: {} }, "model_gone", 1],
  ["a rejected key", { status: 403, body: {} }, "key_rejected", 1],
  ["a blocked prompt", { body: { promptFeedback: { blockReason: "SAFETY" } } }, "blocked", 1],
  ["a provider that is down", { status: 500, body: {} }, "provider_error", 3],
  ["an unknown end", success("", "TIRED"), "unexpected_end", 3],
  ["no text within the limit, twice", success("", "MAX_TOKENS"), "response_cut", 2],
])("fails after %s", async (_name, reply, code, calls) => {
  replies = [reply, reply, reply];
  const id = await createAnalysis();
  for (let delivered = 0; delivered < 4; delivered++) {
    await deliver(id);
    await makeDue();
  }
  expect(sent).toHaveLength(calls);
  expect(await read()).toMatchObject({ status: "failed", attempts: calls, error: { code }, data: null });
});

it("uses a result that ended in an unknown way", async () => {
  replies = [success(JSON.stringify(RESULT), "TIRED")];
  await deliver(await createAnalysis());
  expect(await read()).toMatchObject({ status: "completed", attempts: 1, data: { summary: "A fix." } });
});

it("keeps the text before an unknown end, asks once more, and says how it ended", async () => {
  replies = [success("First.", "TIRED"), success("Second.", "TIRED")];
  const id = await createAnalysis();
  await deliver(id);
  await makeDue();
  await deliver(id);
  expect(sent).toHaveLength(2);
  expect(await read()).toMatchObject({
    status: "completed",
    data: null,
    content: "Second.",
    note: expect.stringMatching(/^Gemini ended its response with TIRED\. /) as string,
    errors: [{ code: "unexpected_end" }],
    tokenUsage: { prompt: 2_000 },
  });
});

it("counts the instructions in the tokens of the prompt", async () => {
  replies = [];
  const inputTokens = async () => {
    const rows = await queryRows<{ tokens: number }>(
      "SELECT estimated_tokens AS tokens FROM analyses ORDER BY version",
    );
    return rows.map(({ tokens }) => tokens);
  };
  const { inputTokens: planned } = await apiJson<AnalysisPlan>(`${ANALYSIS}/plan`, { bindings: settings() });
  const id = await createAnalysis();
  expect(await inputTokens()).toEqual([planned]);
  await deliver(id);
  const [prepared] = await inputTokens();
  const customPrompt = "word ".repeat(2_000);
  await apiJson(`${ANALYSIS}/regenerate`, { method: "POST", body: { customPrompt }, bindings: settings() });
  const [, custom] = await inputTokens();
  expect(custom! - planned!).toBeGreaterThan(1_000);
  expect(prepared).toBeGreaterThan(200);
});

it("stores texts that Postgres does not take without what it does not take", async () => {
  const summary = "NUL \u0000, half \ud83d, whole \u{1f600}";
  replies = [success(JSON.stringify({ ...RESULT, summary }))];
  expect(await deliver(await createAnalysis())).toBeNull();
  const stored = await read();
  expect(stored).toMatchObject({ status: "completed", attempts: 1 });
  expect(stored.data?.summary).toBe("NUL , half \ufffd, whole \u{1f600}");
});

it("stores a result once the database is back, and adds its cost once", async () => {
  replies = [];
  const waits = vi.spyOn(scheduler, "wait").mockResolvedValue(undefined);
  const id = await createAnalysis();
  await queryRows(`CREATE SEQUENCE refusals`);
  await queryRows(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF new.status = 'completed' AND nextval('refusals') <= 2 THEN RAISE 'down'; END IF; RETURN new; END $$`);
  await queryRows("CREATE TRIGGER refuse BEFORE UPDATE ON analyses FOR EACH ROW EXECUTE FUNCTION refuse()");
  try {
    expect(await deliver(id)).toBeNull();
  } finally {
    await queryRows("DROP FUNCTION refuse CASCADE");
    await queryRows("DROP SEQUENCE refusals");
  }
  expect(sent).toHaveLength(1);
  expect(waits).toHaveBeenCalledTimes(2);
  waits.mockRestore();
  expect(await read()).toMatchObject({ status: "completed", attempts: 1, tokenUsage: { total: 1_200 } });
});

it("asks again once with the problem of an invalid response, and then keeps its text", async () => {
  replies = [success("No JSON."), success("Still no JSON.")];
  const id = await createAnalysis();
  expect(await deliver(id)).toBe(1);
  expect(await deliver(id)).toBeNull();
  expect(JSON.stringify(sent[1]?.body)).toContain("it is not one JSON object");
  expect(await read()).toMatchObject({
    status: "completed",
    data: null,
    content: "Still no JSON.",
    note: "The response does not have the expected form.",
  });
});

it("asks the requested model again, whatever version of it has responded", async () => {
  const version = "gemini-3.8-flash-002";
  replies = [success("No JSON.", "STOP", version), success(JSON.stringify(RESULT), "STOP", version)];
  const id = await createAnalysis();
  const budget = { AI_DAILY_BUDGET_USD: "5" };
  expect(await deliver(id, budget)).toBe(1);
  expect(await read()).toMatchObject({ status: "pending", model: "gemini-3.8-flash", content: null });
  expect(await deliver(id, budget)).toBeNull();
  expect(new Set(sent.map(({ url }) => url)).size).toBe(1);
  expect(await read()).toMatchObject({ status: "completed", model: version, attempts: 2 });
});

const KEPT = "The response does not have the expected form.";
const down: Reply = { status: 503, body: {} };

it.each([
  ["the provider fails until the last attempt", [success("No JSON."), down, down], "No JSON.", "provider_error"],
  ["the key is rejected then", [success("No JSON."), { status: 401, body: {} }], "No JSON.", "key_rejected"],
  ["the next response is cut before its text", [success("Half", "MAX_TOKENS"), success("", "MAX_TOKENS")], "Half", "response_cut"],
])("keeps the text of an invalid response when %s", async (_name, given, content, code) => {
  replies = [...given];
  const id = await createAnalysis();
  for (const _ of given) {
    await deliver(id);
    await makeDue();
  }
  expect(sent).toHaveLength(given.length);
  const view = await read();
  expect(view).toMatchObject({ status: "completed", data: null, content, error: null });
  expect(view.note).toMatch(`${KEPT} No later attempt returned a better one: `);
  expect(view.errors.at(-1)?.code).toBe(code);
  expect((await attempts("outcome")).at(-1)).toEqual({ outcome: code });
}); // prettier-ignore

it.each([
  ["analysis is turned off", "UPDATE domains SET analysis_enabled = false", (id: string) => deliver(id)],
  [
    "it is stuck",
    "UPDATE analyses SET next_attempt_at = now() - interval '1 h'",
    () => apiJson("/api/analyses/fail-stuck", { method: "POST", bindings: settings() }),
  ],
])("keeps the text of an invalid response when %s before the next attempt", async (_name, change, end) => {
  replies = [success("No JSON.")];
  const id = await createAnalysis();
  await deliver(id);
  await queryRows(change);
  await end(id);
  const view = await read();
  expect(view).toMatchObject({ status: "completed", content: "No JSON.", attempts: 1, waitsFor: null });
  expect(view.note).toMatch(`${KEPT} No later attempt returned a better one: `);
});

it("says how much of a long response is kept, and masks a secret at the cut", async () => {
  const long = success(`${"x ".repeat(99_990)} ${SECRET} ${"y ".repeat(10_000)}`);
  replies = [long, long];
  const id = await createAnalysis();
  await deliver(id);
  await deliver(id);
  const { content, note } = await read();
  expect(content).toHaveLength(200_000);
  expect(content).not.toContain("abcdef");
  expect(note).toMatch(/^The response does not have the expected form\. Of its \d+ characters, the first 200000 are kept\.$/);
}); // prettier-ignore

it("asks for twice the tokens after a response that was cut, also when another failure came between", async () => {
  replies = [success("", "MAX_TOKENS"), limited];
  const id = await createAnalysis();
  await deliver(id);
  await deliver(id);
  await makeDue();
  await deliver(id);
  const [first, second, third] = sent.map(({ body }) => body.generationConfig.maxOutputTokens);
  expect([second, third]).toEqual([2 * first!, 2 * first!]);
  expect(await read()).toMatchObject({ status: "completed", data: { summary: "A fix." } });
});

it("continues an interrupted analysis when its lease has ended", async () => {
  replies = [];
  const id = await createAnalysis();
  await queryRows(
    "UPDATE analyses SET status = 'processing', attempts = 1, lease_until = now() + interval '1 h'",
  );
  expect(await deliver(id)).toBeGreaterThan(3_000);
  await queryRows("UPDATE analyses SET lease_until = now() - interval '1 s'");
  expect(await deliver(id)).toBeNull();
  expect(await read()).toMatchObject({ status: "completed", attempts: 2, errors: [{ code: "interrupted" }] });
  expect(sent).toHaveLength(1);
});

it("never runs more jobs than allowed", async () => {
  replies = [];
  const first = await createAnalysis();
  const copies = await queryRows<{
    id: string;
  }>(`INSERT INTO analyses (id, domain_id, conversation_id, branch_key,
      branch_id, version, is_current, status, next_attempt_at, provider, model, requested_by, created_at, updated_at)
    SELECT gen_random_uuid(), domain_id, conversation_id, branch_key, branch_id, n, false, status, next_attempt_at,
      provider, model, requested_by, created_at, updated_at FROM analyses, generate_series(2, 100) n RETURNING id`);
  let running = 0;
  let most = 0;
  onCall = async () => {
    most = Math.max(most, ++running);
    const [live] = await queryRows<{ count: string }>(
      "SELECT count(*) AS count FROM analyses WHERE status = 'processing'",
    );
    most = Math.max(most, Number(live!.count));
    running--;
  };
  const waiting = await Promise.all(
    [first, ...copies.map(({ id }) => id)].map((id) => deliver(id, { AI_WORKER_MAX_CONCURRENT_JOBS: "2" })),
  );
  expect(most).toBeLessThanOrEqual(2);
  expect(sent.length).toBe(waiting.filter((delay) => delay === null).length);
  expect(sent.length).toBeGreaterThanOrEqual(2);
});

it("makes no call while the worker is off, the budget is spent, or analysis was turned off", async () => {
  replies = [];
  const id = await createAnalysis();
  expect(await deliver(id, { AI_WORKER_ENABLED: "false" })).toBeNull();
  expect(await deliver(id, { AI_DAILY_BUDGET_USD: "0" })).toBeGreaterThan(0);
  expect(await read()).toMatchObject({ status: "pending", waitsFor: "budget" });
  await makeDue();
  await queryRows("UPDATE domains SET analysis_enabled = false");
  expect(await deliver(id)).toBeNull();
  expect(await read()).toMatchObject({ status: "failed", error: { code: "domain_off" } });
  expect(sent).toEqual([]);
});

const spentToday = async () =>
  Number((await apiJson<AnalysisReader>("/api/analyses/reader", { bindings: settings() })).spentTodayUsd);
const attempts = (columns: string) =>
  queryRows<Record<string, unknown>>(`SELECT ${columns} FROM analysis_attempts ORDER BY attempt`);

it.each([
  ["a status 5xx", [{ status: 503, body: {} }], "provider_error", true],
  ["a response that cannot be read", [{ body: "?" }], "invalid_response", true],
  ["a rate limit", [limited], "rate_limited", false],
  ["a rejected key", [{ status: 401, body: {} }], "key_rejected", false],
])("counts a call that ended with %s as its estimate unless it was rejected unread", async (_name, given, code, counts) => {
  replies = given;
  await deliver(await createAnalysis());
  expect(await attempts("outcome, cost_pico IS NULL AS unknown, output_tokens")).toEqual([
    { outcome: code, unknown: counts, output_tokens: null },
  ]);
  expect((await spentToday()) > 0).toBe(counts);
  const view = await read();
  expect(view.unreportedCostUsd !== null).toBe(counts);
  expect(view.costUsd).toBe(counts ? null : "0");
  const { unreportedCostUsd } = await apiJson<AnalysisTrends>("/api/analyses/trends");
  expect(unreportedCostUsd !== "0").toBe(counts);
}); // prettier-ignore

it("counts an interrupted attempt as its estimate, and its usage when it ends late", async () => {
  replies = [];
  const id = await createAnalysis();
  onCall = async () => {
    onCall = () => Promise.resolve();
    await queryRows("UPDATE analyses SET lease_until = now() - interval '1 s'");
    await deliver(id);
    expect(await attempts("outcome, cost_pico IS NULL AS unknown")).toEqual([
      { outcome: "interrupted", unknown: true },
      { outcome: "completed", unknown: false },
    ]);
    expect((await read()).unreportedCostUsd).not.toBeNull();
  };
  await deliver(id);
  expect(await attempts("outcome, output_tokens")).toEqual([
    { outcome: "interrupted", output_tokens: "200" },
    { outcome: "completed", output_tokens: "200" },
  ]);
  expect(await read()).toMatchObject({
    status: "completed",
    tokenUsage: { prompt: 2_000, completion: 400 },
    unreportedCostUsd: null,
    errors: [{ code: "interrupted" }],
  });
});

it("counts each attempt on the day on which it started", async () => {
  replies = [success("?"), limited];
  const id = await createAnalysis();
  await deliver(id);
  const first = await spentToday();
  await queryRows("UPDATE analysis_attempts SET started_at = started_at - interval '1 day'");
  expect(await spentToday()).toBe(0);
  await makeDue();
  await deliver(id);
  expect(await spentToday()).toBe(0);
  await makeDue();
  await deliver(id);
  expect(await spentToday()).toBe(first);
  expect(Number((await read()).costUsd)).toBeCloseTo(2 * first, 9);
});

it("reserves the cost of running analyses in the budget", async () => {
  replies = [];
  const id = await createAnalysis();
  const other = await copyOf(id);
  let reserved = 0;
  onCall = async () => {
    reserved = await spentToday();
    expect(await deliver(other, { AI_DAILY_BUDGET_USD: String(reserved * 1.5) })).toBeGreaterThan(60);
  };
  expect(await deliver(id)).toBeNull();
  expect(reserved).toBeGreaterThan(0);
  expect(sent).toHaveLength(1);
  const [waiting] = await queryRows("SELECT status, waits_for FROM analyses WHERE id = $1", [other]);
  expect(waiting).toEqual({ status: "pending", waits_for: "budget" });
  // The reported cost is less than what was reserved.
  const enqueued = await recover({ AI_DAILY_BUDGET_USD: String(reserved * 1.5) });
  expect(enqueued).toEqual([other]);
});

it.each([
  ["more than the budget of a day", { AI_DAILY_BUDGET_USD: "0.000001" }, "It would cost about"],
  ["an unknown price", { AI_DAILY_BUDGET_USD: "5", GEMINI_MODEL_NAME: "gemini-5" }, "The price of gemini-5 is not known"],
])("fails what costs %s, and says what to do", async (_name, more, words) => {
  const made = { method: "POST", body: { conversationId: CONVERSATION }, bindings: settings(more) };
  const { state } = await apiJson<{ state: string }>(`${ANALYSIS}/plan`, { bindings: settings(more) });
  expect(state).toBe("over_budget");
  const { analysisId } = await apiJson<{ analysisId: string }>("/api/analyses", made);
  expect(await deliver(analysisId, more)).toBeNull();
  const { status, error } = await read();
  expect([status, error?.code, error?.message]).toEqual(["failed", "over_budget", expect.stringContaining(words)]);
  expect(sent).toEqual([]);
}); // prettier-ignore

it("looks at the budget again when the transcript costs more than was expected", async () => {
  replies = [];
  const id = await createAnalysis();
  await queryRows("UPDATE analyses SET estimated_tokens = 1");
  const budget = 0.016;
  await queryRows(
    `INSERT INTO analysis_attempts (analysis_id, attempt, started_at, outcome, cost_pico) VALUES (gen_random_uuid(), 1, now(), 'completed', 980000000)`,
  );
  expect(await deliver(id, { AI_DAILY_BUDGET_USD: String(budget) })).not.toBeNull();
  expect(await read()).toMatchObject({ status: "pending", waitsFor: "budget", errors: [{ code: "over_budget" }] });
  await makeDue();
  expect(await deliver(id, { AI_DAILY_BUDGET_USD: String(budget) })).toBeGreaterThan(60);
  expect(sent).toEqual([]);
  expect(await attempts("outcome, cost_pico::text").then((all) => all.at(-1))).toEqual({ outcome: "over_budget", cost_pico: "0" });
}); // prettier-ignore

/** Runs cron's recovery; the ids that it enqueues. */
async function recover(more: object = {}, now = Date.now()): Promise<string[]> {
  const enqueued: string[] = [];
  const ANALYSES = {
    sendBatch: (batch: { body: { id: string } }[]) => void enqueued.push(...batch.map(({ body }) => body.id)),
  };
  const bindings = testEnv({ ...env, ...settings({ ...more, ANALYSES }) });
  await analysesByCron(bindings, loadConfig(bindings), now);
  return enqueued;
}

/** Another pending analysis, of a branch of its own. */
async function copyOf(id: string): Promise<string> {
  const [copy] = await queryRows<{ id: string }>(
    `INSERT INTO analyses SELECT (jsonb_populate_record(a, jsonb_build_object('id', gen_random_uuid(), 'version', 2, 'is_current', false))).*
     FROM analyses a WHERE id = $1 RETURNING id`,
    [id],
  );
  return copy!.id;
}

it("expects no more tokens than a prompt may have", async () => {
  await queryRows("UPDATE requests SET context_tokens = 900000");
  const more = { AI_MAX_PROMPT_TOKENS: "2000", AI_DAILY_BUDGET_USD: "0.02" };
  const plan = await apiJson<AnalysisPlan>(`${ANALYSIS}/plan`, { bindings: settings(more) });
  expect(plan).toMatchObject({ state: "ready", inputTokens: 2_000 });
  const made = { method: "POST", body: { conversationId: CONVERSATION }, bindings: settings(more) };
  await apiJson("/api/analyses", made);
  expect(await queryRows("SELECT estimated_tokens AS tokens FROM analyses")).toEqual([{ tokens: 2_000 }]);
});

it("makes waiting analyses due when the budget is raised, oldest first, and when they are requested again", async () => {
  const id = await createAnalysis();
  await deliver(id, { AI_DAILY_BUDGET_USD: "0" });
  const waiting = await read();
  expect(Date.parse(waiting.nextAttemptAt!) % 86_400_000).toBe(0);
  expect(await recover({ AI_DAILY_BUDGET_USD: "0" })).toEqual([]);
  expect(await recover({ AI_DAILY_BUDGET_USD: "1" })).toEqual([id]);
  expect(await recover({ AI_DAILY_BUDGET_USD: "1" })).toEqual([]);
  await deliver(id, { AI_DAILY_BUDGET_USD: "0" });
  expect(await read()).toMatchObject({ waitsFor: "budget" });
  const again = await call("/api/analyses", {
    method: "POST",
    body: { conversationId: CONVERSATION },
    bindings: settings(),
  });
  expect(again).toMatchObject({ status: 200, json: { message: "Analysis is tried now", analysisId: id } });
  replies = [];
  expect(await deliver(id)).toBeNull();
  expect(await read()).toMatchObject({ status: "completed", version: 1, waitsFor: null });
});

it("does not count rate limits as attempts, and waits for them within a bound", async () => {
  replies = [limited, limited, limited, limited];
  const id = await createAnalysis();
  for (let call = 1; call <= 4; call++) {
    expect(await deliver(id, { AI_ANALYSIS_MAX_RETRIES: "1" })).toBeGreaterThan(4);
    expect(await read()).toMatchObject({ status: "pending", waitsFor: "provider", attempts: call });
    await makeDue();
  }
  await queryRows(
    `UPDATE analyses SET errors = jsonb_set(errors, '{0,at}', to_jsonb(to_char(now() - interval '4 days', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')))`,
  );
  replies = [limited];
  expect(await deliver(id, { AI_ANALYSIS_MAX_RETRIES: "1" })).toBeNull();
  expect(await read()).toMatchObject({ status: "failed", error: { code: "rate_limited" } });
});

it("is not overdue while it waits for a slot, and is enqueued again once in ten minutes", async () => {
  const id = await createAnalysis();
  const running = await copyOf(id);
  await queryRows("UPDATE analyses SET status = 'processing', lease_until = now() + interval '1 h' WHERE id = $1", [running]);
  await queryRows("UPDATE analyses SET next_attempt_at = now() - interval '1 h', created_at = now() - interval '1 h' WHERE id = $1", [id]);
  const busy = { AI_WORKER_MAX_CONCURRENT_JOBS: "1" };
  expect(await deliver(id, busy)).toBe(15);
  expect(await read()).toMatchObject({ status: "pending", waitsFor: "slot" });
  expect(await recover(busy)).toEqual([]);
  const failed = await apiJson("/api/analyses/fail-stuck", { method: "POST", bindings: settings() });
  expect(failed).toEqual({ analysisIds: [] });
  // Its message is lost.
  const later = Date.now() + 3 * 60_000;
  expect(await recover(busy, later)).toEqual([id]);
  expect(await recover(busy, later + 60_000)).toEqual([]);
  expect(await recover(busy, later + 11 * 60_000)).toEqual([id]);
}); // prettier-ignore

it("makes no call once the lease leaves no time for it", async () => {
  const id = await createAnalysis();
  const config = loadConfig(testEnv({ ...env, ...settings() }));
  const limits = { maxConcurrent: 1, maxAttempts: 3, leaseMs: 60_000, dailyBudget: null };
  const claim = await claimAnalysis(config, id, limits, new Date());
  if (claim.state !== "claimed") throw new Error("not claimed");
  await runAttempt(config, claim.job, { deadline: new Date(Date.now() - 1), dailyBudget: null });
  expect(sent).toEqual([]);
  expect(await read()).toMatchObject({ status: "pending", error: { code: "not_called" }, unreportedCostUsd: null });
}); // prettier-ignore

it("makes no call after analysis was turned off while the transcript was read", async () => {
  const id = await createAnalysis();
  const config = loadConfig(testEnv({ ...env, ...settings() }));
  const limits = { maxConcurrent: 1, maxAttempts: 3, leaseMs: 60_000, dailyBudget: null };
  const claim = await claimAnalysis(config, id, limits, new Date());
  if (claim.state !== "claimed") throw new Error("not claimed");
  await queryRows("UPDATE domains SET analysis_enabled = false");
  await runAttempt(config, claim.job, { deadline: new Date(Date.now() + 60_000), dailyBudget: null });
  expect(sent).toEqual([]);
  expect(await read()).toMatchObject({ status: "failed", error: { code: "domain_off" }, costUsd: "0" });
}); // prettier-ignore

it("fails without a call when its branch became part of another one, which can be analyzed", async () => {
  replies = [];
  const id = await createAnalysis();
  const first = CONVERSATION.slice(0, -1) + "9";
  await queryRows(
    `INSERT INTO requests SELECT (jsonb_populate_record(r, jsonb_build_object('id', $1::text))).* FROM requests r WHERE branch_key = id`,
    [first],
  );
  await queryRows("UPDATE requests SET branch_key = $1", [first]);
  expect(await deliver(id)).toBeNull();
  expect(sent).toEqual([]);
  const { analyses } = await apiJson<AnalysisList>("/api/analyses");
  expect(analyses).toMatchObject([{ id, status: "failed", error: { code: "no_branch" }, branchId: "main", branchKey: first }]);
  expect(await deliver(await createAnalysis())).toBeNull();
  expect(await read()).toMatchObject({ status: "completed", version: 1 });
}); // prettier-ignore

it("compares recorded tokens with the messages that it has read, not with later ones", async () => {
  const start = [user("Start")];
  const ids = await storeConversation(CONVERSATION, [
    { name: "root", at: 300, messages: start, response: "Yes." },
    {
      name: "turn",
      at: 310,
      messages: [...start, assistant("Yes."), user("word ".repeat(4_000))],
      parent: "root",
      opener: "root",
    },
  ]);
  await queryRows("UPDATE requests SET context_tokens = 6000 WHERE id = $1", [ids["turn"]]);
  const estimateOf = async () => {
    replies = [];
    const made = await apiJson<{ analysisId: string }>(
      `/api/analyses/${CONVERSATION}/${ids["root"]}/regenerate`,
      {
        method: "POST",
        body: {},
        bindings: settings(),
      },
    );
    await deliver(made.analysisId);
    const [row] = await queryRows<{ tokens: number }>(
      "SELECT estimated_tokens AS tokens FROM analyses WHERE id = $1",
      [made.analysisId],
    );
    return row?.tokens;
  };
  const before = await estimateOf();
  // One that arrives between the statements: the tip was read without it.
  await queryRows(
    `INSERT INTO requests SELECT (jsonb_populate_record(r, jsonb_build_object('id', gen_random_uuid(), 'message_count', 9,
       'context_tokens', 200000, 'messages_node_id', null))).* FROM requests r WHERE id = $1`,
    [ids["turn"]],
  );
  expect(await estimateOf()).toBe(before);
});

it("gives a call more time the longer its prompt is, up to ten minutes", () => {
  const config = loadConfig(testEnv({ ...env, ...settings() }));
  expect([0, 100_000, 10_000_000].map((tokens) => timeoutMs(config, tokens))).toEqual([60_000, 110_000, 600_000]);
}); // prettier-ignore

it("ends a call at the deadline of its lease, however long its limit is", async () => {
  replies = [];
  const id = await createAnalysis();
  const config = loadConfig(testEnv({ ...env, ...settings() }));
  const limits = { maxConcurrent: 1, maxAttempts: 3, leaseMs: 60_000, dailyBudget: null };
  const claim = await claimAnalysis(config, id, limits, new Date());
  if (claim.state !== "claimed") throw new Error("not claimed");
  const timeouts = vi.spyOn(AbortSignal, "timeout");
  await runAttempt(config, claim.job, { deadline: new Date(Date.now() + 9_000), dailyBudget: null });
  const given = timeouts.mock.calls.map(([ms]) => ms);
  timeouts.mockRestore();
  expect(given.filter((ms) => ms > 30_000)).toEqual([]);
  expect(given.some((ms) => ms > 5_000 && ms <= 9_000)).toBe(true);
  expect(sent).toHaveLength(1);
});

it("shows the result of the last completed version in lists and trends while a newer one has none", async () => {
  replies = [];
  await deliver(await createAnalysis());
  const { analysisId } = await apiJson<{ analysisId: string }>(`${ANALYSIS}/regenerate`, {
    method: "POST",
    bindings: settings(),
  });
  replies = [{ status: 404, body: {} }];
  await deliver(analysisId);
  expect(await read()).toMatchObject({ version: 2, status: "failed", data: null, completedVersion: 1 });
  const { analyses } = await apiJson<AnalysisList>("/api/analyses");
  expect(analyses).toMatchObject([
    {
      version: 2,
      status: "failed",
      error: { code: "model_gone" },
      summary: RESULT.summary,
      sentiment: "positive",
      effectiveness: "effective",
      tipCategories: ["clarity"],
    },
  ]);
  const trends = await apiJson<AnalysisTrends>("/api/analyses/trends");
  expect(trends).toMatchObject({ statuses: { failed: 1, completed: 0 }, sentiments: { positive: 1 } });
});

it("continues after the transcript could not be read, without the cost of a call", async () => {
  replies = [];
  const id = await createAnalysis();
  await queryRows("ALTER TABLE contents RENAME TO contents_away");
  try {
    expect(await deliver(id)).toBe(30);
  } finally {
    await queryRows("ALTER TABLE contents_away RENAME TO contents");
  }
  expect(await read()).toMatchObject({ status: "pending", error: { code: "not_prepared" }, costUsd: "0" });
  await makeDue();
  expect(await deliver(id)).toBeNull();
  expect(await read()).toMatchObject({ status: "completed" });
});

it("shows a sub-task by the final response of its own branch", async () => {
  const task = [{ type: "tool_use", id: "toolu_1", name: "Agent", input: { prompt: "Find it" } }];
  const started = [{ type: "tool_result", tool_use_id: "toolu_1", content: "Started." }];
  const messages = [user("Go"), assistant(task), user(started)];
  const ids = await storeConversation(CONVERSATION, [
    { name: "root", at: 200, messages: [user("Go")], response: "-" },
    { name: "turn", at: 250, messages, response: "Wait.", parent: "root", opener: "root" },
    { name: "sub", at: 210, messages: [user("Find it")], branch: "subtask_1", task: "root" },
    {
      name: "end",
      at: 220,
      messages: [user("Find it"), assistant("Hm."), user("Go on")],
      response: "It is in a.ts.",
      branch: "subtask_1",
      opener: "sub",
      parent: "sub",
    },
  ]);
  await queryRows(
    `INSERT INTO task_invocations (request_id, position, started_at, domain_id, tool_use_id, tool_name, prompt_excerpt, prompt_key,
       subtask_request_id) SELECT id, 0, started_at, domain_id, 'toolu_1', 'Agent', 'Find it', 1, $2 FROM requests WHERE id = $1`,
    [ids.root, ids.sub],
  );
  replies = [];
  const body = { conversationId: CONVERSATION, branchId: ids.root };
  const made = { method: "POST", body, bindings: settings() };
  const { analysisId } = await apiJson<{ analysisId: string }>("/api/analyses", made);
  expect(await deliver(analysisId)).toBeNull();
  // An id of a call is a client's: the same one may be in a domain whose conversations may not be sent.
  await queryRows("UPDATE task_invocations SET domain_id = domain_id + 1");
  const again = { method: "POST", body: {}, bindings: settings() };
  const { analysisId: other } = await apiJson<{ analysisId: string }>(
    `/api/analyses/${CONVERSATION}/${ids.root}/regenerate`,
    again,
  );
  expect(await deliver(other)).toBeNull();
  expect(sent[1]?.body.contents[0]?.parts[0]?.text).not.toContain("It is in a.ts.");
  expect(sent[0]?.body.contents[0]?.parts[0]?.text).toContain(
    "[sub-task prompt] Find it\n\n[3] user:\n[sub-task result] Started.\n[sub-task final response] It is in a.ts.",
  );
});

it("starts idle conversations of domains with an automatic mode, within slots and budget", async () => {
  const enqueued: string[] = [];
  const sendBatch = (batch: { body: { id: string } }[]) =>
    void enqueued.push(...batch.map(({ body }) => body.id));
  const on = { AI_DAILY_BUDGET_USD: "1", ANALYSES: { sendBatch } };
  const start = async (more: object = {}, now = Date.now()) => {
    const bindings = testEnv({ ...env, ...settings({ ...on, ...more }) });
    await analysesByCron(bindings, loadConfig(bindings), now);
    return enqueued.length;
  };
  const automatic = (body: object) =>
    apiJson("/api/domains/team.example/analysis", {
      method: "PUT",
      body,
      bindings: { AI_DAILY_BUDGET_USD: "1" },
    });
  await queryRows("UPDATE conversations SET last_at = now() - interval '30 minutes', turns = 2");
  expect(await start()).toBe(0);
  await automatic({ analysisAutomatic: { idleMinutes: 20, moreThanTurns: 1 } });
  expect(await start({ AI_DAILY_BUDGET_USD: undefined })).toBe(0);
  expect(await start({ AI_DAILY_BUDGET_USD: "0.001" })).toBe(0);
  expect(await start({ GEMINI_MODEL_NAME: "gemini-unknown" })).toBe(0);
  expect(await start({ AI_WORKER_ENABLED: "false" })).toBe(0);
  expect(await start({}, Date.now() - 15 * 60_000)).toBe(0);
  expect(await start({}, Date.now() + 8 * 86_400_000)).toBe(0);
  for (const change of [
    { analysisAutomatic: { idleMinutes: 20, moreThanTurns: 2 } },
    { analysisEnabled: false, analysisAutomatic: { idleMinutes: 20, moreThanTurns: 1 } },
  ]) {
    await automatic(change);
    expect(await start()).toBe(0);
  }
  await automatic({ analysisEnabled: true });
  expect(await start()).toBe(1);
  expect(await start()).toBe(1);
  expect(await read()).toMatchObject({ status: "pending", requestedBy: "automatic mode" });
  replies = [];
  expect(await deliver(enqueued[0]!)).toBeNull();
  expect(await start()).toBe(1);
  expect(sent).toHaveLength(1);
});

it("starts the newest of several idle conversations, and no more than there are slots", async () => {
  const names = await Promise.all(
    [2, 3, 4].map(async (n) => {
      const id = CONVERSATION.slice(0, -1) + n;
      await queryRows(
        `INSERT INTO conversations SELECT (jsonb_populate_record(c, jsonb_build_object('id', $1::text, 'last_at',
           now() - make_interval(mins => $2::int)))).* FROM conversations c LIMIT 1`,
        [id, 20 + n],
      );
      await queryRows(
        `INSERT INTO requests SELECT (jsonb_populate_record(r, jsonb_build_object('id', $1::text, 'branch_key', $1::text,
           'conversation_id', $1::text))).* FROM requests r WHERE branch_key = id LIMIT 1`,
        [id],
      );
      return id;
    }),
  );
  await queryRows("UPDATE conversations SET turns = 9");
  const body = { analysisAutomatic: { idleMinutes: 10, moreThanTurns: 1 } };
  await apiJson("/api/domains/team.example/analysis", {
    method: "PUT",
    body,
    bindings: { AI_DAILY_BUDGET_USD: "1" },
  });
  const more = { AI_DAILY_BUDGET_USD: "1", AI_WORKER_MAX_CONCURRENT_JOBS: "2" };
  const bindings = testEnv({ ...env, ...settings(more) });
  await analysesByCron(bindings, loadConfig(bindings), Date.now());
  const rows = await queryRows<{ id: string }>(
    "SELECT conversation_id AS id FROM analyses ORDER BY created_at, id",
  );
  expect(rows.map(({ id }) => id)).toEqual(names.slice(0, 2));
});

it("asks Claude with the present key of the account, apart from proxied traffic", async () => {
  const claude = {
    AI_PROVIDER: "claude",
    AI_CLAUDE_ACCOUNT_ID: "acc_1",
    CLAUDE_API_BASE_URL: "http://claude.example",
  };
  const gemini = globalThis.fetch;
  const asked: { url: string; key: string | null; body: Record<string, unknown> }[] = [];
  vi.stubGlobal("fetch", async (input: RequestInfo | URL, init?: RequestInit) => {
    const request = new Request(input, init);
    if (!request.url.startsWith("http://claude.example")) return gemini(input, init);
    asked.push({ url: request.url, key: request.headers.get("x-api-key"), body: await request.json() });
    return Response.json({
      model: "claude-sonnet-5",
      stop_reason: "end_turn",
      content: [{ type: "text", text: JSON.stringify(RESULT) }],
      usage: { input_tokens: 900, output_tokens: 100 },
    });
  });
  const requests = () => queryRows<{ count: string }>("SELECT count(*) AS count FROM requests");
  const before = await requests();
  const body = { conversationId: CONVERSATION };
  const { analysisId } = await apiJson<{ analysisId: string }>("/api/analyses", {
    method: "POST",
    body,
    bindings: settings(claude),
  });
  // Rotated while the analysis is queued.
  await apiJson("/api/domains/team.example", {
    method: "PUT",
    body: { accountId: "acc_1", credential: { type: "api_key", api_key: "k2" }, analysisEnabled: true },
  });
  expect(await deliver(analysisId, claude)).toBeNull();
  expect(asked).toMatchObject([
    {
      url: "http://claude.example/v1/messages",
      key: "k2",
      body: { model: "claude-sonnet-5", output_config: { format: { type: "json_schema" } } },
    },
  ]);
  expect(await read()).toMatchObject({
    status: "completed",
    provider: "claude",
    tokenUsage: { prompt: 900, completion: 100 },
    costUsd: expect.stringMatching(/^0\.00/) as string,
  });
  expect(await requests()).toEqual(before);
  expect(sent).toEqual([]);
});
