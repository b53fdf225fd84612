/**
 * Reads prompts/ and writes out/prompts.json, which the Worker bundles: a list of prompts that needs neither YAML nor validation at run
 * time. wrangler runs it before each build (wrangler.toml), so also in `npm start` and `npm run dev`. Prints every problem with its
 * place and exits with 1 if a file has an error.
 */
import { globSync } from "node:fs";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname, join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { readPrompts, type PromptSet } from "../workers/domain/prompts/assemble-prompts.ts";
import { describeProblem } from "../workers/domain/prompts/prompt.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const TARGET = join(ROOT, "out/prompts.json");

/** The prompts of a folder and its folders. */
export async function readFolder(folder = join(ROOT, "prompts")): Promise<PromptSet> {
  const paths = globSync("**/*.{yaml,yml}", { cwd: folder });
  const files = paths.map(
    async (path) => [path.replaceAll(sep, "/"), await readFile(join(folder, path), "utf8")] as const,
  );
  return readPrompts(new Map(await Promise.all(files)));
}

/** Writes out/prompts.json unless a file has an error. */
export async function bundlePrompts(): Promise<PromptSet> {
  const set = await readFolder();
  if (set.problems.some(({ severity }) => severity === "error")) return set;
  await mkdir(dirname(TARGET), { recursive: true });
  // Renamed, because builds may run at once.
  const fresh = `${TARGET}.${process.pid}`;
  await writeFile(fresh, `${JSON.stringify(set.prompts)}\n`);
  await rename(fresh, TARGET);
  return set;
}

if (import.meta.main) {
  const { problems } = await bundlePrompts();
  for (const problem of problems) console.error(`prompts/${describeProblem(problem)}`);
  if (problems.some(({ severity }) => severity === "error")) process.exit(1);
}
