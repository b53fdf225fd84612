/** Finds prompts that fail whenever they are rendered, by following the calls of partials that stand under no condition. */
import type { CertainCall, CertainCalls } from "../templates/references.ts";
import { MAX_DEPTH, type Position } from "../templates/template.ts";
import type { PromptFile } from "./read-prompt.ts";

/** A prompt with what its template names. */
export type ReadPrompt = Pick<PromptFile, "prompt" | "references">;

/** Of one prompt. What takes more may fail while it is rendered. */
const MAX_CALLS = 20_000;
const BLOCK = "@partial-block";

export interface Surroundings {
  byName: ReadonlyMap<string, ReadPrompt>;
  /** Prompts that are served where one of their names in `byName` fails. */
  base: ReadonlyMap<string, ReadPrompt>;
  /** Names that an inline partial of any prompt has: callers may declare what a template calls. */
  declared: ReadonlySet<string>;
}

export interface CertainFailure {
  /** The prompt's own call that leads to the failure. */
  call: Position;
  message: string;
}

/** `undefined` also where the failure is that of a prompt which one of `base` replaces. */
export function certainFailure(
  { prompt, references }: ReadPrompt,
  surroundings: Surroundings,
): CertainFailure | undefined {
  const trial = new Trial(surroundings);
  const outermost = { template: prompt.name, inlines: new Map<string, Closure>(), block: null };
  if (trial.run({ calls: references.certain, scope: outermost }, null, prompt.name)) return undefined;
  return trial.explain(prompt.name);
}

/** As the renderer has it, without contexts. */
interface Scope {
  template: string;
  inlines: ReadonlyMap<string, Closure>;
  block: Closure | null;
}

/** Calls with the scope that they were written in. */
interface Closure {
  calls: CertainCalls;
  scope: Scope;
}

interface Step {
  calls: CertainCalls;
  /** What was called: a prompt, an inline partial or a block. */
  name: string;
  isPrompt: boolean;
  /** The template that the calls are written in. */
  template: string;
  call: CertainCall | null;
}

class Trial {
  readonly #surroundings: Surroundings;
  /** To the failure, where there is one. */
  readonly #steps: Step[] = [];
  #missing: CertainCall | null = null;
  #left = MAX_CALLS;
  /** Runs that do not fail, and from which depth. */
  readonly #done = new Map<CertainCalls, { scope: Scope; depth: number }>();

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
  }

  /** False where it fails for certain. */
  run({ calls, scope }: Closure, call: CertainCall | null, name: string, isPrompt = true): boolean {
    const done = this.#done.get(calls);
    const depth = this.#steps.length;
    const isSame = done?.scope.inlines === scope.inlines && done.scope.block === scope.block;
    if (isSame && done.depth >= depth) return true;
    this.#steps.push({ calls, name, isPrompt, template: scope.template, call });
    if (depth > MAX_DEPTH) return false;
    const inner = declare(calls, scope);
    if (inner) for (const each of calls.calls) if (!this.#call(each, inner)) return false;
    this.#steps.pop();
    this.#done.set(calls, { scope, depth });
    return true;
  }

  #call(call: CertainCall, scope: Scope): boolean {
    if (this.#left-- <= 0) return true;
    const { name } = call;
    const { byName, declared } = this.#surroundings;
    const given = call.block && { calls: call.block, scope };
    const inlines = call.block ? declare(call.block, scope)?.inlines : scope.inlines;
    if (!inlines) return true;
    const block = given ?? scope.block;
    if (name === BLOCK) {
      const called = scope.block ?? given;
      return called === null || this.run(called, call, name, false);
    }
    const inline = scope.inlines.get(name);
    if (inline) {
      const { template } = inline.scope;
      return this.run({ calls: inline.calls, scope: { template, inlines, block } }, call, name, false);
    }
    const prompt = byName.get(name);
    if (prompt)
      return this.run(
        { calls: prompt.references.certain, scope: { template: name, inlines, block } },
        call,
        name,
      );
    if (declared.has(name)) return true;
    if (given) return this.run(given, call, BLOCK, false);
    this.#missing = call;
    return false;
  }

  explain(root: string): CertainFailure | undefined {
    const { base } = this.#surroundings;
    const steps = this.#steps;
    const last = steps.at(-1)!;
    const call = steps[1]?.call ?? this.#missing!;
    const start = this.#missing
      ? -1
      : steps.findLastIndex(({ calls }, n) => n < steps.length - 1 && calls === last.calls);
    const circle = start < 0 ? [] : steps.slice(start, -1);
    if (circle.some(({ template }) => template === root))
      return { call, message: `the partials call each other in a circle: ${circleText(circle)}` };
    if (steps.length === 1) return { call, message: `there is no prompt "${call.name}" for this partial` };
    const called = steps.slice(1).filter(({ isPrompt }) => isPrompt);
    if (called.some(({ name }) => base.has(name))) return undefined;
    const [first] = called;
    if (first && (circle.length > 0 || this.#missing))
      return { call, message: `the prompt "${first.name}" has an error` };
    if (this.#missing)
      return { call, message: `there is no prompt "${this.#missing.name}" for this partial` };
    return { call, message: `the partials are nested deeper than ${MAX_DEPTH}` };
  }
}

/** The scope inside of a program; `null` if any name may be that of an inline partial. */
function declare({ inlines, isOpen }: CertainCalls, scope: Scope): Scope | null {
  if (isOpen) return null;
  if (inlines.size === 0) return scope;
  const own = [...inlines].map(([name, calls]): [string, Closure] => [name, { calls, scope }]);
  return { ...scope, inlines: new Map([...scope.inlines, ...own]) };
}

/** From the least name, so that every prompt of a circle has the same text. */
function circleText(circle: readonly Step[]): string {
  const named = circle.filter(({ name }) => name !== BLOCK).map(({ name }) => name);
  const names = named.length > 0 ? named : circle.map(({ name }) => name);
  const least = names.indexOf(names.toSorted()[0]!);
  return [...names.slice(least), ...names.slice(0, least), names[least]].join(" → ");
}
