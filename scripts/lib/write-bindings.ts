/** `node scripts/lib/write-bindings.ts CONFIG FILE`: writes Miniflare's options for the bindings of a wrangler.toml as JSON. */
import { writeFile } from "node:fs/promises";
import { unstable_getMiniflareWorkerOptions, unstable_readConfig } from "wrangler";

const [config = "", file = ""] = process.argv.slice(2);
// The bundles are plain modules: module rules have been applied, and paths are absolute.
const {
  modulesRules: _applied,
  rootPath: _root,
  ...bindings
} = unstable_getMiniflareWorkerOptions(config).workerOptions as Record<string, unknown>;
const { name, vars } = unstable_readConfig({ config }, { hideWarnings: true }) as {
  name?: string;
  vars: Record<string, unknown>;
};
// Without the secrets that wrangler finds in the environment or in .env: the local stack has its own.
await writeFile(file, JSON.stringify({ ...bindings, bindings: vars, name }));
