/** Bundles a Worker that wraps the product's: the demo's with its clock, the tests' with injected faults. */
import { execFile } from "node:child_process";
import { globSync } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const BUNDLE_PROMPTS = "scripts/bundle-prompts.ts";

/** Bundles the module `entry` into `directory`, a `workerBundle` of the local stack. */
export async function bundleWorker(entry: string, directory: string): Promise<string> {
  await bundleOutdatedPrompts();
  await build({
    entryPoints: [entry],
    outfile: join(directory, "index.js"),
    bundle: true,
    format: "esm",
    target: "es2024",
    platform: "neutral",
    mainFields: ["module", "main"],
    conditions: ["workerd", "worker", "browser"],
    external: ["cloudflare:*", "node:*"],
    loader: { ".hbs": "text", ".yaml": "text", ".md": "text", ".txt": "text" },
    logLevel: "error",
  });
  return directory;
}

/** What the Worker imports of out/, if a source is newer. The build of the product makes it too, but not before this. */
async function bundleOutdatedPrompts(): Promise<void> {
  const timeOf = (path: string) =>
    stat(join(ROOT, path)).then(
      ({ mtimeMs }) => mtimeMs,
      () => 0,
    );
  const sources = globSync("prompts/**/*", { cwd: ROOT });
  const changed = await Promise.all([BUNDLE_PROMPTS, ...sources].map(timeOf));
  const written = await Promise.all(["out/prompts.json", "out/analysis-prompts.json"].map(timeOf));
  if (Math.min(...written) <= Math.max(...changed))
    await promisify(execFile)(process.execPath, [BUNDLE_PROMPTS], { cwd: ROOT });
}
