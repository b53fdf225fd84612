/**
 * The tree of a conversation in a real Chromium, over recorded responses: drag, zoom, keyboard, current message, cards; no
 * violation of the content security policy. dashboard.test.ts tests the same drawing over a real Worker.
 */
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { longConversation } from "../support/long-conversation.ts";
import { IDS, type ReplayOptions } from "../support/replayed-api.ts";
import { type ReplayedDashboard, startReplayedDashboard } from "../support/replayed-dashboard.ts";

let dashboard: ReplayedDashboard;
beforeAll(async () => {
  dashboard = await startReplayedDashboard();
});
afterAll(() => dashboard.stop());

/** The recorded conversation, or the long one, once its tree can be moved. */
async function open(query = "", { width = 1440, ...options }: ReplayOptions & { width?: number } = {}) {
  const opened = await dashboard.open(`/conversations/${IDS.conversation}${query}`, { width, ...options });
  if (width > 760) await opened.page.waitForSelector(".tree-frame.is-live");
  return opened;
}

/** Scale and translation of the drawing. */
async function transform(page: Page): Promise<{ x: number; y: number; k: number }> {
  const text = (await page.locator("[data-tree-moves]").getAttribute("transform")) ?? "";
  const [, x, y, k] = /translate\(([-\d.e]+),([-\d.e]+)\) scale\(([\d.e-]+)\)/.exec(text) ?? [];
  return { x: Number(x), y: Number(y), k: Number(k) };
}

async function middle(page: Page) {
  const box = (await page.locator("[data-tree]").boundingBox())!;
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
}

