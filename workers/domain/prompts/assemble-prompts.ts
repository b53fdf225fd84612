/** Makes one set of prompts of many files: partials between them, cycles, names that clash, arguments that no file declares. */
import type { PartialCall } from "../templates/references.ts";
import { ARGUMENT_NAME, MAX_PROMPTS, type Prompt, type PromptProblem } from "../../schemas/prompt.ts";
import { readPrompt, type PromptFile } from "./read-prompt.ts";

export interface PromptSet {
  /** In the order of their names, with the arguments that their templates and partials name. */
  prompts: Prompt[];
  problems: PromptProblem[];
}

const NONE: ReadonlySet<string> = new Set();

/**
 * Reads files by path and assembles what can be served. Files other than `.yaml` and `.yml` are not looked at. `otherNames`: prompts
 * that are not among the files, and that partials may name.
 */
export function readPrompts(files: ReadonlyMap<string, string>, otherNames = NONE): PromptSet {
  const readings = [...files]
    .filter(([path]) => /\.ya?ml$/.test(path))
    .sort(([a], [b]) => compare(a, b))
    .map(([path, text]) => readPrompt(path, text));
  const set = assemblePrompts(
    readings.flatMap(({ file }) => file ?? []),
    otherNames,
  );
  return {
    prompts: set.prompts,
    problems: [...readings.flatMap(({ problems }) => problems), ...set.problems],
  };
}

/** Leaves out prompts that could never be rendered, each with an error. */
function assemblePrompts(files: readonly PromptFile[], otherNames: ReadonlySet<string>): PromptSet {
  const problems: PromptProblem[] = [];
  const byName = namedFiles(files, problems);
  const elsewhere = new Set([...otherNames, ...files.flatMap(({ references }) => references.declared)]);
  for (const { file, call, message } of brokenCalls(byName, elsewhere)) {
    byName.delete(file.prompt.name);
    problems.push(problemAt(file, call, "error", message));
  }
  for (const file of byName.values())
    for (const call of file.references.partials)
      if (!byName.has(call.name) && !call.hasFallback && !elsewhere.has(call.name))
        problems.push(problemAt(file, call, "warning", `there is no prompt "${call.name}" for this partial`));
  const prompts = [...byName.values()].map((file) => withArguments(file, byName));
  return { prompts: prompts.sort((a, b) => compare(a.name, b.name)), problems };
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

function problemAt(
  file: PromptFile,
  call: PartialCall,
  severity: PromptProblem["severity"],
  message: string,
): PromptProblem {
  return { file: file.path, ...file.locate(call), severity, message };
}

function namedFiles(files: readonly PromptFile[], problems: PromptProblem[]): Map<string, PromptFile> {
  const byName = new Map<string, PromptFile>();
  const folded = new Map<string, string>();
  for (const file of files.toSorted((a, b) => compare(a.path, b.path))) {
    const { path, prompt } = file;
    const report = (severity: PromptProblem["severity"], message: string) =>
      problems.push({ file: path, line: 1, column: 1, severity, message });
    const first = byName.get(prompt.name)?.path;
    const alike = folded.get(prompt.name.toLowerCase());
    if (first !== undefined) report("error", `has the name of ${first}, which is served`);
    else if (byName.size >= MAX_PROMPTS) report("error", `is beyond ${MAX_PROMPTS} prompts`);
    else {
      if (alike !== undefined)
        report(
          "warning",
          `differs from ${alike} in upper and lower case only, which some clients do not tell apart`,
        );
      byName.set(prompt.name, file);
      folded.set(prompt.name.toLowerCase(), path);
    }
  }
  return byName;
}

interface BrokenCall {
  file: PromptFile;
  call: PartialCall;
  message: string;
}

/** One for each prompt that fails whenever it is rendered: its partial is missing, fails itself or calls the prompt again. */
function brokenCalls(byName: ReadonlyMap<string, PromptFile>, elsewhere: ReadonlySet<string>): BrokenCall[] {
  const broken = new Map<string, BrokenCall>();
  const done = new Set<string>();
  const open: { file: PromptFile; call: PartialCall }[] = [];
  const visit = (file: PromptFile): void => {
    const { name } = file.prompt;
    for (const call of certainCalls(file)) {
      const next = byName.get(call.name);
      open.push({ file, call });
      const start = open.findIndex((step) => step.file === next);
      if (start >= 0) {
        const circle = open.slice(start);
        const names = [...circle.map((step) => step.file.prompt.name), call.name].join(" → ");
        for (const step of circle)
          broken.set(step.file.prompt.name, {
            ...step,
            message: `the partials call each other in a circle: ${names}`,
          });
      } else if (next && !done.has(call.name)) visit(next);
      open.pop();
      if (broken.has(name) || elsewhere.has(call.name)) continue;
      if (next && broken.has(call.name))
        broken.set(name, { file, call, message: `the prompt "${call.name}" has an error` });
      else if (!next && !call.hasFallback)
        broken.set(name, { file, call, message: `there is no prompt "${call.name}" for this partial` });
    }
    done.add(name);
  };
  for (const file of byName.values()) if (!done.has(file.prompt.name)) visit(file);
  return [...broken.values()];
}

/** The first call of each partial that is reached whenever the prompt is rendered. */
function certainCalls({ references }: PromptFile): PartialCall[] {
  const first = new Map<string, PartialCall>();
  for (const call of references.partials)
    if (call.isCertain && !first.has(call.name)) first.set(call.name, call);
  return [...first.values()];
}

/** The declared arguments, then what the template and its partials name and no file declares: none of these is required. */
function withArguments(file: PromptFile, byName: ReadonlyMap<string, PromptFile>): Prompt {
  const declared = file.prompt.arguments;
  const found = new Set(declared.map(({ name }) => name));
  /** What every look at a partial found given: another look finds more only where less is given. */
  const lookedAt = new Map<string, ReadonlySet<string>>([[file.prompt.name, new Set()]]);
  const collect = ({ references }: PromptFile, given: ReadonlySet<string>) => {
    for (const name of references.variables)
      if (!given.has(name) && ARGUMENT_NAME.test(name)) found.add(name);
    for (const call of references.partials) {
      const partial = byName.get(call.name);
      if (!partial || !call.isSameContext) continue;
      const inner = new Set([...given, ...call.given]);
      const before = lookedAt.get(call.name);
      const always = before ? new Set([...before].filter((name) => inner.has(name))) : inner;
      if (always.size === before?.size) continue;
      lookedAt.set(call.name, always);
      collect(partial, inner);
    }
  };
  collect(file, new Set());
  const derived = [...found].slice(declared.length).map((name) => ({ name, required: false }));
  return { ...file.prompt, arguments: [...declared, ...derived] };
}
