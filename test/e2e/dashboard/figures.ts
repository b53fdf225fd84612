/**
 * The headline figures of every page against the API's raw values, with hand-written formats: no formatter of the product
 * takes part. Bars and shares are compared with what they draw.
 */
import { describe, expect, it } from "vitest";
import type { ConversationDetail, ConversationList } from "../../../workers/schemas/api/conversations.ts";
import type { DomainDetail } from "../../../workers/schemas/api/domains.ts";
import type { Errors } from "../../../workers/schemas/api/failures.ts";
import type { RequestDetail, RequestList } from "../../../workers/schemas/api/requests.ts";
import type { Overview, OverviewTotals } from "../../../workers/schemas/api/overview.ts";
import type { Status } from "../../../workers/schemas/api/status.ts";
import type { WindowDetail } from "../../../workers/schemas/api/windows.ts";
import { type DemoStack, ZONE } from "../../support/demo-stack.ts";

const DOMAIN = "checkout.claude.example";
/** The smallest height in percent at which a bar is visible, and the smallest width of a share. */
const MIN_BAR_HEIGHT = 0.4;
const MIN_SHARE_WIDTH = 0.6;

/** An element of a page and what its text, or its `title`, contains: a figure as a whole, so that "1" is not found in "12". */
interface Figure {
  path: string;
  selector: string;
  isTitle?: boolean;
  expected: string;
}

/** 1234567 → "1,234,567". */
const exact = (value: number | null) => (value ?? 0).toLocaleString("en-US");
const several = (count: number, one: string) => `${exact(count)} ${one}${count === 1 ? "" : "s"}`;
const usd = (amount: string | null) => `$${amount}`;
const tokensOf = (sums: OverviewTotals) => [
  sums.inputTokens,
  sums.cacheReadInputTokens,
  sums.cacheCreationInputTokens,
  sums.outputTokens,
];
/** "14:05": hour and minute in the viewer's zone, five and a half hours ahead of UTC. */
const clock = (instant: string) => {
  expect(ZONE).toBe("Asia/Kolkata");
  return new Date(Date.parse(instant) + 5.5 * 3_600_000).toISOString().slice(11, 16);
};
const lastDay = () => {
  const now = Date.now();
  return `from=${new Date(now - 86_400_000).toISOString()}&to=${new Date(now).toISOString()}`;
};

async function figuresOf({ getJson, branchedConversation: id }: DemoStack): Promise<Figure[]> {
  const [sums, failures, { requests }, { conversations }, detail] = await Promise.all([
    getJson<Overview>(`/api/overview?${lastDay()}`),
    getJson<Errors>(`/api/errors?${lastDay()}`),
    getJson<RequestList>(`/api/requests?${lastDay()}&limit=200`),
    getJson<ConversationList>(`/api/conversations?${lastDay()}&limit=50`),
    getJson<ConversationDetail>(`/api/conversations/${id}`),
  ]);
  const [account, domain, status] = await Promise.all([
    getJson<WindowDetail>("/api/windows/acc_checkout?historyHours=24"),
    getJson<DomainDetail>(`/api/domains/${DOMAIN}`),
    getJson<Status>("/api/status"),
  ]);
  const [newest, conversation] = [requests[0]!, conversations[0]!];
  const calling = requests.toSorted((left, right) => right.toolCallCount - left.toolCallCount)[0]!;
  const request = await getJson<RequestDetail>(`/api/requests/${calling.requestId}`);
  const topModel = sums.models.toSorted((left, right) => right.requests - left.requests)[0]!;
  const [branched, asked] = [`/conversations/${id}`, `/requests/${calling.requestId}`];
  const tile = (n: number) => `.stat-card:nth-child(${n}) [title]`;
  const cell = (row: string, n: number) => `${row} > td:nth-child(${n})`;
  const [row, talk] = ["table.requests tbody tr:first-child", "table.conversations tbody tr:first-child"];
  const tokens = detail.totalTokens + detail.cacheReadInputTokens + detail.cacheCreationInputTokens;
  const title = (path: string, selector: string, expected: string) => ({
    path,
    selector,
    isTitle: true,
    expected,
  });
  const text = (path: string, selector: string, expected: string) => ({ path, selector, expected });
  return [
    title("/", tile(1), exact(sums.totals.requests)),
    title("/", tile(2), usd(sums.totals.costUsd)),
    title("/", tile(3), exact(sums.totals.cacheReadInputTokens)),
    title("/", tile(4), `${sums.totals.errors} of ${sums.totals.requests}`),
    title("/usage", tile(1), exact(sums.totals.requests)),
    text(
      "/usage",
      `table.usage tr:has-text("${topModel.model.replace(/^claude-/, "")}")`,
      exact(topModel.requests),
    ),
    text("/errors", "#live-error-chart > h2", `${failures.total} of ${failures.requests}`),
    text("/usage?accountId=acc_checkout", "#live-window-usage", exact(account.domains[0]!.requests)),
    title("/requests", `${row} time`, clock(newest.timestamp)),
    title("/requests", `${cell(row, 9)} [title]`, usd(newest.costUsd)),
    text("/requests", cell(row, 5), newest.requestType.replaceAll("_", " ")),
    text(asked, ".cost tbody tr:last-child", usd(request.costUsd)),
    text(asked, ".token-kinds", exact(request.inputTokens)),
    text(asked, ".token-kinds", exact(request.cacheReadInputTokens)),
    text(asked, ".token-kinds", exact(request.outputTokens)),
    text(asked, ".request-summary", request.upstreamRequestId!),
    text(asked, '.definition-item:has(dt:text-is("Upstream attempts")) dd', exact(request.upstreamAttempts)),
    text("/conversations", cell(talk, 4), exact(conversation.turnCount)),
    title("/conversations", `${cell(talk, 7)} [title]`, usd(conversation.costUsd)),
    title(branched, tile(1), exact(detail.turnCount)),
    title(branched, tile(3), exact(tokens)),
    title(branched, tile(4), usd(detail.costUsd)),
    text(branched, "#branches h2", String(detail.branches.length)),
    text(branched, ".tree-counts", several(detail.compactBranchCount, "compaction")),
    text("/domains", `table.domains tr:has(a[href="/domains/${DOMAIN}"])`, "acc_checkout"),
    text(`/domains/${DOMAIN}`, ".key-list", domain.clientKeys[0]!.name),
    text("/settings", ".plain-list", status.versions.nexus),
    text("/audit", "table.audit tbody tr", "administrator"),
  ];
}

