/** Filters and pages of lists: they are in the address, the page shows the API's rows, and Back restores them. */
import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import type { ConversationDetail, ConversationList } from "../../../workers/schemas/api/conversations.ts";
import type { RequestList } from "../../../workers/schemas/api/requests.ts";
import type { Overview } from "../../../workers/schemas/api/overview.ts";
import type { DemoStack } from "../../support/demo-stack.ts";

const DAY_MS = 86_400_000;
const HOURS: Readonly<Record<string, number>> = { "1h": 1, "24h": 24, "7d": 168, "30d": 720 };

/** The API's query for a page's address. */
function apiQuery(page: Page): URLSearchParams {
  const query = new URL(page.url()).searchParams;
  const hours = HOURS[query.get("range") ?? "24h"]!;
  query.delete("range");
  if (!query.has("from")) query.set("from", new Date(Date.now() - hours * 3_600_000).toISOString());
  return query;
}

/** Reads the shown value from the page, and the expected one from the API. */
interface Shown {
  page: (page: Page) => Promise<unknown>;
  api: (demo: DemoStack, query: URLSearchParams) => Promise<unknown>;
}

const linkedIds = (page: Page) =>
  page
    .locator("[data-rows] a.row-link")
    .evaluateAll((links) =>
      links.map((link) => new URL((link as HTMLAnchorElement).href).pathname.split("/").at(-1)),
    );

const REQUESTS: Shown = {
  page: linkedIds,
  async api({ getJson }, query) {
    const { requests } = await getJson<RequestList>(`/api/requests?${query.toString()}&limit=50`);
    return requests.map(({ requestId }) => requestId);
  },
};
const CONVERSATIONS: Shown = {
  page: linkedIds,
  async api({ getJson }, query) {
    const list = await getJson<ConversationList>(`/api/conversations?${query.toString()}&limit=50`);
    return list.conversations.map(({ conversationId }) => conversationId);
  },
};
const SUMS: Shown = {
  page: async (page) =>
    (await page.locator(".stat-value").first().getAttribute("title", { timeout: 500 })) ?? "",
  async api({ getJson }, query) {
    const { totals } = await getJson<Overview>(`/api/overview?${query.toString()}`);
    return totals.requests.toLocaleString("en-US");
  },
};
const ERRORS: Shown = {
  page: async (page) =>
    /(\d+) of/.exec((await page.locator("#live-error-chart h2").textContent()) ?? "")?.[1],
  async api({ getJson }, query) {
    return String((await getJson<{ total: number }>(`/api/errors?${query.toString()}`)).total);
  },
};

/** Chooses one option of a select (two of the periods), then none. Fails if the data offers no option. */
async function chooseEach(page: Page, name: string, check: () => Promise<void>): Promise<void> {
  const values = await page
    .locator(`select[name=${name}] option`)
    .evaluateAll((options) => options.map((option) => (option as HTMLOptionElement).value));
  expect(values.length, name).toBeGreaterThan(1);
  for (const value of name === "range" ? ["1h", "7d", ""] : [values.at(-1)!, ""]) {
    await Promise.all([
      page.waitForURL((url) => (url.searchParams.get(name) ?? "") === value),
      page.selectOption(`select[name=${name}]`, value),
    ]);
    expect(await page.inputValue(`select[name=${name}]`), name).toBe(value);
    await check();
  }
}

