/** `scripts/install.js`, which runs before npm start: stopped while npm works, and started again. npm is a script that behaves like it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { chmod, cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { processStart } from "../../scripts/lib/processes.ts";
import { temporaryDirectory } from "../support/local-stack.ts";
import { waitUntil } from "../support/wait.ts";

const LOCK = JSON.stringify({ packages: { "node_modules/a": { version: "1.0.0" } } });
let root: string;
beforeEach(async () => {
  root = await temporaryDirectory();
  await mkdir(join(root, "scripts"));
  for (const file of ["scripts/install.js", "scripts/tools/node", "scripts/tools/chromium", ".node-version"])
    await cp(file, join(root, file), { recursive: true, filter: (path) => !path.includes("node_modules") });
  await writeFile(join(root, "package.json"), '{"type":"module"}');
  await writeFile(join(root, "package-lock.json"), LOCK);
});
afterEach(() => rm(root, { recursive: true, force: true }));

/** Replaces npm; `$root` is the directory of the project. */
async function npmThat(does: string): Promise<void> {
  await mkdir(join(root, "bin"), { recursive: true });
  await writeFile(
    join(root, "bin/npm"),
    `#!/bin/sh\nroot=${root}\necho "npm $* in $PWD" >>$root/calls\n${does}\n`,
  );
  await chmod(join(root, "bin/npm"), 0o755);
}

const INSTALLS = `mkdir -p node_modules
cp package-lock.json node_modules/.package-lock.json`;
/** As a package's install script: a process of its own, after npm has written its files. */
const HANGS = `${INSTALLS}
sleep 1000 &
echo $! >$root/pid
wait`;

function install(...options: string[]) {
  const child = spawn(process.execPath, [join(root, "scripts/install.js"), ...options], {
    env: { PATH: `${join(root, "bin")}:${process.env.PATH}`, CHROMIUM_PATH: "" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const ended = once(child, "close").then(() => ({ code: child.exitCode, output }));
  return { child, ended };
}

it("installs once", async () => {
  await npmThat(INSTALLS);
  expect(await install().ended).toMatchObject({
    code: 0,
    output: expect.stringMatching(/Installed in/) as string,
  });
  expect(await install().ended).toEqual({ code: 0, output: "" });
});

it.each(["SIGINT", "SIGTERM", "SIGHUP", "SIGKILL"] as const)(
  "after %s the next start installs again; no process is left but by SIGKILL",
  async (signal) => {
    await npmThat(HANGS);
    const { child, ended } = install();
    await waitUntil(() => existsSync(join(root, "pid")));
    await waitUntil(async () => (await readFile(join(root, "pid"), "utf8")).endsWith("\n"));
    const pid = Number(await readFile(join(root, "pid"), "utf8"));
    child.kill(signal);
    if (signal === "SIGKILL") process.kill(pid);
    else
      expect(await ended).toMatchObject({
        code: 1,
        output: expect.stringMatching(/The installation was stopped/) as string,
      });
    await waitUntil(() => processStart(pid) === null);
    await npmThat(INSTALLS);
    const again = await install().ended;
    expect(again).toMatchObject({
      code: 0,
      output: expect.stringMatching(/the last installation did not finish/) as string,
    });
    expect(await install().ended).toEqual({ code: 0, output: "" });
  },
);

it("says so when npm fails, and tries again at the next start", async () => {
  await npmThat("exit 7");
  const failed = { code: 1, output: expect.stringMatching(/npm ci failed \(see above\)/) as string };
  for (let n = 0; n < 2; n++) expect(await install().ended).toMatchObject(failed);
  expect((await readFile(join(root, "calls"), "utf8")).trim().split("\n")).toHaveLength(2);
});

const PLATFORM = `node-${process.platform}-${process.arch}`;
const INSTALLS_NODE = `${INSTALLS}
if [ -d node_modules ] && [ $(basename $PWD) = node ]; then
  mkdir -p node_modules/${PLATFORM}/bin node_modules/${PLATFORM}/include
  echo downloaded >node_modules/${PLATFORM}/bin/node
fi`;
const calls = async () =>
  (await readFile(join(root, "calls"), "utf8"))
    .trim()
    .split("\n")
    .map((call) => call.split(` in ${root}`)[1]);

it("downloads Node where the host's is older, and links it where npm looks first", async () => {
  await writeFile(join(root, ".node-version"), "99\n");
  await npmThat(INSTALLS_NODE);
  expect(await install().ended).toMatchObject({ code: 0 });
  expect(await calls()).toEqual(["", "/scripts/tools/node"]);
  expect(await readFile(join(root, "node_modules/.bin/node"), "utf8")).toBe("downloaded\n");
  expect(existsSync(join(root, "scripts/tools/node/node_modules", PLATFORM, "include"))).toBe(false);
  expect(await install().ended).toEqual({ code: 0, output: "" });

  await rm(join(root, "node_modules"), { recursive: true });
  expect(await install("--tools-only").ended).toEqual({ code: 0, output: "" });
  expect(await readFile(join(root, "node_modules/.bin/node"), "utf8")).toBe("downloaded\n");
  expect(await calls()).toHaveLength(2);
});

it("says what to install where there is no Node to download", async () => {
  await writeFile(join(root, ".node-version"), "99\n");
  await npmThat(INSTALLS);
  expect(await install().ended).toMatchObject({
    code: 1,
    output: expect.stringMatching(/There is no Node to download for .*: install Node 99/) as string,
  });
});

it("downloads Chromium only for those who name it, and not where the host has one", async () => {
  await npmThat(INSTALLS);
  const manifest = join(root, "scripts/tools/chromium/package.json");
  await writeFile(manifest, JSON.stringify({ config: { installed: [process.execPath] } }));
  expect(await install("chromium").ended).toMatchObject({ code: 0 });
  expect(await calls()).toEqual([""]);
  await writeFile(manifest, JSON.stringify({ config: { installed: ["/none"] } }));
  expect(await install("chromium").ended).toMatchObject({ code: 0 });
  expect(await calls()).toEqual(["", "/scripts/tools/chromium"]);
});
