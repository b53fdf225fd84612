/** What the steps of a deployment call: wrangler as a child process, the database, the network, and the person who deploys. */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "../lib/build.ts";
import { migrate } from "../local/database/migrate.ts";
import { askLine } from "../nexus/prompt.ts";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const WRANGLER = resolve(ROOT, "node_modules/wrangler/bin/wrangler.js");

export interface ToolResult {
  code: number;
  /** Standard output and errors as they came. */
  output: string;
  stdout: string;
  /** What wrangler reports for programs: the entries of WRANGLER_OUTPUT_FILE_PATH. */
  entries: { type: string; targets?: string[]; url?: string }[];
}

export interface Tools {
  wrangler(args: readonly string[], options?: WranglerOptions): Promise<ToolResult>;
  /** Worker, Pages functions and static files. Rejects with what does not compile. */
  build(): Promise<unknown>;
  /** `npx nexus`. Resolves with its output; rejects with what it printed. */
  nexus(args: readonly string[], options: Pick<WranglerOptions, "environment" | "isShown">): Promise<string>;
  /** Applies pending migrations and resolves with their number. */
  migrate(databaseUrl: string): Promise<number>;
  /** Null where nobody can answer. */
  ask(question: string): Promise<string | null>;
  log(line: string): void;
  environment: Readonly<Record<string, string | undefined>>;
}

export interface WranglerOptions {
  cwd?: string;
  environment?: Record<string, string>;
  /** Prints what the program prints while it works. */
  isShown?: boolean;
}

export const realTools: Tools = {
  async wrangler(args, { cwd = ROOT, environment = {}, isShown = false } = {}) {
    const directory = mkdtempSync(join(tmpdir(), "nexus-wrangler-"));
    const report = join(directory, "report.ndjson");
    try {
      const { NEXUS_WRANGLER = WRANGLER } = process.env;
      const result = await run([NEXUS_WRANGLER, ...args], {
        cwd,
        isShown,
        environment: { ...environment, WRANGLER_OUTPUT_FILE_PATH: report, NO_COLOR: "1" },
      });
      return { ...result, entries: entriesOf(report) };
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  },
  async nexus(args, { environment = {}, isShown = false }) {
    const script = join(ROOT, "scripts/nexus.ts");
    const { code, output } = await run([script, ...args], { cwd: ROOT, environment, isShown });
    if (code !== 0) throw new Error(output.trim());
    return output.trim();
  },
  build,
  migrate: (databaseUrl) => migrate(databaseUrl, { log: console.log }),
  ask: async (question) => (process.stdin.isTTY ? askLine(question) : null),
  log: (line) => console.log(line),
  environment: process.env,
};

interface RunOptions {
  cwd: string;
  environment: Record<string, string>;
  isShown?: boolean;
}

function run(
  args: readonly string[],
  { cwd, environment, isShown = false }: RunOptions,
): Promise<Omit<ToolResult, "entries">> {
  return new Promise((done, failed) => {
    // Without standard input wrangler asks nothing.
    const child = spawn(process.execPath, args, {
      cwd,
      env: { ...process.env, ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let stdout = "";
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => {
      stdout += chunk.toString();
      output += chunk.toString();
      if (isShown) process.stdout.write(chunk);
    });
    child.stderr.on("data", (chunk: Buffer) => {
      output += chunk.toString();
      if (isShown) process.stderr.write(chunk);
    });
    child.on("error", failed);
    child.on("close", (code) => done({ code: code ?? 1, stdout, output }));
  });
}

function entriesOf(report: string): ToolResult["entries"] {
  try {
    const lines = readFileSync(report, "utf8")
      .split("\n")
      .filter((line) => line !== "");
    return lines.map((line) => JSON.parse(line) as ToolResult["entries"][number]);
  } catch {
    return [];
  }
}

/** Calls `use` with a file that only this user can read, outside of the repository, and deletes it afterwards; also after Ctrl-C. */
export async function withSecretsFile<T>(
  secrets: Readonly<Record<string, string>>,
  use: (file: string) => Promise<T>,
): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), "nexus-secrets-"));
  const remove = () => rmSync(directory, { recursive: true, force: true });
  process.once("exit", remove);
  try {
    const file = join(directory, "secrets.json");
    writeFileSync(file, JSON.stringify(secrets), { mode: 0o600 });
    return await use(file);
  } finally {
    remove();
    process.off("exit", remove);
  }
}
