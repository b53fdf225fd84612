/**
 * Pictures of every page for people to look at: `npx node scripts/screenshots.ts [directory] [name,name]` (default
 * out/screenshots). All scenes of the scripted API, light and dark, desk and phone; each page is also checked for
 * complaints of the browser and for sideways scrolling, and the run fails when there are any.
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { ADMINISTRATOR, ANYBODY, VIEWER, type Scenario } from "../dashboard/fake/api.ts";
import { loadApp, serveScenario } from "../dashboard/fake/serve.ts";
import { startBrowser } from "./lib/browser.ts";
import type { Caller } from "../workers/schemas/api/session.ts";

interface Shot {
  name: string;
  path: string;
  scenario: Scenario;
  caller?: Caller;
  /** Run in the page before the picture is taken. */
  before?: string;
}

const OPEN_TOOLS =
  "document.querySelectorAll('details.tool, details.reminders').forEach((one) => { one.open = true; })";
const REQUEST = "/requests/FIRST";

const SHOTS: readonly Shot[] = [
  { name: "overview", path: "/", scenario: "busy" },
  { name: "overview-7d", path: "/?range=7d&domain=team-a.claude.example.com", scenario: "busy" },
  { name: "overview-empty", path: "/", scenario: "empty" },
  { name: "overview-hostile", path: "/", scenario: "hostile" },
  { name: "overview-down", path: "/", scenario: "down" },
  { name: "overview-read-only", path: "/", scenario: "busy", caller: ANYBODY },
  { name: "conversations", path: "/conversations", scenario: "busy" },
  { name: "conversations-hostile", path: "/conversations", scenario: "hostile" },
  { name: "conversations-empty", path: "/conversations", scenario: "empty" },
  { name: "conversation", path: "/conversations/TALK", scenario: "busy" },
  { name: "conversation-hostile", path: "/conversations/TALK", scenario: "hostile" },
  { name: "conversation-tree", path: "/conversations/TALK?view=tree", scenario: "busy" },
  {
    name: "conversation-compare",
    path: "/conversations/TALK?compare=branch_20261123120107",
    scenario: "busy",
  },
  { name: "conversation-timeline", path: "/conversations/TALK?view=timeline", scenario: "busy" },
  { name: "conversation-long", path: "/conversations/TALK", scenario: "long" },
  { name: "conversation-long-tree", path: "/conversations/TALK?view=tree", scenario: "long" },
  { name: "requests", path: "/requests", scenario: "busy" },
  { name: "requests-empty", path: "/requests?status=529", scenario: "empty" },
  { name: "requests-hostile", path: "/requests", scenario: "hostile" },
  { name: "requests-down", path: "/requests", scenario: "down" },
  { name: "request", path: REQUEST, scenario: "busy" },
  { name: "request-open", path: REQUEST, scenario: "busy", before: OPEN_TOOLS },
  { name: "request-raw", path: `${REQUEST}?tab=raw`, scenario: "busy" },
  { name: "request-headers", path: `${REQUEST}?tab=headers`, scenario: "busy" },
  { name: "request-stream", path: `${REQUEST}?tab=stream`, scenario: "busy" },
  { name: "request-stream-untimed", path: "/requests/FAILED?tab=stream", scenario: "busy" },
  { name: "request-stream-hostile", path: `${REQUEST}?tab=stream`, scenario: "hostile" },
  { name: "request-failed", path: "/requests/FAILED", scenario: "busy" },
  { name: "request-gone", path: "/requests/GONE", scenario: "busy" },
  { name: "request-hostile", path: REQUEST, scenario: "hostile", before: OPEN_TOOLS },
  { name: "request-missing", path: "/requests/none", scenario: "busy" },
  { name: "usage", path: "/usage?range=7d", scenario: "busy" },
  { name: "usage-account", path: "/usage?range=24h&accountId=acc_platform", scenario: "busy" },
  { name: "errors", path: "/errors", scenario: "busy" },
  { name: "errors-empty", path: "/errors", scenario: "empty" },
  { name: "errors-hostile", path: "/errors", scenario: "hostile" },
  { name: "usage-empty", path: "/usage", scenario: "empty" },
  { name: "usage-hostile", path: "/usage", scenario: "hostile" },
  { name: "domains", path: "/domains", scenario: "busy" },
  { name: "domains-empty", path: "/domains", scenario: "empty" },
  { name: "domains-hostile", path: "/domains", scenario: "hostile" },
  { name: "domains-viewer", path: "/domains", scenario: "busy", caller: VIEWER },
  {
    name: "domain",
    path: "/domains/team-a.claude.example.com",
    scenario: "busy",
    before: "document.querySelectorAll('details').forEach((one) => { one.open = !one.closest('nav'); })",
  },
  {
    name: "domain-hostile",
    path: `/domains/${encodeURIComponent("<script>alert(1)</script>")}`,
    scenario: "hostile",
  },
  {
    name: "domain-slack",
    path: "/domains/team-a.claude.example.com",
    scenario: "busy",
    caller: VIEWER,
  },
  { name: "new-domain-host", path: "/domains/new?domain=a+b", scenario: "busy" },
  { name: "new-domain-account", path: "/domains/new?domain=new.example.com", scenario: "busy" },
  {
    name: "new-domain-slack",
    path: "/domains/new?step=slack&domain=team-b.claude.example.com",
    scenario: "busy",
  },
  {
    name: "new-domain-key",
    path: "/domains/new?step=key&domain=team-b.claude.example.com",
    scenario: "busy",
  },
  { name: "accounts", path: "/accounts", scenario: "busy" },
  { name: "accounts-empty", path: "/accounts", scenario: "empty" },
  { name: "accounts-hostile", path: "/accounts", scenario: "hostile" },
  { name: "accounts-viewer", path: "/accounts", scenario: "busy", caller: VIEWER },
  {
    name: "account",
    path: "/accounts/acc_research?done=key",
    scenario: "busy",
    before: "document.querySelectorAll('details').forEach((one) => { one.open = !one.closest('nav'); })",
  },
  { name: "account-ended", path: "/accounts/acc_old-login", scenario: "busy" },
  { name: "account-login", path: "/accounts/acc_old-login/login", scenario: "busy" },
  { name: "account-terms", path: "/accounts/acc_maya/login", scenario: "busy" },
  { name: "audit", path: "/audit", scenario: "busy" },
  { name: "audit-empty", path: "/audit", scenario: "empty" },
  { name: "audit-hostile", path: "/audit", scenario: "hostile" },
  { name: "health", path: "/settings", scenario: "busy" },
  { name: "health-linking", path: "/settings?show=linking", scenario: "busy" },
  { name: "health-hostile", path: "/settings?show=linking", scenario: "hostile" },
  { name: "health-down", path: "/settings", scenario: "down" },
  { name: "sign-in", path: "/sign-in", scenario: "busy" },
  { name: "not-found", path: "/nowhere", scenario: "busy" },
  {
    name: "keys",
    path: "/requests",
    scenario: "busy",
    before: "document.querySelector('dialog#keys').showModal()",
  },
  {
    name: "more",
    path: "/requests",
    scenario: "busy",
    before: "document.querySelector('details.more').open = true",
  },
];

