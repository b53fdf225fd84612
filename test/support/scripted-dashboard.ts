/** The dashboard over the scripted API, in a real Chromium: scenes that are hard to bring about with a whole world. */
import type { Browser } from "playwright-core";
import type { Scenario } from "../../dashboard/fake/api.ts";
import { loadApp, serveScenario } from "../../dashboard/fake/serve.ts";
import { startBrowser } from "../../scripts/lib/browser.ts";
import { openWatchedPage, type WatchedPage } from "./watched-page.ts";

export interface ScriptedDashboard {
  /** A page of `scene`, as wide as a desk unless said otherwise; `path` may name TALK, its first conversation, and ASKED, its first request. */
  open(scenario: Scenario, path: string, width?: number): Promise<WatchedPage>;
  stop(): Promise<void>;
}

export async function startScriptedDashboard(): Promise<ScriptedDashboard> {
  const [browser, app]: [Browser, Awaited<ReturnType<typeof loadApp>>] = await Promise.all([
    startBrowser(),
    loadApp(),
  ]);
  const served = new Map<Scenario, Awaited<ReturnType<typeof serveScenario>>>();
  return {
    async open(scenario, path, width = 1440) {
      const ready = served.get(scenario) ?? (await serveScenario(app, scenario));
      served.set(scenario, ready);
      const { url } = ready;
      const watched = await openWatchedPage(browser, { width });
      const { page } = watched;
      await page.context().grantPermissions(["clipboard-read", "clipboard-write"], { origin: url });
      await page.goto(url + (await named(url, path)));
      return watched;
    },
    async stop() {
      await browser.close();
      for (const { server } of served.values()) {
        server.closeAllConnections();
        server.close();
      }
    },
  };
}

async function named(url: string, path: string): Promise<string> {
  if (path.includes("TALK")) {
    const list = (await (await fetch(`${url}/api/conversations`)).json()) as {
      conversations: { conversationId: string }[];
    };
    return path.replace("TALK", list.conversations[0]!.conversationId);
  }
  if (!path.includes("ASKED")) return path;
  const list = (await (await fetch(`${url}/api/requests?limit=1`)).json()) as {
    requests: { requestId: string }[];
  };
  return path.replace("ASKED", list.requests[0]!.requestId);
}
