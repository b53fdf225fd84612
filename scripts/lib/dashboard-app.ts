/** The dashboard's application in a Node process: bundled as the Pages build does it. For recordings and browser tests. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { buildAssets } from "../../dashboard/build.ts";

const ROOT = join(import.meta.dirname, "../..");
const PUBLIC = join(ROOT, "dashboard/public");
const TYPES: Readonly<Record<string, string>> = {
  ".css": "text/css",
  ".js": "text/javascript",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
};

export interface DashboardApp {
  fetch(request: Request, env: object): Response | Promise<Response>;
}

/** Bundles the application and loads it into this process. */
export async function loadDashboardApp(): Promise<DashboardApp> {
  const assets = await buildAssets();
  const outfile = join(ROOT, `out/dashboard-app/app.${process.pid}.mjs`);
  await build({
    entryPoints: [join(ROOT, "dashboard/src/app.tsx")],
    bundle: true,
    format: "esm",
    platform: "node",
    outfile,
    logLevel: "silent",
  });
  const module = (await import(pathToFileURL(outfile).href)) as {
    createApp(made: typeof assets): DashboardApp;
  };
  return module.createApp(assets);
}

/** The built static files, as Pages serves them. */
export const staticFiles = {
  async fetch(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    const file = join(PUBLIC, pathname);
    const bytes = file.startsWith(PUBLIC) ? await readFile(file).catch(() => null) : null;
    if (!bytes) return new Response("Not found", { status: 404 });
    const type = TYPES[/\.\w+$/.exec(pathname)?.[0] ?? ""] ?? "application/octet-stream";
    return new Response(new Uint8Array(bytes), { headers: { "content-type": type } });
  },
};
