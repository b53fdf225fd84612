/** Makes one set of prompts of many files: partials between them, cycles, names that clash, arguments that no file declares. */
import { readTemplate } from "../templates/read-template.ts";
import { referencesOf } from "../templates/references.ts";
import {
  ARGUMENT_NAME,
  MAX_ARGUMENTS,
  MAX_PROMPTS,
  type Prompt,
  type PromptArgument,
  type PromptProblem,
} from "../../schemas/prompt.ts";
import { certainFailure, type ReadPrompt } from "./certain-failure.ts";
import { limitProblems, problemOf } from "./prompt.ts";
import { readPrompt, type PromptFile } from "./read-prompt.ts";

export interface PromptSet {
  /** In the order of their names, with the arguments that their templates and partials name. */
  prompts: Prompt[];
  /** At most 20 of a file from its own text and 20 from its place in the set. */
  problems: PromptProblem[];
}

type ByName = ReadonlyMap<string, ReadPrompt>;

const START = { line: 1, column: 1 };

/** Reads files by path and assembles what can be served. Files other than `.yaml` and `.yml` are not looked at. */
export function readPrompts(files: ReadonlyMap<string, string>): PromptSet {
  const readings = [...files]
    .filter(([path]) => /\.ya?ml$/.test(path))
    .sort(([a], [b]) => compare(a, b))
    .map(([path, text]) => readPrompt(path, text));
  const set = assemblePrompts(readings.flatMap(({ file }) => file ?? []));
  return {
    prompts: set.prompts,
    problems: [...readings.flatMap(({ problems }) => problems), ...set.problems],
  };
}

/**
 * Leaves out prompts that could never be rendered, each with an error. `below`: prompts that are served where no file has their name,
 * and that partials may name; they are not in the result.
 */
export function assemblePrompts(files: readonly PromptFile[], below: readonly Prompt[] = []): PromptSet {
  const problems: PromptProblem[] = [];
  const byName = namedFiles(files, below, problems);
  const base = new Map(below.flatMap((prompt) => readBase(prompt)));
  const declared = new Set([...files, ...base.values()].flatMap(({ references }) => references.declared));
  for (let isBroken = true; isBroken;) {
    isBroken = false;
    const all = new Map([...base, ...byName]);
    for (const [name, file] of [...byName]) {
      const failure = certainFailure(file, { byName: all, base, declared });
      if (!failure) continue;
      byName.delete(name);
      problems.push(problemOf(file.path, file.locate(failure.call), "error", failure.message));
      // The prompt below is served instead, and may itself call others.
      isBroken ||= base.has(name);
    }
  }
  const all: ByName = new Map([...base, ...byName]);
  for (const file of byName.values()) {
    const missing = file.references.partials.filter(
      ({ name, hasFallback }) => !hasFallback && !all.has(name) && !declared.has(name),
    );
    const warnings = missing.map((call) =>
      problemOf(
        file.path,
        file.locate(call),
        "warning",
        `there is no prompt "${call.name}" for this partial`,
      ),
    );
    problems.push(...limitProblems(warnings));
  }
  const prompts = [...byName.values()].map((file) => {
    const { found, rest } = findArguments(file, all);
    if (rest.length > 0) {
      const message = `has more than ${MAX_ARGUMENTS} arguments; clients do not see ${rest.join(", ")}`;
      problems.push(problemOf(file.path, START, "warning", message));
    }
    return { ...file.prompt, arguments: found };
  });
  return { prompts: prompts.sort((a, b) => compare(a.name, b.name)), problems };
}

/** A prompt that was checked before; none if this version of the program cannot read it. */
function readBase(prompt: Prompt): [string, ReadPrompt][] {
  const template = readTemplate(prompt.name, prompt.template);
  return template.ok ? [[prompt.name, { prompt, references: referencesOf(template.value) }]] : [];
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

function namedFiles(
  files: readonly PromptFile[],
  below: readonly Prompt[],
  problems: PromptProblem[],
): Map<string, PromptFile> {
  const byName = new Map<string, PromptFile>();
  const folded = new Map(below.map(({ name }) => [name.toLowerCase(), name]));
  for (const file of files.toSorted((a, b) => compare(a.path, b.path))) {
    const { path, prompt } = file;
    const report = (severity: PromptProblem["severity"], message: string) =>
      problems.push(problemOf(path, START, severity, message));
    const first = byName.get(prompt.name)?.path;
    const alike = folded.get(prompt.name.toLowerCase());
    if (first !== undefined) report("error", `has the name of ${first}, which is served`);
    else if (byName.size >= MAX_PROMPTS) report("error", `is beyond ${MAX_PROMPTS} prompts`);
    else {
      if (alike !== undefined && alike !== prompt.name)
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

/**
 * The declared arguments, then what the template and its partials name and no file declares: none of these is required. `rest`: names
 * beyond the number that a prompt may have.
 */
function findArguments(file: ReadPrompt, byName: ByName): { found: PromptArgument[]; rest: string[] } {
  const declared = file.prompt.arguments;
  const names = new Set(declared.map(({ name }) => name));
  /** What every look at a partial found given: another look finds more only where less is given. */
  const lookedAt = new Map<string, ReadonlySet<string>>([[file.prompt.name, new Set()]]);
  const collect = ({ references }: ReadPrompt, given: ReadonlySet<string>) => {
    for (const name of references.variables)
      if (!given.has(name) && ARGUMENT_NAME.test(name)) names.add(name);
    for (const [callee, own] of references.given) {
      const partial = byName.get(callee);
      const before = lookedAt.get(callee);
      if (!partial || before?.size === 0) continue;
      const inner = own.size === 0 ? given : new Set([...given, ...own]);
      const always = before ? new Set([...before].filter((name) => inner.has(name))) : inner;
      if (always.size === before?.size) continue;
      lookedAt.set(callee, always);
      collect(partial, always);
    }
  };
  collect(file, new Set());
  const derived = [...names].slice(declared.length);
  const room = MAX_ARGUMENTS - declared.length;
  const found = derived.slice(0, room).map((name) => ({ name, required: false }));
  return { found: [...declared, ...found], rest: derived.slice(room) };
}