/** The text of an element in the page; words of different elements stay apart. */
const textNodes = (element: Element) => {
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  let text = "";
  while (walker.nextNode()) text += ` ${walker.currentNode.nodeValue}`;
  return text;
};

/** Whether `text` contains `figure` with no letter, digit or part of a number directly before or after it. */
function contains(text: string, figure: string): boolean {
  const pieces = text.split(figure);
  return pieces
    .slice(1)
    .some(
      (after, n) => !/([\p{L}\p{N}_]|\p{N}[.,])$/u.test(pieces[n]!) && !/^([.,]?\p{N}|[\p{L}_])/u.test(after),
    );
}

export function describeFigures(stack: () => DemoStack): void {
  describe("every headline figure of the pages", () => {
    it("is the value of the API", async () => {
      const { page } = await stack().open();
      const wrong: string[] = [];
      let path = "";
      for (const { isTitle = false, selector, expected, ...figure } of await figuresOf(stack())) {
        if (figure.path !== path) await page.goto(stack().url + figure.path);
        path = figure.path;
        const element = page.locator(selector).first();
        const isThere = (await element.count()) > 0;
        const shown = !isThere
          ? null
          : isTitle
            ? await element.getAttribute("title")
            : await element.evaluate(textNodes);
        if (!contains(shown ?? "", expected))
          wrong.push(`${path} ${selector}: "${shown}" without "${expected}"`);
      }
      expect(wrong).toEqual([]);
    });

    it("has one row for each request, branch and event that the API lists", async () => {
      const { page } = await stack().open();
      const { getJson, branchedConversation: id, url } = stack();
      const detail = await getJson<ConversationDetail>(`/api/conversations/${id}?limit=100`);
      await page.goto(`${url}/conversations/${id}?view=timeline`);
      expect(await page.locator(".timeline tr[data-row]").count()).toBe(detail.requests.length);
      expect(await page.locator(".timeline tr[data-row] td:first-child [title]").allTextContents()).toEqual(
        detail.requests.map(({ timestamp }) => expect.stringContaining(clock(timestamp)) as string),
      );
      await page.goto(`${url}/conversations/${id}`);
      expect(await page.locator("#branches li").count()).toBe(detail.branches.length);
      const { requests } = await getJson<RequestList>(`/api/requests?${lastDay()}&limit=50`);
      await page.goto(`${url}/requests`);
      expect(await page.locator("table.requests tbody tr").count()).toBe(requests.length);
      const shown = await page
        .locator("table.requests tbody time")
        .evaluateAll((times) => times.map((time) => Date.parse(time.getAttribute("datetime") ?? "")));
      expect(shown).toEqual(requests.map(({ timestamp }) => Date.parse(timestamp)));
    });

    it("has a bar of its height and a share of its width", async () => {
      const { page } = await stack().open("/");
      const query = `${lastDay()}&timeZone=${encodeURIComponent(ZONE)}`;
      const sums = await stack().getJson<Overview>(`/api/overview?${query}`);
      const sizesOf = (selector: string, size: string) =>
        page
          .locator(selector)
          .evaluateAll((all, name) => all.map((one) => Number(one.getAttribute(name))), size);
      const tokens = sums.series.flatMap(tokensOf).filter((count) => count > 0);
      const drawn = await sizesOf("#live-chart g.bar rect:not(.hit)", "height");
      const scale = Math.max(...drawn) / Math.max(...tokens);
      expect(drawn.length).toBe(tokens.length);
      tokens.forEach((count, n) => expect(drawn[n]).toBeCloseTo(Math.max(count * scale, MIN_BAR_HEIGHT), 2));
      const costs = sums.domains.map(({ costUsd }) => Number(costUsd)).toSorted((a, b) => b - a);
      const total = costs.reduce((sum, cost) => sum + cost, 0);
      const shares = costs.map((cost) => (cost / total) * 100);
      const wide = await sizesOf(".top-list:first-child .share-bar .fill-accent", "width");
      shares
        .slice(0, 6)
        .forEach((share, n) =>
          expect(wide[n]).toBeCloseTo(share === 0 ? 0 : Math.max(share, MIN_SHARE_WIDTH), 2),
        );
    });
  });
}
