/**
 * Screenshots for the documentation: `npx node scripts/docs-images.ts [directory]` (default docs/images). Starts the demo in a
 * temporary data directory, signs in and captures each page at 1440 × 900. Run it when pages have changed, check and commit the images.
 */
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { signInOn, startBrowser } from "./lib/browser.ts";
import { startDemo } from "./local/demo/demo.ts";

interface Screenshot {
  name: string;
  /**
   * FIRST is replaced by the recent request with the most tool calls, TIMED by the recent stream with the most chunks, TALK by the
   * conversation with the most branches.
   */
  path: string;
  theme: "light" | "dark";
}

const SCREENSHOTS: readonly Screenshot[] = [
  { name: "demo-overview", path: "/?range=24h", theme: "light" },
  { name: "demo-request", path: "/requests/FIRST", theme: "dark" },
  { name: "demo-stream", path: "/requests/TIMED?tab=stream", theme: "light" },
  { name: "demo-conversation", path: "/conversations/TALK", theme: "light" },
  { name: "demo-conversations", path: "/conversations?range=24h", theme: "light" },
  { name: "demo-usage", path: "/usage?range=24h", theme: "light" },
  { name: "demo-errors", path: "/errors?range=24h", theme: "dark" },
  { name: "demo-health", path: "/settings", theme: "light" },
];
const SIZE = { width: 1440, height: 900 };
/** Longest wait until the sample traffic is stored. */
const STORED_TIMEOUT_MS = 240_000;

const directory = process.argv[2] ?? "docs/images";
await mkdir(directory, { recursive: true });
const dataDir = await mkdtemp(join(tmpdir(), "nexus-images-"));
const browser = await startBrowser();
const demo = await startDemo({
  stack: { dataDir, log: () => undefined },
  live: false,
  print: (line) => console.log(line),
});
try {
  await demo.played;
  await untilStored();
  for (const screenshot of SCREENSHOTS) await capture(screenshot);
} finally {
  await browser.close();
  await demo.stop();
  await rm(dataDir, { recursive: true, force: true });
}
// Handles of the stopped stack keep the process alive.
process.exit(0);

interface Row {
  requestId: string;
  outcome: string;
  toolCallCount: number;
}

async function getJson<T>(path: string): Promise<T> {
  const headers = { "x-dashboard-key": demo.stack.dashboardKey };
  return (await (await fetch(`${demo.stack.proxyUrl}${path}`, { headers })).json()) as T;
}

/** Waits until the journal is empty. */
async function untilStored(): Promise<void> {
  const until = Date.now() + STORED_TIMEOUT_MS;
  for (;;) {
    const { journal } = await getJson<{ journal: { entries: number | null } }>("/api/status");
    if (journal.entries === 0) return;
    if (Date.now() > until) throw new Error("The sample traffic was not stored in time.");
    await pause(1_000);
  }
}

interface ConversationRow {
  conversationId: string;
  subtaskBranchCount: number;
  userBranchCount: number;
  compactBranchCount: number;
}

async function pathOf(screenshot: Screenshot): Promise<string> {
  if (screenshot.path.includes("TALK")) {
    const { conversations } = await getJson<{ conversations: ConversationRow[] }>(
      "/api/conversations?limit=200",
    );
    const branches = (conversation: ConversationRow) =>
      conversation.subtaskBranchCount + conversation.userBranchCount + conversation.compactBranchCount;
    const conversation = conversations.sort((left, right) => branches(right) - branches(left))[0];
    if (!conversation) throw new Error("The demo has no conversation to show.");
    return screenshot.path.replace("TALK", conversation.conversationId);
  }
  if (screenshot.path.includes("TIMED")) return screenshot.path.replace("TIMED", await longestStream());
  if (!screenshot.path.includes("FIRST")) return screenshot.path;
  const { requests } = await getJson<{ requests: Row[] }>("/api/requests?limit=200");
  const complete = requests.filter((row) => row.outcome === "complete");
  const first = complete.sort((left, right) => right.toolCallCount - left.toolCallCount)[0];
  if (!first) throw new Error("The demo has no request to show.");
  return screenshot.path.replace("FIRST", first.requestId);
}

/** The id of the recent timed request whose stream has the most chunks. */
async function longestStream(): Promise<string> {
  const { requests } = await getJson<{ requests: Row[] }>("/api/requests?limit=100&outcome=complete");
  let longest = { requestId: "", streamingChunks: [] as unknown[] };
  for (const { requestId } of requests) {
    const detail = await getJson<typeof longest>(`/api/requests/${requestId}`);
    if (detail.streamingChunks.length > longest.streamingChunks.length) longest = detail;
  }
  if (longest.requestId === "") throw new Error("The demo has no timed stream to show.");
  return longest.requestId;
}

async function capture(screenshot: Screenshot): Promise<void> {
  const { name, theme: colorScheme } = screenshot;
  const context = await browser.newContext({ viewport: SIZE, colorScheme, timezoneId: "UTC" });
  const page = await context.newPage();
  await signInOn(page, demo.stack, await pathOf(screenshot));
  await page.evaluate("document.fonts.ready");
  await page.screenshot({ path: join(directory, `${name}.png`) });
  await context.close();
  console.log(name);
}