const LOOKS = [
  { theme: "light", width: 1440, height: 900 },
  { theme: "dark", width: 1440, height: 900 },
  { theme: "light", width: 390, height: 844 },
  { theme: "dark", width: 390, height: 844 },
] as const;

const directory = process.argv[2] ?? "out/screenshots";
const only = (process.argv[3] ?? "").split(",");
await mkdir(directory, { recursive: true });
const [app, browser] = await Promise.all([loadApp(), startBrowser()]);
const complaints: string[] = [];
for (const shot of SHOTS.filter(({ name }) => only.some((part) => name.includes(part))))
  await take(browser, shot);
await browser.close();
for (const complaint of complaints) console.error(complaint);
process.exitCode = complaints.length === 0 ? 0 : 1;

async function take(browser: Browser, shot: Shot): Promise<void> {
  const { url, server } = await serveScenario(app, shot.scenario, shot.caller ?? ADMINISTRATOR);
  const path = await pathOf(url, shot.path);
  for (const look of LOOKS) {
    const context = await browser.newContext({
      viewport: { width: look.width, height: look.height },
      colorScheme: look.theme,
      timezoneId: "Europe/Berlin",
    });
    const page = await context.newPage();
    const title = `${shot.name}-${look.theme}-${look.width}`;
    page.on("console", (message) => {
      // A page whose own status says that something is missing or down is meant to be so.
      if (message.type() !== "error" || /status of (400|404|503)/.test(message.text())) return;
      complaints.push(`${title}: ${message.text()}`);
    });
    page.on("pageerror", (error) => complaints.push(`${title}: ${error.message}`));
    await page.goto(url + path);
    await page.waitForLoadState("networkidle");
    if (shot.before) await page.evaluate(shot.before);
    const wide: number = await page.evaluate("document.documentElement.scrollWidth - innerWidth");
    if (wide > 0) complaints.push(`${title}: ${wide} px wider than the screen`);
    await page.screenshot({ path: join(directory, `${title}.png`), fullPage: true });
    await context.close();
  }
  server.closeAllConnections();
  server.close();
  console.log(shot.name);
}

/** FIRST, FAILED, GONE and TALK stand for ids that only the scene knows. */
async function pathOf(url: string, path: string): Promise<string> {
  if (path.includes("TALK")) {
    const { conversations } = (await (await fetch(`${url}/api/conversations`)).json()) as {
      conversations: { conversationId: string }[];
    };
    return path.replace("TALK", conversations[0]?.conversationId ?? "none");
  }
  const word = /FIRST|FAILED|GONE/.exec(path)?.[0];
  if (!word) return path;
  const list = (await (await fetch(`${url}/api/requests?limit=500`)).json()) as {
    requests: { requestId: string; outcome: string; responseStatus: number | null }[];
  };
  const found = list.requests.find((row) =>
    word === "FAILED"
      ? row.responseStatus === 529
      : word === "GONE"
        ? row.outcome === "client_gone"
        : row.outcome === "complete",
  );
  return path.replace(word, found?.requestId ?? "none");
}
