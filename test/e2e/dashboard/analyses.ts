/** Analyses in the browser: turned on, requested, live, tried again, and without a script. */
import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import type { ConversationList } from "../../../workers/schemas/api/conversations.ts";
import { apiJson } from "../../support/api-calls.ts";
import type { DemoStack } from "../../support/demo-stack.ts";
import { waitUntil } from "../../support/wait.ts";

/** The domain of DemoStack.exchange. */
const DOMAIN = "127.0.0.1";

/** The tab of a new conversation with this prompt; analysis of its domain is on or off. */
async function newTab(demo: DemoStack, prompt: string, analysisEnabled: boolean): Promise<string> {
  await demo.exchange(prompt);
  await apiJson(demo.demo.stack, `/api/domains/${DOMAIN}/analysis`, {
    method: "PUT",
    body: { analysisEnabled },
  });
  const conversationId = await waitUntil(async () => {
    const { conversations } = await demo.getJson<ConversationList>("/api/conversations?limit=20");
    return conversations.find(({ title }) => title === prompt)?.conversationId;
  });
  return `/conversations/${conversationId}?view=analysis`;
}

const statusOf = (page: Page) => page.locator(".analysis-overview .status").first().innerText();

export function describeAnalyses(demo: () => DemoStack): void {
  describe("an analysis", () => {
    it("is turned on, requested with own instructions, and done without loading the page again", async () => {
      const tab = await newTab(demo(), "Why does the parser lose the last line?", false);
      const { page } = await demo().open(tab);
      await page.click("text=Turn on for this domain");
      await page.waitForSelector(".analysis-form");
      expect(page.url()).toBe(demo().url + tab);
      await page.click("text=Edit the instructions");
      await page.fill(".analysis-form textarea", "Look at the tests only.");
      await page.click('button:text-is("Analyze")');
      await page.waitForSelector(".analysis-overview");
      await page.evaluate("globalThis.isSame = true");
      await expect.poll(() => statusOf(page)).toBe("Completed");
      expect(await page.evaluate("globalThis.isSame")).toBe(true);
      await page.click("text=Custom");
      expect(await page.locator(".analysis-overview").innerText()).toContain("Look at the tests only.");
      await page.click(".tip-messages a");
      await page.waitForURL(/#message-1$/);
      expect(await page.locator("#message-1").count()).toBe(1);
      expect(await page.locator(".analysis-panel").innerText()).toContain("Completed");
    });

    it("that failed says why, and is tried again", async () => {
      const { page } = await demo().open(await newTab(demo(), "Try this twice. [gemini:gone-once]", true));
      await page.click('button:text-is("Analyze")');
      await expect.poll(() => page.locator(".callout").innerText()).toContain("The model is gone.");
      await page.click('button:text-is("Try again")');
      await page.waitForSelector(".analysis-overview");
      await expect.poll(() => statusOf(page)).toBe("Completed");
      expect(await page.locator(".versions li").count()).toBe(2);
    });

    it("works without a script", async () => {
      const tab = await newTab(demo(), "What does this do without a script?", true);
      const { page } = await demo().open(tab, { javaScriptEnabled: false });
      await page.click('button:text-is("Analyze")');
      await expect
        .poll(async () => {
          await page.reload();
          return statusOf(page);
        })
        .toBe("Completed");
      await page.click("text=Analyze again");
      await page.click('.analysis-form button:text-is("Analyze again")');
      await page.waitForSelector("text=version 2");
    });
  });
}
