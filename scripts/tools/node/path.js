/**
 * Which Node runs the project. Plain JavaScript without dependencies, because it runs on the host's Node.
 *
 * The host's own, if it is as new as .node-version says; otherwise the one that scripts/install.js has put beside this file.
 */
import { readFileSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
/** The major version of .node-version. */
export const WANTED_NODE = Number(readFileSync(join(here, "../../../.node-version"), "utf8"));
const PLATFORM = process.platform === "win32" ? "win" : process.platform;

/** Whether the Node that runs this is the host's and new enough. */
export function hostNodeServes() {
  const isOurs = realpathSync(process.execPath).startsWith(realpathSync(here));
  return !isOurs && Number(process.versions.node.split(".")[0]) >= WANTED_NODE;
}

/** Where scripts/install.js puts Node; there need not be one. */
export const installedNode = join(
  here,
  "node_modules",
  `node-${PLATFORM}-${process.arch}`,
  "bin",
  PLATFORM === "win" ? "node.exe" : "node",
);

/** The program that runs the project's TypeScript. */
export const projectNode = () => (hostNodeServes() ? process.execPath : installedNode);
