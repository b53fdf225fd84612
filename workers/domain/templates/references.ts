/** Which values of its context and which other templates a template names. */
import type { Expression, Partial, Path, Position, Program, Statement, Template } from "./template.ts";

export interface References {
  /** Properties of the context that the template is rendered with, in the order of their first appearance. */
  variables: readonly string[];
  /** Calls of partials by a literal name that the template does not declare itself. */
  partials: readonly PartialCall[];
  /** Names of the partials that the template declares for what it calls. */
  declared: readonly string[];
}

export interface PartialCall extends Position {
  name: string;
  /** Reached whenever the template is rendered. */
  isCertain: boolean;
  /** Renders a block of its own if the partial does not exist. */
  hasFallback: boolean;
  /** Has the template's own context, except the properties that the call gives. */
  isSameContext: boolean;
  given: readonly string[];
}

export function referencesOf({ program }: Template): References {
  const walk = new Walk();
  walk.program(program, { depth: 0, isCertain: true });
  const declared = [...walk.declared];
  return {
    variables: [...walk.variables],
    partials: walk.partials.filter(({ name }) => !walk.declared.has(name)),
    declared,
  };
}

interface Place {
  /** Contexts between here and the template's own, which `../` leaves. */
  depth: number;
  isCertain: boolean;
}

class Walk {
  readonly variables = new Set<string>();
  readonly declared = new Set<string>();
  readonly partials: PartialCall[] = [];

  program(program: Program | null, place: Place): void {
    if (!program) return;
    for (const { name, program: inline } of program.inlines) {
      if (name.kind === "literal") this.declared.add(String(name.value));
      this.program(inline, { ...place, isCertain: false });
    }
    for (const statement of program.statements) this.#statement(statement, place);
  }

  #statement(statement: Statement, place: Place): void {
    const maybe = { ...place, isCertain: false };
    switch (statement.kind) {
      case "text":
        return;
      case "output":
        return this.#expression(statement.value, place.depth);
      case "partial":
        return this.#partial(statement, place);
      case "if":
        this.#expression(statement.condition, place.depth);
        if (statement.includeZero) this.#expression(statement.includeZero, place.depth);
        this.program(statement.main, maybe);
        return this.program(statement.otherwise, maybe);
      default:
        this.#expression(statement.value, place.depth);
        this.program(statement.main, { depth: place.depth + 1, isCertain: false });
        this.program(statement.otherwise, maybe);
    }
  }

  #partial(partial: Partial & Position, place: Place): void {
    const { name, context, hash, block, line, column } = partial;
    this.#expression(name, place.depth);
    if (context) this.#expression(context, place.depth);
    for (const { value } of hash ?? []) this.#expression(value, place.depth);
    this.program(block, { depth: place.depth + (context ? 1 : 0), isCertain: false });
    if (name.kind !== "literal" || name.value === "@partial-block") return;
    this.partials.push({
      name: String(name.value),
      line,
      column,
      isCertain: place.isCertain,
      hasFallback: block !== null,
      isSameContext: context === null && place.depth === 0,
      given: (hash ?? []).map(({ key }) => key),
    });
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
