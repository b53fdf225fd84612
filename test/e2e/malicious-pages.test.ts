/**
 * What somebody might send to break a page, sent through the proxy and looked at in a real Chromium: it shows as text, runs
 * nothing, and no page becomes wider than the screen or heavier than it may be, whatever is folded or open.
 */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { ConversationDetail, ConversationList } from "../../workers/schemas/api/conversations.ts";
import type { RequestList } from "../../workers/schemas/api/requests.ts";
import type { Status } from "../../workers/schemas/api/status.ts";
import type { WindowList } from "../../workers/schemas/api/windows.ts";
import type { LocalStack } from "../../scripts/local/local-stack.ts";
import { signInOn, startBrowser } from "../../scripts/lib/browser.ts";
import {
  KEY_NAMES,
  LONGEST_ACCOUNT,
  LONGEST_HOST,
  EXECUTED_FLAG,
  sendMaliciousTraffic,
  startMaliciousUpstream,
} from "../support/malicious-traffic.ts";
import { apiJson } from "../support/api-calls.ts";
import { startTestStack } from "../support/local-stack.ts";
import { openWatchedPage, sidewaysOverflow } from "../support/watched-page.ts";
import { waitFor } from "../support/wait.ts";

/** Of a page's first screen. */
const MOST_BYTES = 100_000;
const WIDTHS = [1440, 390];

let vendor: Awaited<ReturnType<typeof startMaliciousUpstream>>;
let stack: LocalStack;
let browser: Browser;
let exchanges: string[];

beforeAll(async () => {
  [vendor, browser] = await Promise.all([startMaliciousUpstream(), startBrowser()]);
  stack = await startTestStack({ variables: { CLAUDE_API_BASE_URL: vendor.url } });
  const domain = `/api/domains/${LONGEST_HOST}`;
  const slack = { channel: "<script>alert(1)</script>", username: "u".repeat(100), enabled: true };
  const body = { accountId: LONGEST_ACCOUNT, credential: { type: "passthrough" }, slack };
  await apiJson(stack, domain, { method: "PUT", body });
  for (const name of KEY_NAMES)
    await apiJson(stack, `${domain}/client-keys`, { method: "POST", body: { name } });
  exchanges = await sendMaliciousTraffic(stack.proxyUrl);
  await waitFor(async () => {
    const { requests } = await getJson<RequestList>("/api/requests");
    const { journal, searchWaiting } = await getJson<Status>("/api/status");
    expect([requests.length, journal.entries]).toEqual([exchanges.length, 0]);
    // The words that ingest had no time for; otherwise they would follow within a minute.
    if (searchWaiting !== 0) await stack.runCron("* * * * *");
    expect(searchWaiting).toBe(0);
  }, 250);
});

afterAll(async () => {
  await browser.close();
  await stack.stop();
  await vendor.stop();
});

const getJson = <T>(path: string) => apiJson<T>(stack, path);

async function signedIn() {
  const opened = await openWatchedPage(browser, { reducedMotion: "reduce" });
  await signInOn(opened.page, stack, "/settings");
  return opened;
}

/** A path of each kind over the hostile data, and of those that put what is in an address on the page. */
async function everyPath(): Promise<string[]> {
  const malicious = encodeURIComponent(
    `"><script>globalThis.${EXECUTED_FLAG}=1</script>\u202E${"n".repeat(250)}`,
  );
  const { conversations } = await getJson<ConversationList>("/api/conversations");
  const { windows } = await getJson<WindowList>("/api/windows");
  const [most] = conversations.toSorted((left, right) => right.branchCount - left.branchCount);
  const detail = await getJson<ConversationDetail>(`/api/conversations/${most!.conversationId}`);
  const looks = detail.branches.flatMap(({ branchKey, kind }) =>
    kind === "main"
      ? ["", "?view=tree", "?view=timeline"]
      : [`?branch=${branchKey}`, `?compare=${branchKey}`],
  );
  expect(detail.branches.map(({ kind }) => kind).sort()).toEqual(["branch", "main", "subtask"]);
  return [
    "/",
    "/requests",
    ...exchanges.map((id) => `/requests/${id}`),
    ...[exchanges[2]!, exchanges[6]!, exchanges[7]!].flatMap((id) =>
      ["raw", "headers", "stream"].map((tab) => `/requests/${id}?tab=${tab}`),
    ),
    `/requests?domain=${malicious}&accountId=${malicious}&model=${malicious}&requestType=${malicious}&sessionId=${malicious}`,
    "/conversations",
    `/conversations?search=${malicious}`,
    ...conversations.map(({ conversationId }) => `/conversations/${conversationId}`),
    ...looks.map((look) => `/conversations/${detail.conversationId}${look}`),
    `/conversations/${detail.conversationId}?reminders=show&tools=hide`,
    "/usage",
    ...windows.flatMap(({ accountId }) => [
      `/usage?accountId=${encodeURIComponent(accountId)}`,
      `/accounts/${encodeURIComponent(accountId)}`,
    ]),
    "/errors",
    "/domains",
    `/domains/${LONGEST_HOST}`,
    `/domains/${malicious}`,
    `/domains/new?domain=${malicious}`,
    "/accounts",
    `/accounts/${LONGEST_ACCOUNT}/login`,
    "/audit",
    `/audit?actor=${malicious}&action=${malicious}&target=${malicious}`,
    "/settings?show=linking",
    `/${malicious}`,
  ];
}

