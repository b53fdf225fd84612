/**
 * Builds the Worker (out/worker), the Pages functions (out/pages) and the dashboard's static files, for `npm run build` and the local
 * stack. A part is rebuilt only when the content of its sources changed, without network, and is moved into place in one step, so that
 * concurrent builds do not conflict.
 */
import { execFile } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { delimiter, dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { LocalStackError } from "./local-error.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const WRANGLER = resolve(ROOT, "node_modules/wrangler/bin/wrangler.js");
const STAMP = "sources.sha256";
/** In each bundle's directory: Miniflare's options for the bindings of the Worker's wrangler.toml. Reading it takes wrangler 0.8 s. */
export const BINDINGS_FILE = "bindings.json";
/** Sources of every part: toolchain and shared configuration. */
const SHARED = ["package-lock.json", "tsconfig.base.json", "scripts/lib/build.ts"];
const SKIPPED = new Set(["node_modules", ".wrangler", "out"]);

export interface Build {
  /** Directory with index.js, the Worker. */
  worker: string;
  /** Directory with index.js, the Pages functions. */
  pages: string;
  /** Directory of the static files. */
  assets: string;
  /** The parts that were rebuilt. */
  built: string[];
}

/** Rebuilds outdated parts. Rejects with the tool's output when a source does not compile. */
export async function build(): Promise<Build> {
  const built: string[] = [];
  const worker = join(ROOT, "out/worker");
  const pages = join(ROOT, "out/pages");
  await Promise.all([
    part(
      built,
      "worker",
      worker,
      [
        "workers",
        "durable-objects",
        "drizzle/schema.ts",
        "prompts",
        "scripts/bundle-prompts.ts",
        "wrangler.toml",
      ],
      async (outdir) => {
        // wrangler runs it as well, and hides what it prints.
        await run(ROOT, "Reading the prompts", ["scripts/bundle-prompts.ts"]);
        await wrangler(ROOT, ["deploy", "--dry-run", "--outdir", outdir]);
        await writeBindings(join(ROOT, "wrangler.toml"), outdir);
      },
    ),
    // Static files first: the functions contain their hashed names.
    buildAssets(built).then(() =>
      part(built, "pages", pages, ["dashboard", "workers"], async (outdir) => {
        await wrangler(join(ROOT, "dashboard"), ["pages", "functions", "build", "--outdir", outdir]);
        await writeBindings(join(ROOT, "dashboard/wrangler.toml"), outdir);
      }),
    ),
  ]);
  return { worker, pages, assets: join(ROOT, "dashboard/public"), built };
}

async function buildAssets(built: string[]): Promise<void> {
  const script = join(ROOT, "dashboard/build.ts");
  if (!existsSync(script)) return;
  const stamp = join(ROOT, "out/assets", STAMP);
  const sources = await digest(["dashboard/build.ts", "dashboard/src"]);
  const assets = join(ROOT, "dashboard/public/assets");
  if ((await readOrNull(stamp)) === sources && existsSync(assets)) return;
  await run(ROOT, "Bundling the dashboard", [script]);
  await mkdir(join(ROOT, "out/assets"), { recursive: true });
  // Computed again: the build writes a list of its files among the sources.
  await writeFile(stamp, await digest(["dashboard/build.ts", "dashboard/src"]));
  built.push("assets");
}

async function part(
  built: string[],
  name: string,
  directory: string,
  sources: string[],
  make: (outdir: string) => Promise<void>,
): Promise<void> {
  const wanted = await digest(sources);
  if ((await readOrNull(join(directory, STAMP))) === wanted) return;
  const fresh = `${directory}.${randomUUID()}`;
  try {
    await make(fresh);
    await writeFile(join(fresh, STAMP), wanted);
    await rm(directory, { recursive: true, force: true });
    await rename(fresh, directory).catch(async (error: NodeJS.ErrnoException) => {
      // A concurrent build has finished first with the same result.
      if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
    });
    built.push(name);
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

const wrangler = (cwd: string, args: string[]): Promise<void> =>
  run(cwd, `wrangler ${args.join(" ")}`, [WRANGLER, ...args]);

/** Runs a script of this Node. Rejects with what it printed if it fails. */
async function run(cwd: string, name: string, args: string[]): Promise<void> {
  const env = {
    ...process.env,
    // The command that wrangler runs before a build takes this Node, too.
    PATH: [dirname(process.execPath), process.env.PATH].join(delimiter),
    WRANGLER_SEND_METRICS: "false",
    WRANGLER_LOG: "error",
    CI: "true",
  };
  try {
    await promisify(execFile)(process.execPath, args, { cwd, env, maxBuffer: 1 << 24 });
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    throw new LocalStackError(`${name} failed:\n${stderr ?? ""}${stdout ?? ""}`.trim());
  }
}

/** In a process of its own: wrangler would stay in the memory of the local stack. */
const writeBindings = (config: string, outdir: string): Promise<void> =>
  run(ROOT, `Reading ${relative(ROOT, config)}`, [
    "scripts/lib/write-bindings.ts",
    config,
    join(outdir, BINDINGS_FILE),
  ]);

/** SHA-256 over names and contents of all files below `sources`, without tests and built files. */
async function digest(sources: string[]): Promise<string> {
  const files = (
    await Promise.all([...sources, ...SHARED].map((source) => listFiles(join(ROOT, source))))
  ).flat();
  const hash = createHash("sha256").update(process.version);
  for (const file of files.sort()) {
    hash.update(`\0${relative(ROOT, file)}\0`).update(await readFile(file));
  }
  return hash.digest("hex");
}

async function listFiles(path: string): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true }).catch(
    (error: NodeJS.ErrnoException) => error.code,
  );
  if (entries === "ENOTDIR") return [path];
  if (!Array.isArray(entries)) return [];
  const lists = entries.map(async (entry) => {
    const child = join(path, entry.name);
    if (SKIPPED.has(entry.name) || child === join(ROOT, "dashboard/public")) return [];
    if (entry.isDirectory()) return listFiles(child);
    return entry.name.includes(".test.") ? [] : [child];
  });
  return (await Promise.all(lists)).flat();
}

async function readOrNull(file: string): Promise<string | null> {
  return readFile(file, "utf8").catch(() => null);
}

if (import.meta.main) {
  const { built } = await build();
  console.log(built.length ? `Built: ${built.join(", ")}.` : "Everything is up to date.");
}
