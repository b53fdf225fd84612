/** Bundles a Worker that wraps the product's: the demo's with its clock, the tests' with injected faults. */
import { join } from "node:path";
import { build } from "esbuild";

/** Bundles the module `entry` into `directory`, a `workerBundle` of the local stack. */
export async function bundleWorker(entry: string, directory: string): Promise<string> {
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
