/** The dashboard over the scripted API, in a real Chromium: scenes that are hard to bring about with a whole world. */
import type { Browser, Page } from "playwright-core";
import type { Scene } from "../../dashboard/fake/api.ts";
import { loadApp, serveScene } from "../../dashboard/fake/serve.ts";
import { startBrowser } from "./browser.ts";

export interface ScriptedDashboard {
  /** A page of `scene`, as wide as a desk unless said otherwise; `path` may name TALK, its first conversation, and ASKED, its first request. */
  open(scene: Scene, path: string, width?: number): Promise<OpenPage>;
  stop(): Promise<void>;
}

export interface OpenPage {
  page: Page;
  /** What the browser complained about: errors of scripts, refusals by the policy. */
  complaints: string[];
}

export async function startScriptedDashboard(): Promise<ScriptedDashboard> {
  const [browser, app]: [Browser, Awaited<ReturnType<typeof loadApp>>] = await Promise.all([
    startBrowser(),
    loadApp(),
  ]);
  const served = new Map<Scene, Awaited<ReturnType<typeof serveScene>>>();
  return {
    async open(scene, path, width = 1440) {
      const ready = served.get(scene) ?? (await serveScene(app, scene));
      served.set(scene, ready);
      const { url } = ready;
      const context = await browser.newContext({ viewport: { width, height: 900 } });
      await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: url });
      const page = await context.newPage();
      const complaints: string[] = [];
      page.on("console", (message) => {
        if (message.type() === "error") complaints.push(message.text());
      });
      page.on("pageerror", (error) => complaints.push(error.message));
      await page.goto(url + (await named(url, path)));
      return { page, complaints };
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
