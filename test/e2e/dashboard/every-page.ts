/** Every page, light and dark, at desktop and phone width; and that each check detects what it checks for. */
import type { Page, Response } from "playwright-core";
import { expect, it } from "vitest";
import type { AnalysisList } from "../../../workers/schemas/api/analyses.ts";
import type { ConversationDetail, ConversationList } from "../../../workers/schemas/api/conversations.ts";
import type { RequestList } from "../../../workers/schemas/api/requests.ts";
import { accessibilityProblems, VISUAL_RULES } from "../../support/accessibility.ts";
import type { DemoStack } from "../../support/demo-stack.ts";
import { recommendationPath } from "./recommendations.ts";
import { sidewaysOverflow } from "../../support/watched-page.ts";

/** Limits of a page's first screen and of its scripts. */
const MOST_BYTES = 100_000;
const DESK = { width: 1440, height: 900 };
const PHONE = { width: 390, height: 844 };

/** A path of each kind of page, over the demo's day. */
async function everyPath(demo: DemoStack): Promise<string[]> {
  const { getJson: ask, branchedConversation: talk } = demo;
  const { requests } = await ask<RequestList>("/api/requests?limit=500");
  const detail = await ask<ConversationDetail>(`/api/conversations/${talk}?limit=1`);
  const branch = (kind: string) => detail.branches.find((one) => one.kind === kind)!.branchKey;
  const calling = requests.toSorted((left, right) => right.toolCallCount - left.toolCallCount)[0]!;
  const failed = requests.find(({ responseStatus }) => responseStatus === 529)!;
  const compared = `compare=${branch("compact")}`;
  const { analyses } = await ask<AnalysisList>("/api/analyses");
  const { conversations } = await ask<ConversationList>("/api/conversations?limit=200");
  const off = conversations.find(({ domain }) => domain === "research.claude.example")!;
  const idle = conversations.find(
    ({ domain, conversationId }) =>
      domain === "platform.claude.example" && analyses.every((row) => row.conversationId !== conversationId),
  )!;
  const twice = analyses.find(({ version }) => version === 2)!;
  const analysisTab = ({ conversationId }: { conversationId: string }) =>
    `/conversations/${conversationId}?view=analysis`;
  return [
    "/",
    "/requests",
    ...["conversation", "raw", "headers", "stream"].map((tab) => `/requests/${calling.requestId}?tab=${tab}`),
    `/requests/${failed.requestId}`,
    "/conversations",
    ...["", "?view=tree", "?view=timeline", `?${compared}`, `?branch=${branch("subtask")}`].map(
      (look) => `/conversations/${talk}${look}`,
    ),
    await recommendationPath(demo, false),
    await recommendationPath(demo, true),
    "/usage",
    `/usage?accountId=${detail.accountId}`,
    "/errors",
    "/prompts",
    "/prompts/review",
    "/analyses",
    // Done, running, failed, idle and off.
    ...[...analyses, idle, off].map(analysisTab),
    `${analysisTab(twice)}&against=1`,
    "/domains",
    `/domains/${detail.domain}`,
    "/domains/new",
    "/accounts",
    `/accounts/${detail.accountId}`,
    `/accounts/${detail.accountId}/login`,
    "/audit",
    "/settings?show=linking",
    "/nowhere",
  ];
}

export function describeEveryPage(demo: () => DemoStack): void {
  it("every page has no serious axe violation, no horizontal scrolling, no browser error, and stays below its size limits", async () => {
    const { page, browserErrors } = await demo().open();
    // A running transition would be checked in between.
    await page.emulateMedia({ reducedMotion: "reduce" });
    const weight = weighing(page);
    const found: string[] = [];
    for (const path of await everyPath(demo())) {
      await page.setViewportSize(DESK);
      await page.emulateMedia({ colorScheme: "light" });
      const response = await page.goto(demo().url + path);
      const note = (problems: string[]) => found.push(...problems.map((problem) => `${path}: ${problem}`));
      expect(response?.status(), path).toBe(path === "/nowhere" ? 404 : 200);
      expect(await page.locator("h1").count(), path).toBe(1);
      note(await accessibilityProblems(page));
      note(await overflow(page));
      await page.emulateMedia({ colorScheme: "dark" });
      // At phone width, the tree and the navigation are hidden.
      if (path === "/" || path.includes("view=tree"))
        note(await accessibilityProblems(page, ["color-contrast"]));
      await page.setViewportSize(PHONE);
      note(await overflow(page));
      note(await accessibilityProblems(page, VISUAL_RULES));
      note(await weight());
      note(browserErrors.splice(0).filter((words) => path !== "/nowhere" || !words.includes("404")));
    }
    expect(found).toEqual([]);
  });

  it("every page redirects to sign-in without a session", async () => {
    for (const path of await everyPath(demo())) {
      const response = await fetch(demo().url + path, { redirect: "manual" });
      expect(response.status, path).toBe(302);
      expect(response.headers.get("location"), path).toMatch(/^\/sign-in/);
    }
  });

  it.each([
    ["a script within the page", "<script>document.title = 'ran'</script>"],
    ["a handler within the page", `<img src="/favicon.svg" onload="document.title = 'ran'">`],
    ["a style within the page", `<p style="color: red">red</p>`],
    ["a picture from elsewhere", `<img src="https://elsewhere.example/pixel.png">`],
  ])("the checks of pages detect %s", async (_what, markup) => {
    const { page, browserErrors } = await demo().open(undefined, { causesErrors: true });
    await page.route("**/settings", async (route) => {
      const response = await route.fetch();
      const body = (await response.text()).replace("</main>", `${markup}</main>`);
      await route.fulfill({ response, body });
    });
    await page.goto(`${demo().url}/settings`);
    await expect.poll(() => browserErrors.join("\n")).toContain("Content Security Policy");
    expect(await page.title()).not.toBe("ran");
  });

  it("the checks of pages detect a dialog, a script error, a missing file, and content that is too wide", async () => {
    const { page, browserErrors } = await demo().open("/settings", { causesErrors: true });
    await page.evaluate("setTimeout(() => { alert('here'); missing(); })");
    await page.evaluate("fetch('/assets/none.js')");
    await expect.poll(() => browserErrors.length).toBe(3);
    await page.evaluate("document.querySelector('h1').textContent = 'n'.repeat(3000)");
    await page.evaluate("document.querySelector('h1').style.overflowWrap = 'normal'");
    await page.evaluate("document.querySelector('h1').style.whiteSpace = 'nowrap'");
    expect(await sidewaysOverflow(page)).toBeGreaterThan(0);
  });
}

async function overflow(page: Page): Promise<string[]> {
  const pixels = await sidewaysOverflow(page);
  return pixels === 0 ? [] : [`scrolls sideways by ${pixels} pixels at ${page.viewportSize()?.width}`];
}

/** Documents and scripts above their limits since the last call. */
function weighing(page: Page): () => Promise<string[]> {
  let responses: Response[] = [];
  page.on("response", (response) => responses.push(response));
  return async () => {
    const loaded = responses;
    responses = [];
    const bytesOf = async (type: string) => {
      const own = loaded.filter((response) => response.request().resourceType() === type);
      const bodies = await Promise.all(own.map((response) => response.body()));
      return bodies.reduce((sum, body) => sum + body.byteLength, 0);
    };
    const [document, script] = [await bytesOf("document"), await bytesOf("script")];
    return [
      ...(document > MOST_BYTES ? [`its first screen has ${document} bytes`] : []),
      ...(script > MOST_BYTES ? [`its scripts have ${script} bytes`] : []),
    ];
  };
}
