/** The tree of the day's conversation that branched most: moved with pointer, wheel, buttons and keys. */
import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import type { ConversationTree } from "../../../workers/schemas/api/conversations.ts";
import type { DemoStack } from "../../support/demo-stack.ts";

async function transform(page: Page): Promise<{ x: number; y: number; k: number }> {
  const text = (await page.locator("[data-tree-moves]").getAttribute("transform")) ?? "";
  const [, x, y, k] = /translate\(([-\d.e]+),([-\d.e]+)\) scale\(([\d.e-]+)\)/.exec(text) ?? [];
  return { x: Number(x), y: Number(y), k: Number(k) };
}

export function describeTree(demo: () => DemoStack): void {
  describe("the tree", () => {
    it("draws every branch and task of the conversation", async () => {
      const { page } = await demo().open();
      await page.goto(`${demo().url}/conversations/${demo().branchedConversation}?view=tree`);
      const tree = await demo().getJson<ConversationTree>(
        `/api/conversations/${demo().branchedConversation}/tree`,
      );
      const of = (kind: string) => tree.branches.filter((branch) => branch.kind === kind);
      expect(await page.locator(".box").count()).toBe(
        of("subtask").length + tree.tasks.filter(({ branch }) => branch === null).length,
      );
      expect(await page.locator(".branch-label").count()).toBe(of("branch").length + of("compact").length);
      expect(await page.locator(".edge.compact").count()).toBeGreaterThan(0);
      const label = (await page.locator(".box text").first().textContent()) ?? "";
      expect(label).toBe(`sub-task 1 (${of("subtask")[0]!.requests})`);
      await page.context().close();
    });

    it("is dragged, zoomed, fitted and walked, and leads to a sub-task's transcript", async () => {
      const { page, browserErrors } = await demo().open();
      await page.goto(`${demo().url}/conversations/${demo().branchedConversation}`);
      await page.waitForSelector(".tree-frame.is-live");
      const frame = (await page.locator("[data-tree]").boundingBox())!;
      const [x, y] = [frame.x + frame.width / 2, frame.y + frame.height / 2];
      const before = await transform(page);
      await page.mouse.move(x, y);
      await page.mouse.down();
      await page.mouse.move(x, y - 60, { steps: 4 });
      await page.mouse.up();
      expect((await transform(page)).y).toBeLessThan(before.y);
      await page.keyboard.down("Control");
      await page.mouse.wheel(0, -200);
      await page.keyboard.up("Control");
      await expect.poll(async () => (await transform(page)).k).toBeGreaterThan(1);
      await page.click("[data-tree-zoom=fit]");
      const fitted = (await transform(page)).k;
      await page.click("[data-tree-zoom=in]");
      expect((await transform(page)).k).toBeGreaterThan(fitted);
      await page.locator(".node").first().focus();
      const named = () => page.evaluate("document.activeElement.getAttribute('data-item')");
      const first = await named();
      await page.keyboard.press("0");
      expect((await transform(page)).k).toBeCloseTo(fitted);
      await page.keyboard.press("ArrowDown");
      expect(await named()).not.toBe(first);
      await page.keyboard.press("Home");
      expect(await named()).toBe(first);
      await page.locator(".box").first().focus();
      await page.locator("#tree-card").waitFor({ state: "visible" });
      expect(await page.textContent("#tree-card")).toContain("sub-task 1");
      await page.keyboard.press("Enter");
      await page.waitForURL(/branch=/);
      expect(await page.textContent(".transcript-bar")).toContain("subtask_1");
      expect(browserErrors).toEqual([]);
      await page.context().close();
    });
  });
}
