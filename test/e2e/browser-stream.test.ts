/** A stream end to end: timed while a client reads it, stored, and drawn on the request's page in a real Chromium. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startFakeClaude, type FakeClaude } from "../../scripts/local/fake-claude/server.ts";
import type { LocalStack } from "../../scripts/local/local-stack.ts";
import type { RequestDetail } from "../../workers/schemas/api/requests.ts";
import { apiJson, sendMessage } from "../support/api-calls.ts";
import { accessibilityProblems } from "../support/accessibility.ts";
import { responseStream } from "../support/response-stream.ts";
import { signInOn, startBrowser } from "../../scripts/lib/browser.ts";
import { startTestStack } from "../support/local-stack.ts";
import { openWatchedPage, sidewaysOverflow } from "../support/watched-page.ts";
import { waitFor } from "../support/wait.ts";

/** Long against what a busy machine delays the other events by. */
const PAUSE_MS = 2_000;
/** The event before which it pauses, from 1. */
const LATE_EVENT = 4;

let fake: FakeClaude;
let stack: LocalStack;
let browser: Browser;
let detail: RequestDetail;

beforeAll(async () => {
  [fake, browser] = await Promise.all([startFakeClaude(), startBrowser()]);
  const variables = { CLAUDE_API_BASE_URL: fake.url, STREAM_TIMING_SAMPLE: "1" };
  stack = await startTestStack({ variables });
  const stream = responseStream(
    { content: [{ type: "text", text: "It came bit by bit, and once it took its time." }] },
    { id: "msg_1", model: "claude-sonnet-5-5", usage: { input_tokens: 12 } },
  );
  const chunks = stream.split(/(?<=\n\n)/).map((text, at) => ({
    delayMs: at === LATE_EVENT - 1 ? PAUSE_MS : 15,
    bytes: Buffer.from(text),
  }));
  const headers = { "content-type": "text/event-stream; charset=utf-8" };
  fake.script(() => true, { kind: "raw", status: 200, headers, chunks });
  const response = await sendMessage(stack, "How did it come?", { model: "claude-sonnet-5-5", stream: true });
  expect(await response.text()).toBe(stream);
  const path = `/api/requests/${response.headers.get("x-nexus-request-id")}`;
  detail = await waitFor(() => apiJson<RequestDetail>(stack, path), 200);
});

afterAll(async () => {
  await browser.close();
  await stack.stop();
  await fake.stop();
});

const gaps = () =>
  detail.streamingChunks.map(
    ({ offsetMs }, at) => offsetMs - (detail.streamingChunks[at - 1]?.offsetMs ?? offsetMs),
  );
const longestGap = () => Math.max(...gaps());

it("a timed stream has its times from the API, the pause among them", () => {
  const { streamingChunks, responseBytes } = detail;
  expect(detail.streamTiming).toEqual({ resolutionMs: 1 });
  expect(streamingChunks.at(-1)?.endByte).toBe(responseBytes);
  expect(Math.min(...gaps())).toBeGreaterThanOrEqual(0);
  expect(longestGap()).toBeGreaterThan(PAUSE_MS / 2);
  expect(streamingChunks[0]!.offsetMs).toBeGreaterThanOrEqual(Math.floor(detail.timeToFirstByteMs!));
  expect(streamingChunks.at(-1)!.offsetMs).toBeLessThanOrEqual(detail.durationMs! + 1);
});

it.each([
  [1440, "light"],
  [1440, "dark"],
  [390, "light"],
  [390, "dark"],
] as const)(
  "a timed stream is drawn at %i px in %s, leads to the late event, and axe finds nothing serious",
  async (width, colorScheme) => {
    const { page, browserErrors } = await openWatchedPage(browser, { width, colorScheme });
    await signInOn(page, stack, `/requests/${detail.requestId}?tab=stream`);

    const drawing = page.locator(".chunk-timeline svg[role=img]");
    expect(await drawing.getAttribute("aria-label")).toMatch(/1 pause of 250 ms or more, longest [\d.]+ s$/);
    const { width: drawn, height } = (await drawing.boundingBox())!;
    expect(drawn).toBeGreaterThan(width === 390 ? 250 : 700);
    expect(height).toBeLessThan(120);
    const pause = (await page.locator(".chunk-pause").boundingBox())!;
    expect(pause.width / drawn).toBeCloseTo(longestGap() / detail.durationMs!, 2);

    await page.click(".pauses a");
    await page.waitForURL(new RegExp(`#event-${LATE_EVENT}$`));
    const late = page.locator(`#event-${LATE_EVENT}`);
    expect(await late.locator(".event-gap").innerText()).toMatch(/^A\s*\+[\d.]+ s$/);
    expect(await page.locator(".event-time").count()).toBe(await page.locator(".events > li").count());
    expect(await sidewaysOverflow(page)).toBe(0);
    expect([...browserErrors, ...(await accessibilityProblems(page))]).toEqual([]);
    await page.context().close();
  },
);
