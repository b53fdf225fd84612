/**
 * Reads prompts/ and writes out/prompts.json, which the Worker bundles: a list of prompts that needs neither YAML nor validation at run
 * time; and out/analysis-prompts.json with the templates of prompts/analysis/, which are no prompts for clients. wrangler runs it before
 * each build (wrangler.toml), so also in `npm start` and `npm run dev`. Prints every problem with its place and exits with 1 if a file has
 * an error.
 */
import { globSync } from "node:fs";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname, join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { analysisPrompts, type PromptFiles } from "../workers/domain/analysis/prompt.ts";
import { readPrompts, type PromptSet } from "../workers/domain/prompts/assemble-prompts.ts";
import { describeProblem } from "../workers/domain/prompts/prompt.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const ANALYSIS_FOLDER = "analysis";

/** The prompts of a folder and its folders. */
export async function readFolder(folder = join(ROOT, "prompts")): Promise<PromptSet> {
  const paths = globSync("**/*.{yaml,yml}", { cwd: folder });
  const files = paths.map(
    async (path) => [path.replaceAll(sep, "/"), await readFile(join(folder, path), "utf8")] as const,
  );
  return readPrompts(new Map(await Promise.all(files)));
}

/** The templates of the prompt of analyses. Throws where one cannot be read. */
export async function readAnalysisFiles(
  folder = join(ROOT, "prompts", ANALYSIS_FOLDER),
): Promise<PromptFiles> {
  const read = (name: string) => readFile(join(folder, `${name}.hbs`), "utf8");
  const files = { instructions: await read("instructions"), system: await read("system") };
  const prompts = analysisPrompts(files);
  if (!prompts.ok) throw new Error(`prompts/${ANALYSIS_FOLDER}/${prompts.error}`);
  return files;
}

/** Writes both files unless a prompt has an error. */
export async function bundlePrompts(): Promise<PromptSet> {
  const set = await readFolder();
  if (set.problems.some(({ severity }) => severity === "error")) return set;
  await writeOut("prompts.json", set.prompts);
  await writeOut("analysis-prompts.json", await readAnalysisFiles());
  return set;
}

async function writeOut(name: string, value: unknown): Promise<void> {
  const target = join(ROOT, "out", name);
  await mkdir(dirname(target), { recursive: true });
  // Renamed, because builds may run at once.
  const fresh = `${target}.${process.pid}`;
  await writeFile(fresh, `${JSON.stringify(value)}\n`);
  await rename(fresh, target);
}

if (import.meta.main) {
  const { problems } = await bundlePrompts();
  for (const problem of problems) console.error(`prompts/${describeProblem(problem)}`);
  if (problems.some(({ severity }) => severity === "error")) process.exit(1);
}
