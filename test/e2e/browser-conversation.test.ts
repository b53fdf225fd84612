/** The pages of a conversation and of a request in a real Chromium, over recorded responses. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AnalysisPlan, AnalysisView } from "../../workers/schemas/api/analyses.ts";
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
  await page.emulateMedia({ reducedMotion: "reduce" });
  expect(await accessibilityProblems(page)).toEqual([]);
  await page.emulateMedia({ colorScheme: "dark" });
  expect(await sidewaysOverflow(page)).toBe(0);
  await page.setViewportSize({ width: 390, height: 844 });
  expect(await accessibilityProblems(page, VISUAL_RULES)).toEqual([]);
  expect(await sidewaysOverflow(page)).toBe(0);
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
