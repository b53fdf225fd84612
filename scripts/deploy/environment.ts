/**
 * Names and configuration files of an environment. Production uses the files of the repository. Another one has everything of its own:
 * its files are derived from them by names, because wrangler's `[env.…]` inherits no bindings.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./tools.ts";

export interface Environment {
  /** Of the Worker. */
  worker: string;
  /** Of the Pages project. */
  pages: string;
  /** Arguments that select the Worker's configuration. */
  configuration: string[];
  /** Where `wrangler pages deploy` runs. */
  dashboard: string;
}

export const ENVIRONMENT_NAME = /^[a-z][a-z0-9-]{0,19}$/;

/** `name` undefined: production. Writes the derived files. */
export function environmentOf(name: string | undefined, root = ROOT): Environment {
  const dashboard = join(root, "dashboard");
  if (name === undefined) return { worker: "nexus", pages: "nexus-dashboard", configuration: [], dashboard };
  const file = `wrangler.${name}.toml`;
  const named = (path: string) => derive(readFileSync(path, "utf8"), name);
  // Beside the original: its paths are relative.
  writeFileSync(
    join(root, file),
    `# Made from wrangler.toml by npm run deploy; do not edit.\n${named(join(root, "wrangler.toml"))}`,
  );
  // Pages takes no other name for its configuration.
  const copy = join(root, "out/deploy", name);
  mkdirSync(copy, { recursive: true });
  writeFileSync(join(copy, "wrangler.toml"), named(join(dashboard, "wrangler.toml")));
  for (const part of ["functions", "public", "src"]) {
    rmSync(join(copy, part), { force: true });
    if (existsSync(join(dashboard, part))) symlinkSync(join(dashboard, part), join(copy, part));
  }
  return {
    worker: `nexus-${name}`,
    pages: `nexus-${name}-dashboard`,
    configuration: ["--config", file],
    dashboard: copy,
  };
}

/** The configuration with each name of ours under the environment's. Routes are production's. */
export function derive(toml: string, name: string): string {
  return toml
    .replaceAll(/"nexus(?=["-])/g, `"nexus-${name}`)
    .replaceAll(/^\[\[routes\]\]\n(?:(?!\[).*\n)*/gm, "");
}
