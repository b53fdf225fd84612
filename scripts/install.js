/**
 * Runs after npm ci and before npm start, npm run demo and npm test: installs what is missing. Plain JavaScript without dependencies,
 * because on a fresh clone it runs on the host's Node; npm then uses the project's Node from node_modules/.bin.
 *
 * `node scripts/install.js [tool …]`: the dependencies, Node if the host's is older than .node-version, and the named tools. A tool is a
 * package of its own under scripts/tools/, so that only those who need it download it. With `--tools-only` npm installs the dependencies.
 */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, delimiter, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { hostNodeServes, installedNode, WANTED_NODE } from "./tools/node/path.js";

const MINIMUM_NODE = 20;
const root = fileURLToPath(new URL("..", import.meta.url));
const toolsDirectory = join(root, "scripts", "tools");
const isWindows = process.platform === "win32";
const toolsOnly = process.argv.includes("--tools-only");
const tools = process.argv.slice(2).filter((name) => !name.startsWith("--"));

if (Number(process.versions.node.split(".")[0]) < MINIMUM_NODE) {
  fail(`Node ${process.versions.node} is too old: install Node ${MINIMUM_NODE} or newer and try again.`);
}
if (!toolsOnly) await install(root, "dependencies");
if (!hostNodeServes()) await installNode();
for (const tool of tools) if (!isOnHost(tool)) await install(join(toolsDirectory, tool), tool);

/** Runs npm ci in `directory` if what is installed there differs from its lock file. */
async function install(directory, label) {
  // Present while npm ci runs: what a stopped or killed installation has left is installed again.
  const unfinished = join(root, "out", `install-unfinished-${basename(label)}`);
  const reason = existsSync(unfinished) ? "the last installation did not finish" : whyInstall(directory);
  if (!reason) return;
  console.log(`Installing ${label} (npm ci): ${reason}.`);
  const started = Date.now();
  mkdirSync(join(root, "out"), { recursive: true });
  writeFileSync(unfinished, "");
  if ((await npmCi(directory)) !== 0)
    fail("npm ci failed (see above). It needs network access once. The next start tries again.");
  rmSync(unfinished);
  const still = whyInstall(directory);
  if (still) fail(`npm ci ran, but ${still}.`);
  console.log(`Installed in ${Math.round((Date.now() - started) / 1000)} s.`);
}

/** Node, and a link to it where npm and npx look for programs first. */
async function installNode() {
  const directory = join(toolsDirectory, "node");
  await install(directory, "Node, because the host's is older");
  if (!existsSync(installedNode))
    fail(
      `There is no Node to download for ${process.platform} on ${process.arch}: install Node ${WANTED_NODE} and try again.`,
    );
  // The headers for compiling native packages are a third of the package.
  const unused = dirname(dirname(installedNode));
  for (const name of ["include", "share"]) rmSync(join(unused, name), { recursive: true, force: true });
  const link = join(root, "node_modules", ".bin", isWindows ? "node.cmd" : "node");
  if (existsSync(link)) return;
  mkdirSync(dirname(link), { recursive: true });
  rmSync(link, { force: true });
  const target = relative(dirname(link), installedNode);
  if (isWindows) writeFileSync(link, `@"%~dp0${target}" %*\r\n`);
  else symlinkSync(target, link);
}

/** Whether the host has the tool: Chromium where CHROMIUM_PATH or the tool's package.json says. */
function isOnHost(tool) {
  const { installed } = readJson(join(toolsDirectory, tool, "package.json"))?.config ?? {};
  return (
    installed !== undefined &&
    [process.env.CHROMIUM_PATH ?? "", ...installed].some((path) => path !== "" && existsSync(path))
  );
}

/** Runs npm ci and returns its exit code. A signal to this process ends npm with all that it has started, then this process. */
async function npmCi(directory) {
  // Without node_modules/.bin: npm must not run on the Node that it is about to replace.
  const path = (process.env.PATH ?? "")
    .split(delimiter)
    .filter((dir) => !dir.startsWith(join(root, "node_modules")))
    .join(delimiter);
  const npm = spawn("npm", ["ci", "--no-fund", "--no-audit", "--loglevel=error"], {
    cwd: directory,
    stdio: ["ignore", "inherit", "inherit"],
    env: { ...process.env, PATH: path },
    shell: isWindows,
    // A process group of its own, so that the scripts of packages end with it.
    detached: !isWindows,
  });
  let stoppedBy = null;
  const stop = (signal) => {
    stoppedBy = signal;
    if (isWindows) npm.kill();
    else process.kill(-npm.pid, "SIGKILL");
  };
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
  for (const signal of signals) process.on(signal, stop);
  const code = await new Promise((resolve) => {
    npm.once("error", (error) => fail(`npm cannot be run: ${error.message}`));
    npm.once("exit", resolve);
  });
  if (stoppedBy !== null) fail("\nThe installation was stopped. The next start continues with it.");
  for (const signal of signals) process.off(signal, stop);
  return code;
}

/** How node_modules of `directory` differs from its package-lock.json; null if it does not. */
function whyInstall(directory) {
  const wanted = readJson(join(directory, "package-lock.json"))?.packages;
  const installed = readJson(join(directory, "node_modules", ".package-lock.json"))?.packages;
  if (!wanted) fail("package-lock.json is missing or damaged; restore it with git.");
  if (!installed) return "nothing is installed yet";
  for (const [path, { version, optional, peer }] of Object.entries(wanted)) {
    const present = installed[path];
    // Optional packages include those of other platforms.
    if (path === "" || (!present && (optional || peer))) continue;
    if (!present || present.version !== version) return `${path} is not ${version}`;
  }
  return null;
}

function readJson(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return null;
  }
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
