/** The dashboard over recorded API responses in a real Chromium: for states that a whole stack cannot easily be brought into. */
import type { Browser } from "playwright-core";
import { expect, onTestFinished } from "vitest";
import { type DashboardApp, loadDashboardApp, staticFiles } from "../../scripts/lib/dashboard-app.ts";
import { startBrowser } from "../../scripts/lib/browser.ts";
import { startHttpServer } from "../../scripts/local/network/http-server.ts";
import { GOOD_SESSION, replayedApi, type ReplayOptions } from "./replayed-api.ts";
import { openWatchedPage } from "./watched-page.ts";

export type ReplayedDashboard = Awaited<ReturnType<typeof startReplayedDashboard>>;

export async function startReplayedDashboard() {
  const [browser, app]: [Browser, DashboardApp] = await Promise.all([startBrowser(), loadDashboardApp()]);
  const servers: Awaited<ReturnType<typeof serve>>[] = [];
  return {
    /** A signed-in page at `path`, 1,440 pixels wide by default, until the end of the test, which fails if the browser had errors. */
    async open(path: string, { width = 1440, ...options }: ReplayOptions & { width?: number } = {}) {
      const server = await serve(app, options);
      servers.push(server);
      const { url } = server;
      const watched = await openWatchedPage(browser, { width });
      const context = watched.page.context();
      onTestFinished(async () => {
        await context.close();
        expect(watched.browserErrors, path).toEqual([]);
      });
      await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: url });
      await context.addCookies([{ name: "nexus_session", value: GOOD_SESSION, url }]);
      await watched.page.goto(url + path);
      return watched;
    },
    async stop() {
      await browser.close();
      for (const server of servers) await server.stop();
    },
  };
}

function serve(app: DashboardApp, options: ReplayOptions) {
  const API = replayedApi(options);
  return startHttpServer((incoming, outgoing) => {
    void (async () => {
      const chunks: Uint8Array[] = [];
      for await (const chunk of incoming) chunks.push(chunk as Uint8Array);
      const body = Buffer.concat(chunks);
      const request = new Request(`http://${incoming.headers.host}${incoming.url}`, {
        method: incoming.method ?? "GET",
        headers: new Headers(incoming.headers as Record<string, string>),
        ...(body.length > 0 ? { body } : {}),
      });
      const response = await app.fetch(request, { API, ASSETS: staticFiles });
      outgoing.statusCode = response.status;
      outgoing.setHeaders(response.headers);
      outgoing.end(Buffer.from(await response.arrayBuffer()));
    })();
  });
}
