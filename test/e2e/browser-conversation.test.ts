/** The pages of a conversation, of a request and of prompts in a real Chromium, over recorded responses. */
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AnalysisPlan, AnalysisView } from "../../workers/schemas/api/analyses.ts";
import type { PromptSyncStatus } from "../../workers/schemas/api/prompts.ts";
import type { RequestDetail } from "../../workers/schemas/api/requests.ts";
import { accessibilityProblems, VISUAL_RULES } from "../support/accessibility.ts";
import { apiError, IDS, recordedBody } from "../support/replayed-api.ts";
import { type ReplayedDashboard, startReplayedDashboard } from "../support/replayed-dashboard.ts";

import { sidewaysOverflow } from "../support/watched-page.ts";

let dashboard: ReplayedDashboard;
beforeAll(async () => {
  dashboard = await startReplayedDashboard();
});
afterAll(() => dashboard.stop());

const CONVERSATION = `/conversations/${IDS.conversation}`;
const REQUEST = `/requests/${IDS.request}`;

describe("the pages of a conversation", () => {
  it("compare two branches, chosen from a list", async () => {
    const { page } = await dashboard.open(CONVERSATION);
    await page.selectOption("select[name=compare]", { label: IDS.fork });
    await page.click(".compare-form button");
    await page.waitForURL(/compare=/);
    expect(await page.textContent(".compared-common")).toContain("The first 10 messages are the same.");
    const [left, right] = [
      (await page.locator(".compared-side.on-left").first().boundingBox())!,
      (await page.locator(".compared-side.on-right").first().boundingBox())!,
    ];
    expect(left.y).toBe(right.y);
    expect(right.x).toBeGreaterThan(left.x + left.width);
    expect(await page.locator(".compared-head").count()).toBe(2);
    expect(await page.locator("mark.own-right").count()).toBeGreaterThan(0);
  });

  it("stack and name the branches on a phone", async () => {
    const { page } = await dashboard.open(`${CONVERSATION}?compare=${IDS.fork}`, { width: 390 });
    const [left, right] = [
      (await page.locator(".compared-side.on-left").first().boundingBox())!,
      (await page.locator(".compared-side.on-right").first().boundingBox())!,
    ];
    expect(right.y).toBeGreaterThanOrEqual(left.y + left.height);
    expect(await page.locator(".compared-side.on-right").first().innerText()).toContain("branch_2026");
    expect(
      await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth),
    ).toBeLessThanOrEqual(0);
  });

  it("highlight code under the content security policy", async () => {
    const { page } = await dashboard.open(CONVERSATION);
    expect(
      await page
        .locator(".hljs-keyword")
        .first()
        .evaluate((one) => getComputedStyle(one).color),
    ).not.toBe(
      await page
        .locator(".prose code")
        .first()
        .evaluate((one) => getComputedStyle(one).color),
    );
  });
});

const ANALYSIS = `/api/analyses/${IDS.compacted}/main`;
const later = "2099-01-01T00:00:00.000Z";
const error = {
  at: "2026-11-30T15:00:00.000Z",
  attempt: 1,
  code: "rate_limited",
  message: "Gemini limits the rate.",
};
const open = {
  status: "pending",
  data: null,
  tokenUsage: null,
  costUsd: null,
  durationMs: null,
  nextAttemptAt: later,
} as const;

// The demo has the other states (test/e2e/dashboard/every-page.ts).
it.each<[string, Partial<AnalysisPlan>, Partial<AnalysisView> | null]>([
  ["without a provider", { state: "not_configured" }, null],
  ["whose worker is off", { state: "worker_off" }, null],
  ["when the budget is spent", { state: "budget_spent", dailyBudgetUsd: "5", spentTodayUsd: "4.99" }, null],
  ["that no budget covers", { state: "over_budget", dailyBudgetUsd: "0.01" }, null],
  ["that waits for a slot", {}, { ...open, waitsFor: "slot" }],
  ["that waits for the budget", {}, { ...open, waitsFor: "budget" }],
  ["that waits for the provider", {}, { ...open, waitsFor: "provider", attempts: 1, errors: [error], unreportedCostUsd: "0.02" }],
  ["whose new version has failed", {}, { ...open, status: "failed", version: 2, completedVersion: 1, nextAttemptAt: null, error, errors: [error], unreportedCostUsd: "0.02" }],
  ["whose response is a text", {}, { data: null, content: "# Sorry\n".repeat(50), note: "The response does not have the expected form." }],
])("the tab of an analysis %s is accessible and fits, light and dark, wide and narrow", async (_what, plan, view) => {
  const stored = recordedBody<AnalysisView>(ANALYSIS);
  const { page } = await dashboard.open(`/conversations/${IDS.compacted}?view=analysis`, {
    overrides: {
      [`GET ${ANALYSIS}/plan`]: { ...recordedBody<AnalysisPlan>(`${ANALYSIS}/plan`), ...plan },
      [`GET ${ANALYSIS}`]: view ? (url: URL) => (url.searchParams.has("version") ? stored : { ...stored, ...view }) : apiError(404, "not_found", "None."),
    },
  });
  await expectReadable(page);
}); // prettier-ignore

/** Expects the page to be accessible and to fit: light and wide, dark and narrow. */
async function expectReadable(page: Page): Promise<void> {
  await page.emulateMedia({ reducedMotion: "reduce" });
  expect(await accessibilityProblems(page)).toEqual([]);
  await page.emulateMedia({ colorScheme: "dark" });
  expect(await sidewaysOverflow(page)).toBe(0);
  await page.setViewportSize({ width: 390, height: 844 });
  expect(await accessibilityProblems(page, VISUAL_RULES)).toEqual([]);
  expect(await sidewaysOverflow(page)).toBe(0);
}

