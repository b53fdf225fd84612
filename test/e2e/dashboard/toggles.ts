/** Tabs, folds, switches, dialogs, copies and downloads. */
import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import type { RequestList } from "../../../workers/schemas/api/requests.ts";
import type { DemoStack } from "../../support/demo-stack.ts";

async function busiestRequest({ getJson }: DemoStack): Promise<string> {
  const { requests } = await getJson<RequestList>("/api/requests?limit=500");
  return requests.toSorted((left, right) => right.toolCallCount - left.toolCallCount)[0]!.requestId;
}

/** Opens and closes every fold of the page, one after the other; returns their number. */
async function useFolds(page: Page): Promise<number> {
  const folds = page.locator("main details:visible");
  const count = await folds.count();
  for (let n = 0; n < count; n++) {
    const fold = folds.nth(n);
    const wasOpen = (await fold.getAttribute("open")) !== null;
    await fold.locator("> summary").click();
    expect((await fold.getAttribute("open")) !== null).toBe(!wasOpen);
    await fold.locator("> summary").click();
  }
  return count;
}

export function describeToggles(demo: () => DemoStack): void {
  it("tabs of a conversation, of a request and of administration show their content and mark the current tab", async () => {
    const { page } = await demo().open();
    const request = await busiestRequest(demo());
    for (const [path, tabs] of [
      [
        `/conversations/${demo().branchedConversation}`,
        {
          Tree: ".tree-panel.alone",
          Timeline: ".timeline",
          Analysis: "#analysis.analysis",
          Transcript: "ol.transcript",
        },
      ],
      [
        `/requests/${request}`,
        {
          "Raw JSON": ".raw .json",
          Headers: "table.headers",
          Stream: "ol.events",
          Conversation: "ol.transcript",
        },
      ],
      ["/domains", { Accounts: ".account-list", "Audit log": "table.audit", Domains: "table.domains" }],
    ] as const) {
      await page.goto(demo().url + path);
      for (const [tab, content] of Object.entries(tabs)) {
        await page.click(`.tabs >> text="${tab}"`);
        await page.waitForSelector(content);
        expect(await page.textContent(".tabs [aria-current]")).toBe(tab);
      }
      expect(new URL(page.url()).pathname, "path of the last tab").toBe(path);
    }
  });

  describe("folds and switches", () => {
    it("open and close on every page", async () => {
      const { page } = await demo().open();
      const request = await busiestRequest(demo());
      for (const path of [
        "/",
        "/usage",
        "/errors",
        "/settings",
        `/requests/${request}`,
        "/domains/checkout.claude.example",
      ]) {
        await page.goto(demo().url + path);
        expect(await useFolds(page), path).toBeGreaterThan(0);
      }
    });

    it("hide tools, show reminders, show more, and update the address", async () => {
      const { page } = await demo().open(`/conversations/${demo().branchedConversation}`);
      expect(await page.locator(".tool").count()).toBeGreaterThan(2);
      expect(await page.locator(".reminders[open]").count()).toBe(0);
      await page.click("text=Hide tool calls");
      await page.waitForURL(/tools=hide/);
      expect(await page.locator(".tool").count()).toBe(0);
      await page.click("text=Show reminders");
      await page.waitForURL(/tools=hide.*reminders=show|reminders=show.*tools=hide/);
      expect(await page.locator(".reminders[open]").count()).toBeGreaterThan(0);
      await page.click("text=Hide reminders");
      await page.click("text=Show tool calls");
      await page.waitForURL((url) => url.search === "");
      const more = page.locator(".show-more:visible").first();
      const hidden = more.locator("> :not(summary)").first();
      expect(await hidden.isVisible()).toBe(false);
      await more.locator("> summary").click();
      expect(await hidden.isVisible()).toBe(true);
      expect(await more.locator("> summary").innerText()).toContain("Show less");
    });

    it("link to the latest request of a branch", async () => {
      const { page } = await demo().open(`/conversations/${demo().branchedConversation}`);
      await page.click(".pager >> text=Latest request");
      await page.waitForURL("**/requests/*");
    });

    it("change the theme of this page and the next", async () => {
      const { page } = await demo().open("/", { colorScheme: "light" });
      const inkOf = () => page.evaluate("getComputedStyle(document.body).color");
      const light = await inkOf();
      const press = () => page.locator(".side-foot [data-theme-switch] button").click();
      await press();
      expect(await page.getAttribute("html", "data-theme")).toBe("light");
      await press();
      expect(await page.getAttribute("html", "data-theme")).toBe("dark");
      const dark = await inkOf();
      expect(dark).not.toBe(light);
      await page.goto(`${demo().url}/usage`);
      expect([await page.getAttribute("html", "data-theme"), await inkOf()]).toEqual(["dark", dark]);
      await press();
      expect(await page.getAttribute("html", "data-theme")).toBe(null);
      expect(await inkOf()).toBe(light);
    });

    it("show the keyboard shortcuts, navigate by them, and navigate by More at phone width", async () => {
      const { page } = await demo().open("/");
      await page.keyboard.press("?");
      expect(await page.locator("dialog#keys").isVisible()).toBe(true);
      await page.keyboard.press("Escape");
      expect(await page.locator("dialog#keys").isVisible()).toBe(false);
      for (const [letter, path] of [
        ["c", "/conversations"],
        ["r", "/requests"],
        ["u", "/usage"],
        ["e", "/errors"],
        ["a", "/analyses"],
        ["d", "/domains"],
        ["h", "/settings"],
        ["o", "/"],
      ] as const) {
        await page.keyboard.press("g");
        await page.keyboard.press(letter);
        await page.waitForURL(demo().url + path);
      }
      await page.setViewportSize({ width: 390, height: 844 });
      await page.click(".more > summary");
      await page.click(".more-sheet >> text=Domains");
      await page.waitForURL(`${demo().url}/domains`);
    });

    it("link from one user message to the next, also to a message that is not loaded yet", async () => {
      const { page } = await demo().open();
      const { requests } = await demo().getJson<RequestList>("/api/requests?limit=500");
      const longest = requests.toSorted((left, right) => right.messageCount - left.messageCount)[0]!;
      await page.goto(`${demo().url}/requests/${longest.requestId}#message-1`);
      await page.waitForURL(/messages=all#message-1$/);
      await page.waitForSelector("#message-1");
      await page.locator("#message-1 a[title='Next user message']").click();
      const next = new URL(page.url()).hash;
      expect(next).toMatch(/^#message-\d+$/);
      await page.locator(`${next} a[title='Previous user message']`).click();
      expect(new URL(page.url()).hash).toBe("#message-1");
    });

    it("open and close a help text", async () => {
      const { page } = await demo().open("/");
      await page.locator(".help-mark").first().click();
      expect(await page.locator(".help-text:popover-open").count()).toBe(1);
      await page.keyboard.press("Escape");
      expect(await page.locator(".help-text:popover-open").count()).toBe(0);
    });

    it("copy text and download files", async () => {
      const { page } = await demo().open();
      await page.context().grantPermissions(["clipboard-read", "clipboard-write"], { origin: demo().url });
      const request = await busiestRequest(demo());
      await page.goto(`${demo().url}/requests/${request}`);
      await page.click("button[data-copy]");
      await page.waitForSelector("button.copied");
      expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(request);
      const fileOf = async (click: string) => {
        const [download] = await Promise.all([page.waitForEvent("download"), page.click(click)]);
        const stream = await download.createReadStream();
        const chunks: Buffer[] = [];
        for await (const chunk of stream) chunks.push(chunk as Buffer);
        return Buffer.concat(chunks).toString();
      };
      expect(JSON.parse(await fileOf(".downloads >> text=Request"))).toHaveProperty("messages");
      expect(await fileOf(".downloads >> text=Response")).toContain("message_start");
      await page.goto(`${demo().url}/conversations/${demo().branchedConversation}`);
      await page.click(".menu > summary");
      expect(await fileOf(".menu >> text=Markdown")).toContain("payment webhooks");
      await page.goto(`${demo().url}/usage`);
      expect(await fileOf('.usage.rows >> nth=0 >> xpath=ancestor::section >> a:text-is("CSV")')).toContain(
        "cost_usd",
      );
    });
  });
}
