/** Live updates of open pages: without reloading, without scrolling, and without losing a selection. */
import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import type { DemoStack } from "../../support/demo-stack.ts";

/** A mark that a reloaded page does not have. */
const mark = (page: Page) => page.evaluate("globalThis.markedByTest = true");
const isSame = (page: Page) => page.evaluate("globalThis.markedByTest === true");

async function openLive(demo: DemoStack, path: string) {
  const { page } = await demo.open(path);
  await page.waitForSelector("[data-live-state=live]");
  await mark(page);
  return page;
}

export function describeLiveness(demo: () => DemoStack): void {
  describe("live updates", () => {
    it("add a stored request to the list and keep focus, marked row and scroll position", async () => {
      const page = await openLive(demo(), "/requests");
      for (let steps = 0; steps < 20; steps++) await page.keyboard.press("j");
      const focused = () => page.evaluate("document.activeElement.getAttribute('href')");
      const [link, top] = [await focused(), await page.evaluate("scrollY")];
      const requestId = await demo().exchange("Does the list see me?");
      await page.waitForSelector(`a.row-link[href^="/requests/${requestId}"]`);
      expect(await isSame(page)).toBe(true);
      expect(await focused()).toBe(link);
      expect(await page.locator("[data-marked] a.row-link").getAttribute("href")).toBe(link);
      expect(await page.evaluate("scrollY")).toBe(top);
    });

    it("count it on the overview, keep folds open, and put a new conversation first in the list", async () => {
      const [page, list] = await Promise.all([openLive(demo(), "/"), openLive(demo(), "/conversations")]);
      await page.click(".chart-table > summary");
      const count = async () =>
        Number((await page.locator(".stat-value").first().getAttribute("title"))?.replaceAll(",", ""));
      const before = await count();
      await demo().exchange("A conversation that nobody has had before.");
      await expect.poll(count).toBe(before + 1);
      expect(await page.locator(".chart-table[open]").count()).toBe(1);
      const first = list.locator("table.conversations a.row-link").first();
      await expect.poll(() => first.textContent()).toContain("nobody has had before");
      expect([await isSame(page), await isSame(list)]).toEqual([true, true]);
    });

    it("keep a selection, and do not change older pages", async () => {
      const page = await openLive(demo(), "/requests");
      const first = page.locator("table.requests a.row-link").first();
      const newest = await first.getAttribute("href");
      await page.evaluate(
        "getSelection().selectAllChildren(document.querySelector('table.requests tbody tr'))",
      );
      const asked = page.waitForResponse((response) => response.request().resourceType() === "fetch");
      await demo().exchange("Would I disturb anybody?");
      await (await asked).finished();
      expect(await first.getAttribute("href")).toBe(newest);
      await page.click(".pager a[rel=next]");
      await page.waitForURL(/cursor=/);
      expect(await page.locator("[data-live]").count()).toBe(0);
    });
  });
}
