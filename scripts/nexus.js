#!/usr/bin/env node
/** `npx nexus`: runs scripts/nexus.ts on the project's Node. Plain JavaScript without dependencies, because it runs on the host's Node. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { projectNode } from "./tools/node/path.js";

const MINIMUM_NODE = 20;
const root = fileURLToPath(new URL("..", import.meta.url));

if (Number(process.versions.node.split(".")[0]) < MINIMUM_NODE) {
  fail(`Node ${process.versions.node} is too old: install Node ${MINIMUM_NODE} or newer and try again.`);
}
const node = projectNode();
if (!existsSync(node) || !existsSync(join(root, "node_modules", "commander"))) {
  fail(`The dependencies are not installed yet: run "npm ci" in ${root} and try again.`);
}

const child = spawn(node, [join(root, "scripts", "nexus.ts"), ...process.argv.slice(2)], {
  stdio: "inherit",
});
// A terminal sends Ctrl-C to both processes; this one waits for the other to exit.
process.on("SIGINT", () => {});
for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
child.on("error", (error) => fail(`${node} cannot be run: ${error.message}`));
child.on("exit", (code, signal) => {
  if (signal === null) process.exit(code ?? 1);
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
});

function fail(message) {
  console.error(message);
  process.exit(1);
}
