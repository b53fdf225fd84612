/** Which values of its context and which other templates a template names. */
import type { Expression, Partial, Path, Position, Program, Statement, Template } from "./template.ts";

export interface References {
  /** Properties of the context that the template is rendered with, in the order of their first appearance. */
  variables: readonly string[];
  /** One call of each partial by a literal name that no inline partial around the call has: the first without a block, if there is one. */
  partials: readonly PartialCall[];
  /** By partial that is called with the template's own context: the properties that every such call gives. */
  given: ReadonlyMap<string, ReadonlySet<string>>;
  /** Names of the partials that the template declares for what it calls. */
  declared: readonly string[];
  certain: CertainCalls;
}

export interface PartialCall extends Position {
  name: string;
  /** Renders a block of its own if the partial does not exist. */
  hasFallback: boolean;
}

/** The partials of a program, without what stands under a condition. */
export interface CertainCalls {
  /** Called whenever the program is rendered; of calls without a block the first of each name. */
  calls: readonly CertainCall[];
  inlines: ReadonlyMap<string, CertainCalls>;
  /** Declares an inline partial by a computed name, so that any name may be its own. */
  isOpen: boolean;
}

export interface CertainCall extends Position {
  /** `@partial-block`: the block that the template or inline partial is called with. */
  name: string;
  block: CertainCalls | null;
}

export function referencesOf({ program }: Template): References {
  const walk = new Walk();
  const certain = walk.program(program, { depth: 0, inlines: new Set() });
  return {
    variables: [...walk.variables],
    partials: [...walk.partials.values()],
    given: walk.given,
    declared: [...walk.declared],
    certain,
  };
}

interface Place {
  /** Contexts between here and the template's own, which `../` leaves. */
  depth: number;
  /** Names of the inline partials of the programs around. */
  inlines: ReadonlySet<string>;
}

class Walk {
  readonly variables = new Set<string>();
  readonly declared = new Set<string>();
  readonly partials = new Map<string, PartialCall>();
  readonly given = new Map<string, Set<string>>();

  program(program: Program, { depth, inlines: outer }: Place): CertainCalls {
    const own = program.inlines.flatMap(({ name }) => (name.kind === "literal" ? [String(name.value)] : []));
    for (const name of own) this.declared.add(name);
    const place = { depth, inlines: own.length > 0 ? new Set([...outer, ...own]) : outer };
    const inlines = new Map<string, CertainCalls>();
    for (const { name, program: inline } of program.inlines) {
      const calls = this.program(inline, place);
      if (name.kind === "literal") inlines.set(String(name.value), calls);
    }
    const calls: CertainCall[] = [];
    const called = new Set<string>();
    for (const statement of program.statements) {
      const call = this.#statement(statement, place);
      if (!call || (!call.block && called.has(call.name))) continue;
      calls.push(call);
      if (!call.block) called.add(call.name);
    }
    return { calls, inlines, isOpen: own.length < program.inlines.length };
  }

  /** The call that it is, if it is one by a literal name. */
  #statement(statement: Statement, place: Place): CertainCall | null {
    if (statement.kind === "text") return null;
    if (statement.kind === "partial") return this.#partial(statement, place);
    if (statement.kind === "if") {
      this.#expression(statement.condition, place.depth);
      if (statement.includeZero) this.#expression(statement.includeZero, place.depth);
      this.#branch(statement.main, place);
      this.#branch(statement.otherwise, place);
      return null;
    }
    this.#expression(statement.value, place.depth);
    if (statement.kind === "output") return null;
    this.#branch(statement.main, { ...place, depth: place.depth + 1 });
    this.#branch(statement.otherwise, place);
    return null;
  }

  #branch(program: Program | null, place: Place): void {
    if (program) this.program(program, place);
  }

  #partial(partial: Partial & Position, place: Place): CertainCall | null {
    const { context, hash, line, column } = partial;
    this.#expression(partial.name, place.depth);
    if (context) this.#expression(context, place.depth);
    for (const { value } of hash ?? []) this.#expression(value, place.depth);
    const inner = { ...place, depth: place.depth + (context ? 1 : 0) };
    const block = partial.block && this.program(partial.block, inner);
    if (partial.name.kind !== "literal") return null;
    const name = String(partial.name.value);
    if (name !== "@partial-block" && !place.inlines.has(name)) {
      const hasFallback = block !== null;
      if (this.partials.get(name)?.hasFallback !== false && !(hasFallback && this.partials.has(name)))
        this.partials.set(name, { name, hasFallback, line, column });
      if (!context && place.depth === 0) this.#give(name, new Set(hash?.map(({ key }) => key)));
    }
    return { name, block, line, column };
  }

  #give(name: string, keys: Set<string>): void {
    const before = this.given.get(name);
    if (!before) this.given.set(name, keys);
    else for (const key of before) if (!keys.has(key)) before.delete(key);
  }

  #expression(expression: Expression, depth: number): void {
    if (expression.kind === "lookup" || expression.kind === "log")
      expression.params.forEach((param) => this.#expression(param, depth));
    if (expression.kind === "path") this.#path(expression, depth);
  }

  #path({ from, up, parts: [first, second] }: Path, depth: number): void {
    if (from === "context" && up === depth && first !== undefined) this.variables.add(first);
    if (from === "data" && up === 0 && first === "root" && second !== undefined) this.variables.add(second);
  }
}