/** What is in the page that only a text that ran or became markup could have put there. */
async function intruders(page: Page): Promise<string[]> {
  return page.evaluate((mark) => {
    const found = [
      ...document.querySelectorAll("script:not([src]), img[src=x], iframe, object, embed, base"),
    ];
    const handlers = [...document.querySelectorAll("*")].filter((one) =>
      one.getAttributeNames().some((name) => name.startsWith("on")),
    );
    const links = [...document.querySelectorAll("main a[href]")].filter(
      (link) => !/^https?:$/.test(new URL(link.getAttribute("href") ?? "", location.href).protocol),
    );
    const ran = mark in globalThis ? ["a text ran as a script"] : [];
    return [...ran, ...[...found, ...handlers, ...links].map((one) => one.outerHTML.slice(0, 200))];
  }, EXECUTED_FLAG);
}

it("a hostile data set shows as text and breaks no page, at a desk's width and a phone's, folded and open", async () => {
  const { page, browserErrors } = await signedIn();
  const found: string[] = [];
  for (const [n, path] of (await everyPath()).entries()) {
    const note = (problem: string) => found.push(`${path.slice(0, 120)}: ${problem}`);
    const response = await page.goto(stack.dashboardUrl + path);
    if (response!.status() >= 500) note(`status ${response!.status()}`);
    const bytes = (await response!.body()).byteLength;
    if (bytes > MOST_BYTES) note(`${bytes} bytes`);
    // The next page begins at the width that this one ends at.
    for (const width of n % 2 === 0 ? WIDTHS : WIDTHS.toReversed()) {
      await page.setViewportSize({ width, height: 900 });
      for (const isOpen of [false, true]) {
        await page.evaluate((open) => {
          for (const fold of document.querySelectorAll<HTMLDetailsElement>("main details")) fold.open = open;
        }, isOpen);
        const pixels = await sidewaysOverflow(page);
        if (pixels > 0) note(`${pixels} pixels wider than ${width}, folds ${isOpen ? "open" : "closed"}`);
      }
    }
    for (const intruder of await intruders(page)) note(intruder);
    // That something is not there or no good request may be said by its status; nothing else is to be complained of.
    for (const complaint of browserErrors.splice(0)) if (!/status of 40[04]/.test(complaint)) note(complaint);
  }
  expect(found).toEqual([]);
  await page.context().close();
});

it("a hostile data set can be read where it belongs", async () => {
  const { page } = await signedIn();
  const { conversations } = await getJson<ConversationList>("/api/conversations");
  const [talk] = conversations.filter(({ branchCount }) => branchCount > 1);
  const words = "<script>globalThis.";
  const wanted: [path: string, selector: string][] = [
    ["/", ".top-list"],
    ["/requests", "table.requests"],
    [`/requests/${exchanges[0]}`, ".definition-list"],
    [`/requests/${exchanges[0]}`, "ol.transcript"],
    [`/requests/${exchanges[0]}?tab=raw`, ".raw"],
    [`/requests/${exchanges[0]}?tab=headers`, "table.headers"],
    [`/requests/${exchanges[0]}?tab=stream`, "ol.events"],
    [`/requests/${exchanges[5]}`, ".callout"],
    ["/conversations", "table.conversations"],
    [`/conversations/${talk!.conversationId}`, "h1"],
    ["/usage", "table.usage"],
    ["/errors", "table.last-errors"],
    ["/accounts", ".account-list"],
    ["/audit", "table.audit"],
    [`/domains/${LONGEST_HOST}`, ".key-list"],
  ];
  for (const [path, selector] of wanted) {
    await page.goto(stack.dashboardUrl + path);
    expect((await page.locator(selector).allTextContents()).join(" "), `${path} ${selector}`).toContain(
      words,
    );
  }
  await page.goto(`${stack.dashboardUrl}/conversations`);
  await page.locator(".conversations tbody tr").first().hover();
  await page.locator("#preview-card").waitFor({ state: "visible" });
  expect(await intruders(page)).toEqual([]);
  await page.context().close();
});
