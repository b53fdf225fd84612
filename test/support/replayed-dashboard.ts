/** The dashboard over recorded API responses in a real Chromium: for states that a whole stack cannot easily be brought into. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Browser } from "playwright-core";
import { type DashboardApp, loadDashboardApp, staticFiles } from "../../scripts/lib/dashboard-app.ts";
import { startBrowser } from "../../scripts/lib/browser.ts";
import { GOOD_SESSION, replayedApi, type ReplayOptions } from "./replayed-api.ts";
import { openWatchedPage, type WatchedPage } from "./watched-page.ts";

export interface ReplayedDashboard {
  /** A signed-in page at `path`, 1,440 pixels wide by default. */
  open(path: string, options?: ReplayOptions & { width?: number }): Promise<WatchedPage>;
  stop(): Promise<void>;
}

export async function startReplayedDashboard(): Promise<ReplayedDashboard> {
  const [browser, app]: [Browser, DashboardApp] = await Promise.all([startBrowser(), loadDashboardApp()]);
  const servers: Server[] = [];
  return {
    async open(path, { width = 1440, ...options } = {}) {
      const { url, server } = await serve(app, options);
      servers.push(server);
      const watched = await openWatchedPage(browser, { width });
      const context = watched.page.context();
      await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: url });
      await context.addCookies([{ name: "nexus_session", value: GOOD_SESSION, url }]);
      await watched.page.goto(url + path);
      return watched;
    },
    async stop() {
      await browser.close();
      for (const server of servers) {
        server.closeAllConnections();
        server.close();
      }
    },
  };
}

async function serve(app: DashboardApp, options: ReplayOptions): Promise<{ url: string; server: Server }> {
  const API = replayedApi(options);
  const server = createServer((incoming, outgoing) => {
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
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}
