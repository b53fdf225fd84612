/**
 * The demo stack with its traffic sent through the proxy and a signed-in browser, for end-to-end tests of the pages. One per file,
 * because the traffic takes its time.
 */
import { rm } from "node:fs/promises";
import type { Browser } from "playwright-core";
import { expect, onTestFinished } from "vitest";
import type { ConversationList } from "../../workers/schemas/api/conversations.ts";
import type { Status } from "../../workers/schemas/api/status.ts";
import { startDemo, type Demo } from "../../scripts/local/demo/demo.ts";
import { signInOn, startBrowser } from "../../scripts/lib/browser.ts";
import { apiJson, sendMessage } from "./api-calls.ts";
import { preparedDataDirectory } from "./local-stack.ts";
import { openWatchedPage } from "./watched-page.ts";
import { waitFor } from "./wait.ts";

/** Exchanges of the traffic: more than two pages of the list, with every scenario. */
const TURNS = 110;
/** Further conversations of one turn, so that the list has a second page. */
const SHORT_CONVERSATIONS = 52;
const EVERY_MINUTE = "* * * * *";
/** A time zone that is not UTC and not a whole number of hours away. */
export const ZONE = "Asia/Kolkata";

export interface OpenOptions {
  width?: number;
  colorScheme?: "light" | "dark";
  /** Default true. */
  signedIn?: boolean;
  /** Default true. */
  javaScriptEnabled?: boolean;
  /** Whether the test causes browser errors and checks them itself. Default false: any error fails the test. */
  causesErrors?: boolean;
}

export type DemoStack = Awaited<ReturnType<typeof startDemoStack>>;

export async function startDemoStack() {
  const dataDir = await preparedDataDirectory();
  const [browser, demo] = await Promise.all([
    startBrowser(),
    startDemo({ stack: { dataDir }, live: false, turns: TURNS, speed: 0.01, print: () => undefined }),
  ]);
  const stop = async () => {
    await browser.close();
    await demo.stop();
    await rm(dataDir, { recursive: true, force: true });
  };
  const { stack } = demo;
  const getJson = <T>(path: string) => apiJson<T>(stack, path);
  const exchange = async (text: string) => {
    const response = await sendMessage(stack, text, { stream: true });
    await response.text();
    if (response.status !== 200) throw new Error(`the proxy returned ${response.status}`);
    return response.headers.get("x-nexus-request-id") ?? "";
  };
  try {
    demo.fake.setSpeed(0);
    const questions = Array.from({ length: SHORT_CONVERSATIONS }, (_, n) =>
      exchange(`What is ${n} times ${n}?`),
    );
    await Promise.all([demo.played, ...questions]);
    await waitFor(async () => {
      const { journal, searchWaiting } = await getJson<Status>("/api/status");
      if (journal.entries !== 0) throw new Error("The traffic is not stored yet.");
      if (searchWaiting === 0) return;
      // Indexes what ingest left to the cron, which would run within a minute.
      await stack.runCron(EVERY_MINUTE);
      throw new Error("The traffic is not indexed yet.");
    }, 250);
    const { conversations } = await getJson<ConversationList>("/api/conversations?limit=200");
    const [most] = conversations.toSorted((left, right) => right.branchCount - left.branchCount);
    const signedIn = await signIn(browser, demo);
    return {
      demo,
      /** `http://127.0.0.1:port` of the dashboard. */
      url: stack.dashboardUrl,
      /** The API response for an administrator; throws unless its status is 200. */
      getJson,
      /** A page at `path` (default: blank), signed in by default, until the end of the test, which fails if the browser had errors. */
      async open(
        path?: string,
        { signedIn: isSignedIn = true, causesErrors = false, ...options }: OpenOptions = {},
      ) {
        const watched = await openWatchedPage(browser, {
          ...options,
          timezoneId: ZONE,
          ...(isSignedIn && { storageState: signedIn }),
        });
        onTestFinished(async () => {
          await watched.page.context().close();
          if (!causesErrors) expect(watched.browserErrors).toEqual([]);
        });
        if (path !== undefined) await watched.page.goto(stack.dashboardUrl + path);
        return watched;
      },
      /** Id of the conversation with the most branches. */
      branchedConversation: most!.conversationId,
      /** Sends one small exchange; returns its id. */
      exchange,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Cookies of a browser that has signed in by the form and sent its time zone. */
async function signIn(browser: Browser, { stack }: Demo) {
  const { page } = await openWatchedPage(browser, { timezoneId: ZONE });
  await signInOn(page, stack);
  const state = await page.context().storageState();
  await page.context().close();
  return state;
}
