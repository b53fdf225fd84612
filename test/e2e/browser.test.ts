/** The dashboard in a real Chromium: signing in, every page, both themes, both widths, nothing refused by the CSP. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { startFakeClaude, type FakeClaude } from "../../scripts/local/fake-claude.ts";
import type { LocalWorld } from "../../scripts/local/host.ts";
import { accessibilityProblems } from "../support/accessibility.ts";
import { startBrowser } from "../support/browser.ts";
import { startLocalWorld } from "../support/local-world.ts";

let fake: FakeClaude;
let world: LocalWorld;
let browser: Browser;
let requestId: string | null;

beforeAll(async () => {
  [fake, browser] = await Promise.all([startFakeClaude(), startBrowser()]);
  world = await startLocalWorld({ variables: { CLAUDE_API_BASE_URL: fake.url } });
  const response = await fetch(`${world.proxyUrl}/v1/messages`, {
    method: "POST",
    headers: {
      "x-api-key": "sk-ant-api03-x",
      "anthropic-version": "2023-06-01",
      "content-type": "application/json",
    },
    body: JSON.stringify({
      model: "claude-sonnet-5-5",
      max_tokens: 300,
      messages: [{ role: "user", content: "Why does <script>alert(1)</script> show as text?" }],
    }),
  });
  await response.text();
  requestId = response.headers.get("x-nexus-request-id");
  await vi.waitFor(
    async () => {
      const found = await fetch(`${world.proxyUrl}/api/requests/${requestId}`, {
        headers: { "x-dashboard-key": world.dashboardKey },
      });
      expect(found.status).toBe(200);
    },
    { timeout: 10_000, interval: 200 },
  );
});

afterAll(async () => {
  await browser.close();
  await world.stop();
  await fake.stop();
});

/** A page that writes down what the browser complains about. */
async function openPage(
  width: number,
  colorScheme: "light" | "dark",
): Promise<{ page: Page; complaints: string[] }> {
  const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  return { page, complaints };
}

async function signIn(page: Page, key: string): Promise<void> {
  await page.goto(`${world.dashboardUrl}/requests`);
  await page.fill("input[name=key]", key);
  await page.click("form button[type=submit], form button:not([type])");
}

describe("the dashboard", () => {
  it("asks for the key, refuses a wrong one and goes where one wanted to go", async () => {
    const { page } = await openPage(1440, "light");
    await signIn(page, "wrong");
    expect(page.url()).toContain("/sign-in");
    await signIn(page, world.dashboardKey);
    expect(new URL(page.url()).pathname).toBe("/requests");
    const [cookie] = (await page.context().cookies()).filter((one) => one.name === "nexus_session");
    expect(cookie).toMatchObject({ httpOnly: true, sameSite: "Lax" });
    await page.context().close();
  });

  it.each([
    [1440, "light"],
    [1440, "dark"],
    [390, "light"],
    [390, "dark"],
  ] as const)(
    "shows every page at %i px in %s without complaint, sideways scrolling or what axe calls serious",
    async (width, scheme) => {
      const { page, complaints } = await openPage(width, scheme);
      await signIn(page, world.dashboardKey);
      for (const path of [
        "/",
        "/requests",
        `/requests/${requestId}`,
        "/conversations",
        "/usage",
        "/errors",
        "/domains",
        "/domains/new",
        "/accounts",
        "/audit",
        "/settings",
      ]) {
        const response = await page.goto(world.dashboardUrl + path);
        expect(response?.status(), path).toBe(200);
        expect(await page.locator("h1").count(), path).toBe(1);
        expect(
          await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth),
          path,
        ).toBeLessThanOrEqual(0);
        for (const problem of await accessibilityProblems(page)) complaints.push(`${path}: ${problem}`);
      }
      expect(complaints).toEqual([]);
      await page.context().close();
    },
  );

  it("shows what was asked as text, never as markup", async () => {
    const { page } = await openPage(1440, "light");
    await signIn(page, world.dashboardKey);
    await page.goto(`${world.dashboardUrl}/requests/${requestId}`);
    expect(await page.textContent("main")).toContain("<script>alert(1)</script>");
    await page.context().close();
  });

  it("leads from the list of conversations to what was said, and from there to the request", async () => {
    const { page, complaints } = await openPage(1440, "light");
    await signIn(page, world.dashboardKey);
    await page.goto(`${world.dashboardUrl}/conversations`);
    await page.click(".conversations a.row-link");
    await page.waitForURL(/\/conversations\/[0-9a-f-]{36}/);
    expect(await page.textContent("main")).toContain("Why does <script>alert(1)</script> show as text?");
    expect(await page.locator("li.branch").count()).toBe(1);
    await page.waitForSelector(".tree-frame.is-live .node");
    for (const look of ["Tree", "Timeline"]) {
      await page.click(`.tabs >> text=${look}`);
      await page.waitForURL(/view=/);
      expect(await page.locator(".tree-drawing .node, .timeline [data-row]").count(), look).toBe(1);
    }
    await page.click(".tabs >> text=Transcript");
    await page.click("text=The last request of this branch");
    await page.waitForURL(`**/requests/${requestId}`);
    expect(complaints).toEqual([]);
    await page.context().close();
  });
});
