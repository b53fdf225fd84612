/**
 * The page of a conversation of 5,000 requests in a real browser: time and size of its first screen, time until its tree is drawn and
 * can be moved, and frame times while the tree is moved or the transcript is scrolled.
 */
import { setTimeout as pause } from "node:timers/promises";
import type { Browser, Page } from "playwright-core";
import type { LocalStack } from "../../scripts/local/local-stack.ts";
import { signInOn, startBrowser } from "../../scripts/lib/browser.ts";
import { conversationId, LONG, THOUSANDS } from "../database/conversations.ts";
import { withCachedDatabase } from "../database/cached-databases.ts";
import { median, percentile } from "../lib/statistics.ts";
import type { Line } from "../lib/table.ts";
import { limitLine } from "./lines.ts";

/** Measured visits, after one warm-up visit. */
const ROUNDS = 7;
/** Mouse moves and wheel turns. */
const STEPS = 60;
const SCREEN_KB = 100;
const GOALS = { painted: 500, tree: 300, /** Two frames of sixty a second. */ frame: 33.4 };

/** Runs before the page's script: records when the interactive tree was painted, and the largest contentful paint. */
const WATCH = `
  addEventListener("DOMContentLoaded", () => {
    const frame = document.querySelector("[data-tree]");
    if (!frame) return;
    const painted = () => requestAnimationFrame(() => requestAnimationFrame(() => (window.benchTree = performance.now())));
    new MutationObserver((_, watch) => {
      if (!frame.classList.contains("is-live")) return;
      watch.disconnect();
      painted();
    }).observe(frame, { attributes: true });
  });
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) window.benchPaint = entry.startTime;
  }).observe({ type: "largest-contentful-paint", buffered: true });`;
const BEGIN_FRAMES = `(() => {
  window.benchFrames = [];
  let last = performance.now();
  const next = (now) => {
    window.benchFrames.push(now - last);
    last = now;
    requestAnimationFrame(next);
  };
  requestAnimationFrame(next);
})()`;

interface Look {
  painted: number;
  /** Milliseconds from the end of the response. */
  tree: number;
  kilobytes: number;
}

export function longPage(): Promise<Line[]> {
  return withCachedDatabase(THOUSANDS, async (stack) => {
    const browser = await startBrowser();
    try {
      return await measure(browser, stack);
    } finally {
      await browser.close();
    }
  });
}

async function measure(browser: Browser, stack: LocalStack): Promise<Line[]> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  await context.addInitScript(WATCH);
  const page = await context.newPage();
  await signInOn(page, stack);
  const address = `${stack.dashboardUrl}/conversations/${conversationId(0)}`;
  const [reading, alone]: [Look[], Look[]] = [[], []];
  for (let round = 0; round <= ROUNDS; round++) {
    const seen = [await look(page, address), await look(page, `${address}?view=tree`)] as const;
    if (round === 0) continue;
    reading.push(seen[0]);
    alone.push(seen[1]);
  }
  const moving = await framesWhile(
    page,
    async (x, y, n) => page.mouse.move(x, y + Math.sin(n / 5) * 150),
    true,
  );
  await look(page, address);
  const scrolling = await framesWhile(page, async () => page.mouse.wheel(0, 120), false);
  const at = (of: string, unit: string, nexus: number, limit: number) =>
    limitLine(`page of a conversation of ${LONG} requests, ${of}`, unit, nexus, limit);
  const ms = "ms p50";
  return [
    at("first screen painted", ms, median(reading.map(({ painted }) => painted)), GOALS.painted),
    at("first screen", "KB", Math.max(...reading.map(({ kilobytes }) => kilobytes)), SCREEN_KB),
    at("its tree drawn after the response", ms, median(reading.map(({ tree }) => tree)), GOALS.tree),
    at("the tree alone drawn after the response", ms, median(alone.map(({ tree }) => tree)), GOALS.tree),
    at("frames while the tree is moved", "ms p95", percentile(moving, 0.95), GOALS.frame),
    at("frames while the transcript is scrolled", "ms p95", percentile(scrolling, 0.95), GOALS.frame),
  ];
}

async function look(page: Page, url: string): Promise<Look> {
  await page.goto(url, { waitUntil: "load" });
  const read = `(() => {
    const [{ responseEnd, decodedBodySize }] = performance.getEntriesByType("navigation");
    const { benchTree, benchPaint } = window;
    return benchTree && benchPaint && { painted: benchPaint, tree: benchTree - responseEnd, kilobytes: decodedBodySize / 1000 };
  })()`;
  for (let tries = 0; tries < 200; tries++) {
    const seen = await page.evaluate<Look | undefined>(read);
    if (seen) return seen;
    await pause(25);
  }
  throw new Error(`${url}: the tree was not interactive within 5 s`);
}

/** Milliseconds between frames while `step` is repeated, starting in the middle of the tree or of the transcript. */
async function framesWhile(
  page: Page,
  step: (x: number, y: number, n: number) => Promise<void>,
  isTree: boolean,
): Promise<number[]> {
  const box = await page.locator(isTree ? "[data-tree]" : "#content").boundingBox();
  if (!box) throw new Error("the tree or the transcript is not on the page");
  const [x, y] = [box.x + box.width * 0.7, box.y + Math.min(box.height / 2, 300)];
  await page.mouse.move(x, y);
  if (isTree) await page.mouse.down();
  await page.evaluate(BEGIN_FRAMES);
  for (let n = 0; n < STEPS; n++) await step(x, y, n);
  const frames = await page.evaluate<number[]>("window.benchFrames.slice(2)");
  if (isTree) await page.mouse.up();
  return frames;
}
