/**
 * The dashboard on a local port with the scripted API and the built static files: for screenshots and for design work.
 * Every page works; nothing is kept.
 */
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import type { Caller } from "../../workers/schemas/api/session.ts";
import { buildAssets } from "../build.ts";
import type { ApiBinding, Bindings } from "../src/context/environment.ts";
import { fakeApi, GOOD_SESSION, type Scenario } from "./api.ts";

const HERE = import.meta.dirname;
const PUBLIC = join(HERE, "../public");
const TYPES: Readonly<Record<string, string>> = {
  ".css": "text/css",
  ".js": "text/javascript",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
};

interface App {
  fetch(request: Request, env: Bindings): Response | Promise<Response>;
}

/** Bundles the application as the Pages build does, and loads it into this process. */
export async function loadApp(): Promise<App> {
  const assets = await buildAssets();
  const outfile = join(HERE, `../../out/dashboard-fake/app.${Date.now()}.mjs`);
  await build({
    entryPoints: [join(HERE, "../src/app.tsx")],
    bundle: true,
    format: "esm",
    platform: "node",
    outfile,
    logLevel: "silent",
  });
  const module = (await import(pathToFileURL(outfile).href)) as { createApp(made: typeof assets): App };
  return module.createApp(assets);
}

const files: Bindings["ASSETS"] = {
  async fetch(request) {
    const { pathname } = new URL(request.url);
    const file = join(PUBLIC, pathname);
    const bytes = file.startsWith(PUBLIC) ? await readFile(file).catch(() => null) : null;
    if (!bytes) return new Response("Not found", { status: 404 });
    const type = TYPES[/\.\w+$/.exec(pathname)?.[0] ?? ""] ?? "application/octet-stream";
    return new Response(new Uint8Array(bytes), { headers: { "content-type": type } });
  },
};

/** Serves one scene to one kind of caller; everybody is signed in. Port 0 takes a free one. */
export async function serveScenario(
  app: App,
  scenario: Scenario,
  caller?: Caller,
  port = 0,
): Promise<{ url: string; server: Server }> {
  const api = fakeApi(scenario, Date.now(), caller);
  const server = createServer((incoming, outgoing) => {
    void (async () => {
      const chunks: Uint8Array[] = [];
      for await (const chunk of incoming) chunks.push(chunk as Uint8Array);
      const headers = new Headers(incoming.headers as Record<string, string>);
      const body = Buffer.concat(chunks);
      const request = new Request(`http://${incoming.headers.host}${incoming.url}`, {
        method: incoming.method ?? "GET",
        headers,
        ...(body.length > 0 ? { body } : {}),
      });
      const response = await app.fetch(request, { API: signedIn(api), ASSETS: files });
      outgoing.statusCode = response.status;
      outgoing.setHeaders(response.headers);
      outgoing.end(Buffer.from(await response.arrayBuffer()));
    })();
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  const address = server.address();
  return { url: `http://127.0.0.1:${typeof address === "object" ? address?.port : port}`, server };
}

/** Design work needs no signing in. */
const signedIn = (api: ApiBinding): ApiBinding => ({
  fetch: (request) => api.fetch(request),
  signIn: (request) => api.signIn(request),
  signOut: (token) => api.signOut(token),
  whoAmI: () => api.whoAmI({ "x-nexus-session": GOOD_SESSION }),
  authenticate: () => api.authenticate({ "x-nexus-session": GOOD_SESSION }),
});
