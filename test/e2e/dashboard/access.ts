/** Signing in and out, and sessions that end while a page is open. */
import pg from "pg";
import type { Page, Route } from "playwright-core";
import { expect, it } from "vitest";
import type { DemoStack } from "../../support/demo-stack.ts";

const WANTED = "/requests?status=2xx";
const SIGN_IN = `/sign-in?next=${encodeURIComponent(WANTED)}`;

const addressOf = (page: Page) => page.url().replace(/^https?:\/\/[^/]+/, "");

async function enter(page: Page, key: string): Promise<void> {
  await page.fill("input[name=key]", key);
  await page.press("input[name=key]", "Enter");
}

export function describeAccess(demo: () => DemoStack): void {
  it("signing in is required on every page, rejects a wrong key with a message, and leads to the requested page", async () => {
    const { page, browserErrors } = await demo().open(WANTED, { signedIn: false, causesErrors: true });
    expect(addressOf(page)).toBe(SIGN_IN);
    await enter(page, "wrong");
    await page.waitForSelector("#sign-in-message");
    expect(await page.textContent("[role=alert]")).toContain("key");
    expect(await page.getAttribute("input[name=key]", "aria-invalid")).toBe("true");
    await enter(page, demo().demo.stack.dashboardKey);
    await page.waitForURL(`**${WANTED}`);
    const [cookie] = (await page.context().cookies()).filter(({ name }) => name === "nexus_session");
    expect(cookie).toMatchObject({ httpOnly: true, sameSite: "Lax" });
    // The browser reports the status 401, and nothing else.
    expect(browserErrors).toEqual([expect.stringContaining("401")]);
  });

  it("signing in ends with signing out: neither Back nor the old cookie opens a page", async () => {
    const { page } = await signedInAnew(demo());
    const cookies = await page.context().cookies();
    // The page's live connection is authenticated between the end of the session and the response to the sign-out.
    const connecting: Route[] = [];
    await page.route("**/live", (route) => void connecting.push(route));
    await page.route("**/sign-out", async (route) => {
      const response = await route.fetch({ maxRedirects: 0 });
      for (const live of connecting) {
        await live.continue().catch(() => undefined);
        await live
          .request()
          .response()
          .catch(() => null);
      }
      await route.fulfill({ response });
    });
    await page.reload();
    await expect.poll(() => connecting.length).toBe(1);
    await page.click(".side-foot >> text=Sign out");
    await page.waitForURL("**/sign-in");
    await page.goBack();
    await page.waitForURL("**/sign-in**");
    await page.context().addCookies(cookies);
    await page.goto(demo().url + WANTED);
    expect(addressOf(page)).toBe(SIGN_IN);
  });

  it("a session that ends while a page is open by expiry shows a banner that leads through signing in back to the page", async () => {
    const { page } = await signedInAnew(demo());
    await page.waitForSelector("[data-live-state=live]");
    await endAllSessions(demo());
    await demo().exchange("Is anybody still signed in?");
    const banner = page.locator("#session-ended");
    await expect.poll(() => banner.count()).toBe(1);
    expect(await banner.getAttribute("role")).toBe("alert");
    expect(await banner.textContent()).toContain("Your session has ended");
    // The content of the page stays.
    expect(await page.locator("table.requests tbody tr").count()).toBeGreaterThan(0);
    await banner.getByRole("link").click();
    expect(addressOf(page)).toBe(SIGN_IN);
    await enter(page, demo().demo.stack.dashboardKey);
    await page.waitForURL(`**${WANTED}`);
    expect(await banner.count()).toBe(0);
  });

  it("a session that ends while a page is open by signing out in another tab shows a banner until that tab signs in again", async () => {
    const { page } = await signedInAnew(demo());
    await page.waitForSelector("[data-live-state=live]");
    const other = await page.context().newPage();
    await other.goto(demo().url);
    await other.click(".side-foot >> text=Sign out");
    await other.waitForURL("**/sign-in");
    await demo().exchange("And who is signed in now?");
    const banner = page.locator("#session-ended");
    await expect.poll(() => banner.count()).toBe(1);
    await enter(other, demo().demo.stack.dashboardKey);
    await other.waitForURL(`${demo().url}/`);
    // A headless browser hides no tab: this event is what a browser sends when a tab becomes visible.
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))");
    await expect.poll(() => banner.count()).toBe(0);
    await page.waitForSelector("[data-live-state=live]");
  });
}

/** A session of its own, so that ending it leaves the sessions of other tests alone. */
async function signedInAnew(demo: DemoStack) {
  const opened = await demo.open(WANTED, { signedIn: false });
  await enter(opened.page, demo.demo.stack.dashboardKey);
  await opened.page.waitForURL(`**${WANTED}`);
  return opened;
}

/** Ends every session, as a week would. Runs last, because it ends the session of the other tests too. */
async function endAllSessions(demo: DemoStack): Promise<void> {
  const client = new pg.Client({ connectionString: demo.demo.stack.databaseUrl });
  await client.connect();
  await client.query("UPDATE sessions SET expires_at = now() - interval '1 second'");
  await client.end();
}