const SYNC = "GET /api/mcp/sync/status";
const RENDER = "POST /api/mcp/prompts/render";
const failingSync: PromptSyncStatus = {
  ...recordedBody<PromptSyncStatus>("/api/mcp/sync/status"),
  status: "error",
  repository: `team/${"shared-".repeat(12)}prompts`,
  branch: "main",
  folder: "prompts",
  hasToken: true,
  commit: "0123456789abcdef0123456789abcdef01234567",
  prompts: 12,
  lastTryAt: "2026-11-30T15:58:00.000Z",
  lastSuccessAt: "2026-11-30T14:30:00.000Z",
  nextTryAt: later,
  failuresInRow: 4,
  error: { reason: "rate_limited", message: "GitHub's rate limit is used up." },
  problems: [
    { file: `team/${"long-name-".repeat(20)}.yaml`, line: 2, column: 11, severity: "error", message: `quote ${"x".repeat(200)}` },
    { file: ".", line: 1, column: 1, severity: "warning", message: "not a folder" },
  ],
}; // prettier-ignore
const SPARK = "POST /api/spark/feedback/batch";
const recommendation = {
  session_id: "s-1",
  response: `# Retry with **one** key\n\n${"long".repeat(60)}\n\n| a | b |\n| --- | --- |\n| 1 | 2 |`,
  confidence: 0.82,
  sources: [{ url: "https://kb.example/retries", title: "Retries" }],
};
const withRecommendation = {
  ...recordedBody<RequestDetail>(`/api${REQUEST}`),
  responseBody: null,
  requestBody: {
    messages: [
      { role: "user", content: "Please." },
      { role: "assistant", content: [{ type: "tool_use", id: "t", name: "mcp__spark__get_recommendation", input: { request: { query: "How?" } } }] },
      { role: "user", content: [{ type: "tool_result", tool_use_id: "t", content: [{ type: "text", text: JSON.stringify(recommendation) }] }] },
    ],
  },
}; // prettier-ignore

it.each<[string, string, string, Record<string, unknown>]>([
  ["prompts of a failing repository", "/prompts", ".callout >> text=rate limit", { [SYNC]: failingSync }],
  ["no prompts", "/prompts", "text=No prompts yet", { "GET /api/mcp/prompts": { prompts: [], total: 0 } }],
  ["no database for prompts", "/prompts", ".problem-title", { "GET /api/mcp/prompts": apiError(503, "unavailable", "Down.") }],
  ["a prompt that cannot be rendered", "/prompts/review", ".prompt-error", { [RENDER]: { text: null, error: `The prompt "review" line 3: ${"deep".repeat(80)}` } }],
  ["a recommendation without Spark's key", REQUEST, ".recommendation .note", { [SPARK]: apiError(503, "not_configured", "Feedback is off. Set SPARK_API_KEY.") }],
  ["a recommendation while Spark fails", REQUEST, ".recommendation >> text=could not be loaded", { [SPARK]: apiError(503, "unavailable", "Spark did not respond within 10 s.") }],
])("the page with %s is accessible and fits, light and dark, wide and narrow", async (_what, path, state, overrides) => {
  const { page } = await dashboard.open(path, { overrides: { [`GET /api${REQUEST}`]: withRecommendation, ...overrides } });
  expect(await page.locator(state).count()).toBeGreaterThan(0);
  await expectReadable(page);
}); // prettier-ignore

it("the list of conversations previews the last exchange on hover and with the keyboard; Esc closes it", async () => {
  const { page } = await dashboard.open("/conversations");
  const card = page.locator("#preview-card");
  await page.locator(`.conversations tbody tr:has(a[href*="${IDS.conversation}"])`).hover();
  await card.waitFor({ state: "visible" });
  expect(await card.textContent()).toContain("You");
  await page.keyboard.press("Escape");
  expect(await card.isVisible()).toBe(false);
  await page.mouse.move(2, 2);
  await page.keyboard.press("j");
  await card.waitFor({ state: "visible" });
});

describe("the page of a request", () => {
  it("finds words in its JSON, unfolds each match and steps to the next", async () => {
    const { page } = await dashboard.open(`${REQUEST}?tab=raw`);
    const found = page.locator("[data-json-found]");
    await page.fill("[data-json-search] input", "npm test");
    await expect.poll(() => found.textContent()).toMatch(/^1 of \d+$/);
    const isSeen = () =>
      page.evaluate(() => {
        const [range] = [...(CSS.highlights.get("json-now") ?? [])] as Range[];
        return range !== undefined && range.getBoundingClientRect().height > 0;
      });
    expect(await isSeen()).toBe(true);
    await page.press("[data-json-search] input", "Enter");
    await expect.poll(() => found.textContent()).toMatch(/^2 of /);
    expect(await isSeen()).toBe(true);
    await page.fill("[data-json-search] input", "no such words");
    await expect.poll(() => found.textContent()).toBe("No matches");
    await page.click("[data-json-fold=close]");
    expect(await page.locator(".json-branch[open]").count()).toBe(0);
  });

  it("copies the request's JSON", async () => {
    const { page } = await dashboard.open(`${REQUEST}?tab=raw`);
    await page.click("button[data-copy-from]");
    await page.waitForSelector("button.copied");
    const text = await page.evaluate(() => navigator.clipboard.readText());
    expect(JSON.parse(text)).toHaveProperty("messages");
  });

  it("shows every tab without browser errors", async () => {
    for (const tab of ["conversation", "raw", "headers", "stream"]) {
      const { page } = await dashboard.open(`${REQUEST}?tab=${tab}`, { variant: "malicious" });
      expect(await page.locator("h1").count(), tab).toBe(1);
    }
  });
});
