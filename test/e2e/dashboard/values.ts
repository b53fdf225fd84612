/** Every value on the pages is the API's, for all of the demo's day; and a value that is not would be seen. */
import { describe, expect, it } from "vitest";
import { niceAxis } from "../../../dashboard/src/charts/axis.ts";
import type { Overview } from "../../../dashboard/src/api/named-totals.ts";
import type { DemoStack } from "../../support/demo-stack.ts";
import { readPage } from "../../support/page-reading.ts";
import { type Check, differencesOf, disagreements } from "./agreement.ts";
import { ADMINISTRATION } from "./values-of-administration.ts";
import { conversationChecks } from "./values-of-conversation.ts";
import { exchangeChecks } from "./values-of-exchanges.ts";
import { lastDay, SUMS } from "./values-of-sums.ts";
import { allTokens, tokensOf } from "./words-of-sums.ts";

/** Thinner a bar would not be seen. */
const LEAST_HEIGHT = 0.4;

export function describeValues(demo: () => DemoStack): void {
  describe("every value of the page", () => {
    const compare = async (checks: readonly Check[]) => {
      const { page } = await demo().open();
      const found: string[] = [];
      for (const check of checks) found.push(...(await disagreements(demo(), page, check)));
      expect(found).toEqual([]);
      await page.context().close();
    };
    it("of overview, usage and errors is the API's", () => compare(SUMS));
    it("of requests, conversations and one request is the API's", async () =>
      compare(await exchangeChecks(demo())));
    it("of one conversation, its tree, timeline and branches is the API's", async () =>
      compare(await conversationChecks(demo())));
    it("of domains, accounts, health and the audit log is the API's", () => compare(ADMINISTRATION));

    it("is as high in a bar and as wide in a share as it says", async () => {
      const { page } = await demo().open();
      await page.goto(demo().url);
      const sums = await demo().getJson<Overview>(`/api/overview?${lastDay()}`);
      const sizesOf = (selector: string, size: string) =>
        page
          .locator(selector)
          .evaluateAll((all, name) => all.map((one) => Number(one.getAttribute(name))), size);
      const { top } = niceAxis(Math.max(...sums.series.map(allTokens)), { isWhole: true });
      const heights = sums.series
        .flatMap(tokensOf)
        .filter((tokens) => tokens > 0)
        .map((tokens) => Math.max((tokens / top) * 100, LEAST_HEIGHT));
      const drawn = await sizesOf("#live-chart g.bar rect:not(.hit)", "height");
      expect(drawn.length).toBe(heights.length);
      heights.forEach((height, n) => expect(drawn[n]).toBeCloseTo(height, 2));
      const total = sums.domains.reduce((sum, one) => sum + allTokens(one), 0);
      const shares = sums.domains.map((one) => (allTokens(one) / total) * 100).toSorted((a, b) => b - a);
      const wide = await sizesOf(".top-list:first-child .share-bar .fill-accent", "width");
      shares
        .slice(0, 6)
        .forEach((share, n) => expect(wide[n]).toBeCloseTo(share === 0 ? 0 : Math.max(share, 0.6), 2));
      await page.context().close();
    });

    it("is missed where it is another one, not there, or compared with nothing", async () => {
      const { page } = await demo().open();
      await page.goto(`${demo().url}/domains`);
      const cells = "table.domains td:last-child";
      const before = (await readPage(page, [cells])).texts[cells]!;
      await page.evaluate((selector) => {
        const cells = [...document.querySelectorAll(selector)];
        cells[0]!.textContent = "987,654";
        cells.at(-1)!.closest("tr")!.remove();
        document.querySelector("h1")!.title = "12 domains";
        document.querySelector("main")!.append("13 % of them");
      }, cells);
      const reading = await readPage(page, [cells]);
      expect(differencesOf(reading, { [cells]: before })).toContainEqual(
        expect.stringContaining("page 987,654"),
      );
      expect(differencesOf(reading, { [cells]: before })).toContainEqual(
        expect.stringContaining("page has none"),
      );
      for (const figure of ["hover: 12 domains", "text: 13 % of them"])
        expect(reading.rest).toContainEqual(expect.stringContaining(figure));
      await page.context().close();
    });
  });
}
