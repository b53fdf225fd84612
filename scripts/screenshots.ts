/**
 * Pictures of every page for people to look at: `npx node scripts/screenshots.ts [directory] [name,name]` (default
 * out/screenshots). All scenes of the scripted API, light and dark, desk and phone; each page is also checked for
 * complaints of the browser and for sideways scrolling, and the run fails when there are any.
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { ADMINISTRATOR, ANYBODY, VIEWER, type Scene } from "../dashboard/fake/api.ts";
import { loadApp, serveScene } from "../dashboard/fake/serve.ts";
import { startBrowser } from "./lib/browser.ts";
import type { Caller } from "../workers/schemas/api/session.ts";

interface Shot {
  name: string;
  path: string;
  scene: Scene;
  caller?: Caller;
  /** Run in the page before the picture is taken. */
  before?: string;
}

const OPEN_TOOLS =
  "document.querySelectorAll('details.tool, details.reminders').forEach((one) => { one.open = true; })";
const REQUEST = "/requests/FIRST";

const SHOTS: readonly Shot[] = [
  { name: "overview", path: "/", scene: "busy" },
  { name: "overview-7d", path: "/?range=7d&domain=team-a.claude.example.com", scene: "busy" },
  { name: "overview-empty", path: "/", scene: "empty" },
  { name: "overview-hostile", path: "/", scene: "hostile" },
  { name: "overview-down", path: "/", scene: "down" },
  { name: "overview-read-only", path: "/", scene: "busy", caller: ANYBODY },
  { name: "conversations", path: "/conversations", scene: "busy" },
  { name: "conversations-hostile", path: "/conversations", scene: "hostile" },
  { name: "conversations-empty", path: "/conversations", scene: "empty" },
  { name: "conversation", path: "/conversations/TALK", scene: "busy" },
  { name: "conversation-hostile", path: "/conversations/TALK", scene: "hostile" },
  { name: "conversation-tree", path: "/conversations/TALK?view=tree", scene: "busy" },
  {
    name: "conversation-compare",
    path: "/conversations/TALK?compare=branch_20261123120107",
    scene: "busy",
  },
  { name: "conversation-timeline", path: "/conversations/TALK?view=timeline", scene: "busy" },
  { name: "conversation-long", path: "/conversations/TALK", scene: "long" },
  { name: "conversation-long-tree", path: "/conversations/TALK?view=tree", scene: "long" },
  { name: "requests", path: "/requests", scene: "busy" },
  { name: "requests-empty", path: "/requests?status=529", scene: "empty" },
  { name: "requests-hostile", path: "/requests", scene: "hostile" },
  { name: "requests-down", path: "/requests", scene: "down" },
  { name: "request", path: REQUEST, scene: "busy" },
  { name: "request-open", path: REQUEST, scene: "busy", before: OPEN_TOOLS },
  { name: "request-raw", path: `${REQUEST}?tab=raw`, scene: "busy" },
  { name: "request-headers", path: `${REQUEST}?tab=headers`, scene: "busy" },
  { name: "request-stream", path: `${REQUEST}?tab=stream`, scene: "busy" },
  { name: "request-stream-untimed", path: "/requests/FAILED?tab=stream", scene: "busy" },
  { name: "request-stream-hostile", path: `${REQUEST}?tab=stream`, scene: "hostile" },
  { name: "request-failed", path: "/requests/FAILED", scene: "busy" },
  { name: "request-gone", path: "/requests/GONE", scene: "busy" },
  { name: "request-hostile", path: REQUEST, scene: "hostile", before: OPEN_TOOLS },
  { name: "request-missing", path: "/requests/none", scene: "busy" },
  { name: "usage", path: "/usage?range=7d", scene: "busy" },
  { name: "usage-account", path: "/usage?range=24h&accountId=acc_platform", scene: "busy" },
  { name: "errors", path: "/errors", scene: "busy" },
  { name: "errors-empty", path: "/errors", scene: "empty" },
  { name: "errors-hostile", path: "/errors", scene: "hostile" },
  { name: "usage-empty", path: "/usage", scene: "empty" },
  { name: "usage-hostile", path: "/usage", scene: "hostile" },
  { name: "domains", path: "/domains", scene: "busy" },
  { name: "domains-empty", path: "/domains", scene: "empty" },
  { name: "domains-hostile", path: "/domains", scene: "hostile" },
  { name: "domains-viewer", path: "/domains", scene: "busy", caller: VIEWER },
  {
    name: "domain",
    path: "/domains/team-a.claude.example.com",
    scene: "busy",
    before: "document.querySelectorAll('details').forEach((one) => { one.open = !one.closest('nav'); })",
  },
  {
    name: "domain-hostile",
    path: `/domains/${encodeURIComponent("<script>alert(1)</script>")}`,
    scene: "hostile",
  },
  {
    name: "domain-slack",
    path: "/domains/team-a.claude.example.com",
    scene: "busy",
    caller: VIEWER,
  },
  { name: "new-domain-host", path: "/domains/new?domain=a+b", scene: "busy" },
  { name: "new-domain-account", path: "/domains/new?domain=new.example.com", scene: "busy" },
  {
    name: "new-domain-slack",
    path: "/domains/new?step=slack&domain=team-b.claude.example.com",
    scene: "busy",
  },
  { name: "new-domain-key", path: "/domains/new?step=key&domain=team-b.claude.example.com", scene: "busy" },
  { name: "accounts", path: "/accounts", scene: "busy" },
  { name: "accounts-empty", path: "/accounts", scene: "empty" },
  { name: "accounts-hostile", path: "/accounts", scene: "hostile" },
  { name: "accounts-viewer", path: "/accounts", scene: "busy", caller: VIEWER },
  {
    name: "account",
    path: "/accounts/acc_research?done=key",
    scene: "busy",
    before: "document.querySelectorAll('details').forEach((one) => { one.open = !one.closest('nav'); })",
  },
  { name: "account-ended", path: "/accounts/acc_old-login", scene: "busy" },
  { name: "account-login", path: "/accounts/acc_old-login/login", scene: "busy" },
  { name: "account-terms", path: "/accounts/acc_maya/login", scene: "busy" },
  { name: "audit", path: "/audit", scene: "busy" },
  { name: "audit-empty", path: "/audit", scene: "empty" },
  { name: "audit-hostile", path: "/audit", scene: "hostile" },
  { name: "health", path: "/settings", scene: "busy" },
  { name: "health-linking", path: "/settings?show=linking", scene: "busy" },
  { name: "health-hostile", path: "/settings?show=linking", scene: "hostile" },
  { name: "health-down", path: "/settings", scene: "down" },
  { name: "sign-in", path: "/sign-in", scene: "busy" },
  { name: "not-found", path: "/nowhere", scene: "busy" },
  {
    name: "keys",
    path: "/requests",
    scene: "busy",
    before: "document.querySelector('dialog#keys').showModal()",
  },
  {
    name: "more",
    path: "/requests",
    scene: "busy",
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
  const { url, server } = await serveScene(app, shot.scene, shot.caller ?? ADMINISTRATOR);
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
