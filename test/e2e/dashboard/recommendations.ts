/** Recommendations of Spark: rated with the keyboard, without a script, and shown again after a reload. */
import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import type { ConversationList } from "../../../workers/schemas/api/conversations.ts";
import type { DemoStack } from "../../support/demo-stack.ts";

/** The path of the conversation with a recommendation that nobody has rated, or with one that somebody has. */
export async function recommendationPath({ getJson }: DemoStack, isRated: boolean): Promise<string> {
  const title = isRated ? "Since the gateway switch" : "Accounting says";
  const { conversations } = await getJson<ConversationList>("/api/conversations?limit=200");
  return `/conversations/${conversations.find((one) => one.title?.startsWith(title))!.conversationId}`;
}

const given = (page: Page) =>
  page.locator(".recommendation .given-rating").first().getAttribute("aria-label");

export function describeRecommendations(demo: () => DemoStack): void {
  it("a recommendation is rated with the keyboard, and the feedback is there after a reload", async () => {
    const { page } = await demo().open(await recommendationPath(demo(), true));
    expect(await given(page)).toBe("5 of 5: Excellent");
    expect(await page.textContent(".given-opinion")).toContain("Exactly our case");
    await page.focus(".recommendation summary >> text=Rate again");
    await page.keyboard.press("Enter");
    // Tab enters the group of stars at the one that was given; arrow keys choose another.
    await page.keyboard.press("Tab");
    for (const _ of [4, 3]) await page.keyboard.press("ArrowLeft");
    expect(await page.locator(".recommendation input[name=rating]:checked").inputValue()).toBe("3");
    await page.keyboard.press("Tab");
    await page.keyboard.press("ControlOrMeta+A");
    await page.keyboard.type("Fine, <b>but</b> late.");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.waitForURL(/[?&]rated=/);
    expect(await page.textContent(".recommendation .callout")).toContain("Feedback sent.");
    await page.goto(demo().url + (await recommendationPath(demo(), true)));
    expect(await given(page)).toBe("3 of 5: Helpful");
    expect(await page.textContent(".given-opinion")).toContain("Fine, <b>but</b> late.");
  });

  it("a recommendation is rated without a script", async () => {
    const path = await recommendationPath(demo(), false);
    const { page } = await demo().open(path, { javaScriptEnabled: false });
    expect(await page.locator(".recommendation").count()).toBe(1);
    await page.click(".recommendation button");
    expect(new URL(page.url()).pathname, "not sent without stars").toBe(path);
    await page.check(".recommendation input[value='4']");
    await page.fill(".recommendation textarea", "Solved it.");
    await page.click(".recommendation button");
    await page.waitForURL(/[?&]rated=/);
    expect(new URL(page.url()).pathname).toBe(path);
    expect(await given(page)).toBe("4 of 5: Very helpful");
    expect(await page.textContent(".given-opinion")).toContain("Solved it.");
  });
}
