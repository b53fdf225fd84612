/**
 * Screenshots for the documentation: `npx node scripts/docs-images.ts [directory]` (default docs/images). Starts the demo in a
 * temporary data directory, signs in and captures each page at 1440 × 900. Run it when pages have changed, check and commit the images.
 */
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { signInOn, startBrowser } from "./lib/browser.ts";
import type { AnalysisList } from "../workers/schemas/api/analyses.ts";
import type { ConversationList } from "../workers/schemas/api/conversations.ts";
import type { RequestDetail, RequestList } from "../workers/schemas/api/requests.ts";
import type { Status } from "../workers/schemas/api/status.ts";
import { startDemo } from "./local/demo/demo.ts";

interface Screenshot {
  name: string;
  path: string | (() => Promise<string>);
  theme: "light" | "dark";
}

const SCREENSHOTS: readonly Screenshot[] = [
  { name: "demo-overview", path: "/?range=24h", theme: "light" },
  { name: "demo-request", path: requestWithMostCalls, theme: "dark" },
  { name: "demo-stream", path: longestStream, theme: "light" },
  { name: "demo-conversation", path: conversationWithMostBranches, theme: "light" },
  { name: "demo-conversations", path: "/conversations?range=24h", theme: "light" },
  { name: "demo-usage", path: "/usage?range=24h", theme: "light" },
  { name: "demo-analysis", path: analysedConversation, theme: "light" },
  { name: "demo-analyses", path: "/analyses?range=24h", theme: "dark" },
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

async function getJson<T>(path: string): Promise<T> {
  const headers = { "x-dashboard-key": demo.stack.dashboardKey };
  return (await (await fetch(`${demo.stack.proxyUrl}${path}`, { headers })).json()) as T;
}

/** Waits until the journal is empty. */
async function untilStored(): Promise<void> {
  const until = Date.now() + STORED_TIMEOUT_MS;
  for (;;) {
    const { journal } = await getJson<Status>("/api/status");
    if (journal.entries === 0) return;
    if (Date.now() > until) throw new Error("The sample traffic was not stored in time.");
    await pause(1_000);
  }
}

async function conversationWithMostBranches(): Promise<string> {
  const { conversations } = await getJson<ConversationList>("/api/conversations?limit=200");
  const [most] = conversations.sort((left, right) => right.branchCount - left.branchCount);
  if (!most) throw new Error("The demo has no conversation to show.");
  return `/conversations/${most.conversationId}`;
}

async function analysedConversation(): Promise<string> {
  const { analyses } = await getJson<AnalysisList>("/api/analyses?status=completed");
  const [one] = analyses.sort((left, right) => right.version - left.version);
  if (!one) throw new Error("The demo has no analysis to show.");
  return `/conversations/${one.conversationId}?view=analysis&version=1`;
}

async function requestWithMostCalls(): Promise<string> {
  const { requests } = await getJson<RequestList>("/api/requests?limit=200");
  const complete = requests.filter((row) => row.outcome === "complete");
  const [most] = complete.sort((left, right) => right.toolCallCount - left.toolCallCount);
  if (!most) throw new Error("The demo has no request to show.");
  return `/requests/${most.requestId}`;
}

/** The recent timed request whose stream has the most chunks. */
async function longestStream(): Promise<string> {
  const { requests } = await getJson<RequestList>("/api/requests?limit=100&outcome=complete");
  let longest: Pick<RequestDetail, "requestId" | "streamingChunks"> = { requestId: "", streamingChunks: [] };
  for (const { requestId } of requests) {
    const detail = await getJson<RequestDetail>(`/api/requests/${requestId}`);
    if (detail.streamingChunks.length > longest.streamingChunks.length) longest = detail;
  }
  if (longest.requestId === "") throw new Error("The demo has no timed stream to show.");
  return `/requests/${longest.requestId}?tab=stream`;
}

async function capture({ name, path, theme: colorScheme }: Screenshot): Promise<void> {
  const context = await browser.newContext({ viewport: SIZE, colorScheme, timezoneId: "UTC" });
  const page = await context.newPage();
  await signInOn(page, demo.stack, typeof path === "string" ? path : await path());
  await page.evaluate("document.fonts.ready");
  await page.screenshot({ path: join(directory, `${name}.png`) });
  await context.close();
  console.log(name);
}
