/**
 * Runs before npm start, npm run demo and npm test: installs missing dependencies. Plain JavaScript without dependencies, because on a
 * fresh clone it runs on the host's Node; npm then uses the project's Node from node_modules/.bin.
 */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

const MINIMUM_NODE = 20;
const root = fileURLToPath(new URL("..", import.meta.url));
const isWindows = process.platform === "win32";
/** Present while npm ci runs: what a stopped or killed installation has left is installed again. */
const unfinished = join(root, "out", "install-unfinished");

if (Number(process.versions.node.split(".")[0]) < MINIMUM_NODE) {
  fail(`Node ${process.versions.node} is too old: install Node ${MINIMUM_NODE} or newer and try again.`);
}
const reason = whyInstall();
if (reason) {
  console.log(`Installing dependencies (npm ci): ${reason}.`);
  const started = Date.now();
  // Without node_modules/.bin: npm must not run on the Node that it is about to replace.
  const path = (process.env.PATH ?? "")
    .split(delimiter)
    .filter((dir) => !dir.startsWith(join(root, "node_modules")));
  mkdirSync(join(root, "out"), { recursive: true });
  writeFileSync(unfinished, "");
  if ((await runNpm(path.join(delimiter))) !== 0)
    fail("npm ci failed (see above). It needs network access once. The next start tries again.");
  rmSync(unfinished);
  const still = whyInstall();
  if (still) fail(`npm ci ran, but ${still}. Are install scripts disabled (npm config get ignore-scripts)?`);
  console.log(`Installed in ${Math.round((Date.now() - started) / 1000)} s.`);
}

/** Runs npm ci and returns its exit code. A signal to this process ends npm with all that it has started, then this process. */
async function runNpm(path) {
  const npm = spawn("npm", ["ci", "--no-fund", "--no-audit", "--loglevel=error"], {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
    env: { ...process.env, PATH: path },
    shell: isWindows,
    // A process group of its own, so that the scripts of packages end with it.
    detached: !isWindows,
  });
  let stoppedBy = null;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"])
    process.on(signal, () => {
      stoppedBy = signal;
      if (isWindows) npm.kill();
      else process.kill(-npm.pid, "SIGKILL");
    });
  const code = await new Promise((resolve) => {
    npm.once("error", (error) => fail(`npm cannot be run: ${error.message}`));
    npm.once("exit", resolve);
  });
  if (stoppedBy !== null) fail("\nThe installation was stopped. The next start continues with it.");
  return code;
}

/** How node_modules differs from package-lock.json; null if it does not. */
function whyInstall() {
  const wanted = readPackages("package-lock.json");
  const installed = readPackages(join("node_modules", ".package-lock.json"));
  if (!wanted) fail("package-lock.json is missing or damaged; restore it with git.");
  if (existsSync(unfinished)) return "the last installation did not finish";
  if (!installed) return "nothing is installed yet";
  for (const [path, { version, optional, peer }] of Object.entries(wanted)) {
    const present = installed[path];
    // Optional packages include those of other platforms.
    if (path === "" || (!present && (optional || peer))) continue;
    if (!present || present.version !== version) return `${path} is not ${version}`;
  }
  if (!existsSync(join(root, "node_modules", ".bin", isWindows ? "node.cmd" : "node"))) {
    return "the project's own Node is missing";
  }
  return null;
}

function readPackages(file) {
  try {
    return JSON.parse(readFileSync(join(root, file), "utf8")).packages;
  } catch {
    return null;
  }
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