export function describeLists(demo: () => DemoStack): void {
  describe("filters", () => {
    it.each<[string, Shown, readonly string[]]>([
      ["/", SUMS, ["domain", "accountId", "model", "range"]],
      ["/requests", REQUESTS, ["domain", "accountId", "model", "requestType", "status", "outcome", "range"]],
      ["/conversations", CONVERSATIONS, ["domain", "accountId", "model", "hasErrors", "range"]],
      ["/usage", SUMS, ["domain", "accountId", "model", "range"]],
      ["/errors", ERRORS, ["domain", "model", "range"]],
    ])("of %s show the API's rows, alone and combined", async (path, shown, names) => {
      const { page } = await demo().open(path);
      const check = async () => {
        const wanted = await shown.api(demo(), apiQuery(page));
        const isNothing = (await page.locator(".empty").count()) > 0;
        if (isNothing) expect(["[]", '"0"'], page.url()).toContain(JSON.stringify(wanted));
        else expect(await shown.page(page), page.url()).toEqual(wanted);
      };
      for (const name of names) await chooseEach(page, name, check);
      await page.selectOption("select[name=domain]", { label: "checkout.claude.example" });
      await page.waitForURL(/domain=/);
      const [model] = (await page
        .locator("select[name=model] option")
        .evaluateAll((all) =>
          all.map((one) => (one as HTMLOptionElement).value).filter((value) => value.includes("opus")),
        )) as [string];
      await page.selectOption("select[name=model]", model);
      await page.waitForURL(/domain=.*model=/);
      await check();
      // Filters are kept from page to page and cleared together.
      await page.click(`.side a[data-go=${path === "/usage" ? "r" : "u"}]`);
      await page.waitForURL(/domain=checkout\.claude\.example&model=/);
      await page.goBack();
      await page.click(".filters >> text=Clear");
      await page.waitForURL((url) => url.search === "");
    });

    it("search text and find the conversation, with the keyboard alone", async () => {
      const { page } = await demo().open("/conversations");
      await page.keyboard.press("/");
      await page.keyboard.type("payment webhooks");
      await page.keyboard.press("Enter");
      await page.waitForURL(/search=payment/);
      const found = await linkedIds(page);
      expect(found).toEqual(await CONVERSATIONS.api(demo(), apiQuery(page)));
      expect(found).toContain(demo().branchedConversation);
    });

    it("by session and by conversation are shown and can be cleared", async () => {
      const { page } = await demo().open(`/conversations/${demo().branchedConversation}`);
      await page.click("text=View requests");
      await page.waitForURL(/conversationId=/);
      expect(await linkedIds(page)).toEqual(await REQUESTS.api(demo(), apiQuery(page)));
      await page.locator("a.row-link").first().click();
      await page.click(".definition-list >> text=All requests of this session");
      await page.waitForURL(/sessionId=/);
      expect(await linkedIds(page)).toEqual(await REQUESTS.api(demo(), apiQuery(page)));
      await page.click(".active-scope >> text=Clear");
      await page.waitForURL((url) => !url.searchParams.has("sessionId"));
    });

    it("of the audit log filter by action, actor and target", async () => {
      const { page } = await demo().open("/audit");
      await page.selectOption("select[name=action]", "domain.put");
      await page.waitForURL(/action=domain\.put/);
      const rows = page.locator("table.audit tbody tr");
      expect(await rows.count()).toBe(3);
      await page.fill("input[name=target]", "checkout.claude.example");
      await page.click(".audit-filters button");
      await page.waitForURL(/target=checkout/);
      expect(await rows.count()).toBe(1);
      await page.click(".audit-filters >> text=Clear");
      await page.waitForURL(`${demo().url}/audit`);
      const who = (await rows.first().locator(".cell-who a").textContent()) ?? "";
      await rows.first().locator(".cell-who a").click();
      await page.waitForURL(/actor=/);
      for (const text of await rows.locator(".cell-who a").allTextContents()) expect(text).toBe(who);
    });
  });

  describe("pages of a list", () => {
    it.each<[string, "requests" | "conversations"]>([
      ["/requests", "requests"],
      ["/conversations", "conversations"],
    ])("of %s have every row once, and Back restores them", async (path, kind) => {
      const { page } = await demo().open();
      const from = new Date(Date.now() - DAY_MS).toISOString();
      await page.goto(`${demo().url}${path}?from=${from}`);
      const pages = [await linkedIds(page)];
      while ((await page.locator(".pager a[rel=next]").count()) > 0) {
        await page.click(".pager a[rel=next]");
        await page.waitForURL(/cursor=/);
        pages.push(await linkedIds(page));
      }
      const { [kind]: all } = await demo().getJson<Record<string, Record<string, string>[]>>(
        `/api/${kind}?limit=500&from=${from}`,
      );
      expect(pages.length).toBeGreaterThan(1);
      expect(pages.flat()).toEqual(all!.map((row) => row.requestId ?? row.conversationId));
      for (const before of pages.slice(0, -1).toReversed()) {
        await page.goBack();
        expect(await linkedIds(page)).toEqual(before);
      }
      await page.goForward();
      await page.click(".pager > a:first-child");
      await page.waitForURL((url) => !url.searchParams.has("cursor"));
      expect(await linkedIds(page)).toEqual(pages[0]);
    });

    it("of a transcript load in place up to the last message", async () => {
      const { page } = await demo().open(`/conversations/${demo().branchedConversation}`);
      const detail = await demo().getJson<ConversationDetail>(
        `/api/conversations/${demo().branchedConversation}?limit=1`,
      );
      const { total } = await demo().getJson<{ total: number }>(
        `/api/conversations/${demo().branchedConversation}/messages`,
      );
      expect(detail.messageCount).toBeGreaterThan(20);
      const address = page.url();
      const loadMore = page.locator("a[data-load-more]");
      expect(await loadMore.count()).toBe(1);
      while ((await loadMore.count()) > 0) {
        const before = await page.locator("[id^=message-]").count();
        await loadMore.click();
        await expect.poll(() => page.locator("[id^=message-]").count()).toBeGreaterThan(before);
        await expect.poll(() => page.locator("a[data-load-more][aria-busy]").count()).toBe(0);
      }
      expect(page.url()).toBe(address);
      for (const position of [1, total]) expect(await page.locator(`#message-${position}`).count()).toBe(1);
    });

    it("of a stream contain every event", async () => {
      const requestId = await demo().exchange("Count to a thousand. [fake:long=1500]");
      await expect
        .poll(() =>
          demo()
            .getJson(`/api/requests/${requestId}`)
            .then(
              () => true,
              () => false,
            ),
        )
        .toBe(true);
      const { page } = await demo().open(`/requests/${requestId}?tab=stream`);
      const numbers = () => page.locator(".event-number").allTextContents();
      const first = await numbers();
      await page.click("text=Next events");
      await page.waitForURL(/event=/);
      const later = await numbers();
      expect([...first, ...later]).toEqual(
        Array.from({ length: first.length + later.length }, (_, n) => (n + 1).toLocaleString("en-US")),
      );
      await page.click("text=Previous events");
      await page.waitForURL((url) => !url.searchParams.has("event"));
      expect(await numbers()).toEqual(first);
    });
  });
}