describe("the tree of a conversation", () => {
  it("follows the pointer, and scrolls with the wheel until its end", async () => {
    const { page } = await open();
    const before = await transform(page);
    const { x, y } = await middle(page);
    await page.mouse.move(x, y);
    await page.mouse.down();
    await page.mouse.move(x, y - 60, { steps: 4 });
    await page.mouse.up();
    const dragged = await transform(page);
    expect(dragged.y).toBeLessThan(before.y);
    await page.mouse.wheel(0, 100);
    await expect.poll(async () => (await transform(page)).y).toBeLessThan(dragged.y);
    expect((await transform(page)).k).toBe(1);
  });

  it("zooms with Ctrl and wheel about the pointer, with buttons and with keys, and fits", async () => {
    const { page } = await open();
    const { x, y } = await middle(page);
    await page.mouse.move(x, y);
    await page.keyboard.down("Control");
    await page.mouse.wheel(0, -200);
    await page.keyboard.up("Control");
    await expect.poll(async () => (await transform(page)).k).toBeGreaterThan(1);
    const wheeled = (await transform(page)).k;
    await page.click("[data-tree-zoom=in]");
    expect((await transform(page)).k).toBeGreaterThan(wheeled);
    await page.click("[data-tree-zoom=fit]");
    expect((await transform(page)).k).toBeLessThan(1);
    const frame = (await page.locator("[data-tree]").boundingBox())!;
    for (const item of [page.locator(".node").first(), page.locator(".node").last()]) {
      const box = (await item.boundingBox())!;
      expect(box.y).toBeGreaterThanOrEqual(frame.y - 1);
      expect(box.y + box.height).toBeLessThanOrEqual(frame.y + frame.height + 1);
    }
    const fitted = (await transform(page)).k;
    await page.locator(".node").first().focus();
    await page.keyboard.press("+");
    expect((await transform(page)).k).toBeGreaterThan(fitted);
    await page.keyboard.press("-");
    await page.keyboard.press("-");
    expect((await transform(page)).k).toBeLessThan(fitted);
    await page.keyboard.press("0");
    expect((await transform(page)).k).toBeCloseTo(fitted);
  });

  it("is one stop for Tab, walked with arrows, Home and End; Enter opens", async () => {
    const { page } = await open();
    expect(await page.locator('[data-tree] [tabindex="0"]').count()).toBe(1);
    const focused = () => page.evaluate("document.activeElement.getAttribute('aria-label') ?? ''");
    await page.locator(".node").first().focus();
    await page.keyboard.press("ArrowDown");
    expect(await focused()).toContain("3 messages");
    await page.keyboard.press("ArrowRight");
    expect(await focused()).toContain("sub-task 1, 2 requests");
    await page.keyboard.press("ArrowDown");
    expect(await focused()).toContain("sub-task 2, 1 request");
    await page.keyboard.press("ArrowLeft");
    expect(await focused()).not.toContain("sub-task 2");
    await page.keyboard.press("End");
    expect(await focused()).toContain("11 messages");
    const [end, frame] = [
      (await page.locator(".node").last().boundingBox())!,
      (await page.locator("[data-tree]").boundingBox())!,
    ];
    expect(end.y + end.height).toBeLessThanOrEqual(frame.y + frame.height);
    await page.keyboard.press("Home");
    expect(await focused()).toContain("1 message");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await expect.poll(() => new URL(page.url()).hash).toBe("#message-3");
    await page.locator(".box").first().focus();
    await page.keyboard.press("Enter");
    await page.waitForURL(/branch=/);
  });

  it("shows a card of 250 × 130 above a sub-task on hover and on focus, which Esc closes", async () => {
    const { page } = await open();
    const box = page.locator(".box").first();
    const card = page.locator("#tree-card");
    expect(await card.isVisible()).toBe(false);
    await box.hover();
    await card.waitFor({ state: "visible" });
    expect(await card.textContent()).toContain("Look for every place that mocks the clock");
    const [above, below] = [(await card.boundingBox())!, (await box.boundingBox())!];
    expect([above.width, above.height]).toEqual([250, 130]);
    expect(above.y + above.height).toBeLessThanOrEqual(below.y);
    await page.mouse.move(5, 5);
    await card.waitFor({ state: "hidden" });
    await page.locator(".node").first().focus();
    await page.keyboard.press("ArrowDown");
    await card.waitFor({ state: "visible" });
    await page.keyboard.press("Escape");
    await card.waitFor({ state: "hidden" });
  });

  it("marks the node of the visible message", async () => {
    const { page } = await open();
    const marked = async (message: string, scroll: string) => {
      await page.evaluate(scroll);
      const node = (await page.locator(message).getAttribute("data-node"))!;
      await page.waitForSelector(`.node[data-item="${node}"][aria-current="true"]`);
      return node;
    };
    const last = await marked("#message-12", "scrollTo(0, document.documentElement.scrollHeight)");
    const [node, frame] = [
      (await page.locator(".node[aria-current]").boundingBox())!,
      (await page.locator("[data-tree]").boundingBox())!,
    ];
    expect(node.y).toBeGreaterThanOrEqual(frame.y);
    expect(node.y + node.height).toBeLessThanOrEqual(frame.y + frame.height);
    expect(await marked("#message-1", "scrollTo(0, 0)")).not.toBe(last);
    expect(await page.locator(".node[aria-current]").count()).toBe(1);
  });

  it("follows a click on a node, but not a drag", async () => {
    const { page } = await open();
    const node = page.locator(".tree-drawing .node").nth(1);
    const { x, y } = (await node.locator("circle").first().boundingBox())!;
    await page.mouse.move(x + 12, y + 12);
    await page.mouse.down();
    await page.mouse.move(x + 12, y + 72, { steps: 4 });
    await page.mouse.up();
    expect(new URL(page.url()).hash).toBe("");
    await node.locator("circle").first().click();
    await expect.poll(() => new URL(page.url()).hash).toBe("#message-3");
  });

  it("opens a run in place", async () => {
    const { page } = await open("?view=tree", longConversation());
    const before = await page.locator("[data-item]").count();
    const runs = await page.locator("a.run").count();
    await page.locator("a.run").first().click();
    await expect.poll(() => page.url()).toMatch(/open=\d+/);
    await page.waitForSelector(".tree-frame.is-live .node[aria-current]");
    expect(await page.locator("[data-item]").count()).toBeGreaterThan(before);
    expect(await page.locator("a.run").count()).toBeLessThanOrEqual(runs + 1);
  });

  it("is a list on a phone, without sideways scrolling", async () => {
    const { page } = await open("", { width: 390 });
    expect(await page.locator(".tree-panel").isVisible()).toBe(false);
    expect(await page.locator("li.branch").count()).toBe(4);
    expect(
      await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth),
    ).toBeLessThanOrEqual(0);
  });

  it("draws five thousand requests in at most 300 ms", async () => {
    const { page } = await open("?view=tree", longConversation());
    const drawn = await page.evaluate(() => {
      const frame = document.querySelector<HTMLElement>("[data-tree]")!;
      const made = frame.cloneNode(true) as HTMLElement;
      frame.remove();
      const started = performance.now();
      document.querySelector(".tree-panel")!.append(made);
      made.getBoundingClientRect();
      return new Promise<number>((resolve) => {
        requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now() - started)));
      });
    });
    expect(drawn).toBeLessThan(300);
  });
});
