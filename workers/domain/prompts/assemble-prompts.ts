/** Makes one set of prompts of many files: partials between them, cycles, names that clash, arguments that no file declares. */
import { readTemplate } from "../templates/read-template.ts";
import { referencesOf, type PartialCall } from "../templates/references.ts";
import { ARGUMENT_NAME, MAX_PROMPTS, type Prompt, type PromptProblem } from "../../schemas/prompt.ts";
import { limitProblems, problemOf } from "./prompt.ts";
import { readPrompt, type PromptFile } from "./read-prompt.ts";

export interface PromptSet {
  /** In the order of their names, with the arguments that their templates and partials name. */
  prompts: Prompt[];
  /** At most 20 of a file from its own text and 20 from its place in the set. */
  problems: PromptProblem[];
}

/** A prompt with what its template names. */
type ReadPrompt = Pick<PromptFile, "prompt" | "references">;
type ByName = ReadonlyMap<string, ReadPrompt>;

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
  const byName = namedFiles(files, problems);
  const base = new Map(below.flatMap((prompt) => readBase(prompt)));
  const declared = new Set([...files, ...base.values()].flatMap(({ references }) => references.declared));
  for (let isBroken = true; isBroken;) {
    isBroken = false;
    for (const { name, call, message } of brokenCalls(new Map([...base, ...byName]), base, declared)) {
      const file = byName.get(name);
      if (!file) continue;
      byName.delete(name);
      problems.push(problemOf(file.path, file.locate(call), "error", message));
      // The prompt below is served instead, and may itself call others.
      isBroken ||= base.has(name);
    }
  }
  const all: ByName = new Map([...base, ...byName]);
  for (const file of byName.values()) {
    const missing = firstCalls(
      file,
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
  const prompts = [...byName.values()].map((file) => withArguments(file, all));
  return { prompts: prompts.sort((a, b) => compare(a.name, b.name)), problems };
}

/** A prompt that was checked before; none if this version of the program cannot read it. */
function readBase(prompt: Prompt): [string, ReadPrompt][] {
  const template = readTemplate(prompt.name, prompt.template);
  return template.ok ? [[prompt.name, { prompt, references: referencesOf(template.value) }]] : [];
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

function namedFiles(files: readonly PromptFile[], problems: PromptProblem[]): Map<string, PromptFile> {
  const byName = new Map<string, PromptFile>();
  const folded = new Map<string, string>();
  for (const file of files.toSorted((a, b) => compare(a.path, b.path))) {
    const { path, prompt } = file;
    const report = (severity: PromptProblem["severity"], message: string) =>
      problems.push(problemOf(path, { line: 1, column: 1 }, severity, message));
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
  /** Of the prompt whose template has the call. */
  name: string;
  call: PartialCall;
  message: string;
}

/**
 * One for each prompt that fails whenever it is rendered: its partial is missing, fails itself or calls the prompt again. What fails
 * only because of a prompt that another of the same name in `base` replaces is not among them.
 */
function brokenCalls(byName: ByName, base: ByName, declared: ReadonlySet<string>): BrokenCall[] {
  const broken = new Map<string, BrokenCall>();
  const done = new Set<string>();
  const open: { name: string; call: PartialCall }[] = [];
  const visit = (name: string, { references }: ReadPrompt): void => {
    for (const call of firstCalls({ references }, ({ isCertain }) => isCertain)) {
      const next = byName.get(call.name);
      open.push({ name, call });
      const start = next ? open.findIndex((step) => step.name === call.name) : -1;
      if (start >= 0) {
        const circle = open.slice(start);
        const names = [...circle.map((step) => step.name), call.name].join(" → ");
        for (const step of circle)
          broken.set(step.name, { ...step, message: `the partials call each other in a circle: ${names}` });
      } else if (next && !done.has(call.name)) visit(call.name, next);
      open.pop();
      if (broken.has(name) || base.has(call.name) || declared.has(call.name)) continue;
      if (next && broken.has(call.name))
        broken.set(name, { name, call, message: `the prompt "${call.name}" has an error` });
      else if (!next && !call.hasFallback)
        broken.set(name, { name, call, message: `there is no prompt "${call.name}" for this partial` });
    }
    done.add(name);
  };
  for (const [name, prompt] of byName) if (!done.has(name)) visit(name, prompt);
  return [...broken.values()];
}

/** The first call of each partial, of those that fulfil a condition. */
function firstCalls(
  { references }: Pick<ReadPrompt, "references">,
  isWanted: (call: PartialCall) => boolean,
): PartialCall[] {
  const first = new Map<string, PartialCall>();
  for (const call of references.partials)
    if (isWanted(call) && !first.has(call.name)) first.set(call.name, call);
  return [...first.values()];
}

/** The declared arguments, then what the template and its partials name and no file declares: none of these is required. */
function withArguments(file: ReadPrompt, byName: ByName): Prompt {
  const declared = file.prompt.arguments;
  const found = new Set(declared.map(({ name }) => name));
  /** What every look at a partial found given: another look finds more only where less is given. */
  const lookedAt = new Map<string, ReadonlySet<string>>([[file.prompt.name, new Set()]]);
  const collect = ({ references }: ReadPrompt, given: ReadonlySet<string>) => {
    for (const name of references.variables)
      if (!given.has(name) && ARGUMENT_NAME.test(name)) found.add(name);
    for (const call of references.partials) {
      const partial = byName.get(call.name);
      const before = lookedAt.get(call.name);
      // A template may have thousands of calls.
      if (!partial || !call.isSameContext || before?.size === 0) continue;
      const inner = new Set([...given, ...call.given]);
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
