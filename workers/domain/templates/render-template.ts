/**
 * Renders a template as `Handlebars.compile` does without HTML escaping, but without making code from strings, which workerd forbids,
 * and within limits. Values are plain data: their functions and inherited properties do not exist.
 */
import { failed, ok, type Result } from "../result.ts";
import { truncate } from "../truncate.ts";
import {
  isEmpty,
  isSameContext,
  member,
  NO_CONTEXT,
  RenderFailure,
  resolve,
  type Chain,
  type Closure,
  type Frame,
  type Scope,
} from "./scope.ts";
import {
  MAX_DEPTH,
  type Expression,
  type Partial,
  type Position,
  type Program,
  type Statement,
  type Template,
  type TemplateError,
} from "./template.ts";

export const MAX_OUTPUT_CHARACTERS = 256 * 1024;
/** Statements, expressions, iterations and copied properties. */
export const MAX_STEPS = 100_000;
/** An iteration makes a scope and a data frame. */
const ITERATION_STEPS = 2;
/** Copying a property takes about four times as long as a statement. */
const PROPERTY_STEPS = 4;
/** Of a partial's name in an error: a client's argument may name it. */
const MAX_NAME_CHARACTERS = 100;

/** Templates that `{{> name}}` renders. */
export interface Partials {
  get(name: string): Template | undefined;
}

/**
 * The template's text for a context. Fails with the template and line where a helper or partial is missing or a limit is exceeded:
 * 256 Ki characters, 100,000 steps, 64 nested blocks and partials. Missing values are empty.
 */
export function renderTemplate(
  template: Template,
  context: unknown,
  partials: Partials = new Map<string, Template>(),
): Result<string, TemplateError> {
  const rendering = new Rendering(partials);
  try {
    return ok(rendering.template(template, context));
  } catch (error) {
    if (!(error instanceof RenderFailure)) throw error;
    return failed({ ...rendering.at, message: error.message });
  }
}

const NO_INLINES: ReadonlyMap<string, Closure> = new Map();

class Rendering {
  at: Position & { template: string } = { template: "", line: 1, column: 1 };
  #output = "";
  #length = 0;
  #steps = 0;
  #depth = 0;

  readonly #partials: Partials;

  constructor(partials: Partials) {
    this.#partials = partials;
  }

  template(template: Template, context: unknown): string {
    const frame: Frame = { values: { root: context }, partialBlock: null, outer: null };
    this.#run({ program: template.program, scope: outermost(template.name, frame, NO_INLINES) }, context);
    return this.#output;
  }

  /** Renders a program for a context. `values` become its block parameters. */
  #run(
    { program, scope }: Closure,
    context: unknown,
    frame = scope.frame,
    values: readonly unknown[] | null = null,
    inlines = scope.inlines,
  ): void {
    if (this.#depth > MAX_DEPTH)
      throw new RenderFailure(`blocks and partials are nested deeper than ${MAX_DEPTH}`);
    this.#depth++;
    if (typeof context === "string") this.#step(context.length >> 10); // compared
    const { contexts } = scope;
    const inner: Scope = {
      template: scope.template,
      context,
      contexts:
        contexts && isSameContext(context, contexts.value) ? contexts : { value: context, outer: contexts },
      frame,
      blockParams: { value: { values }, outer: scope.blockParams },
      inlines: this.#declare(program, scope, inlines),
    };
    for (const statement of program.statements) {
      this.at = { template: scope.template, line: statement.line, column: statement.column };
      this.#step(1);
      this.#statement(statement, inner);
    }
    this.#depth--;
  }

  #declare(program: Program, scope: Scope, inlines: Scope["inlines"]): Scope["inlines"] {
    if (program.inlines.length === 0) return inlines;
    this.#step(inlines.size + program.inlines.length);
    const declared = program.inlines.map((inline): [string, Closure] => [
      textOf(this.#value(inline.name, scope)),
      { program: inline.program, scope },
    ]);
    return new Map([...inlines, ...declared]);
  }

  #statement(statement: Statement, scope: Scope): void {
    switch (statement.kind) {
      case "text":
        return this.#write(statement.text);
      case "output":
        return this.#writeValue(this.#value(statement.value, scope));
      case "partial":
        return this.#partial(statement, scope);
      case "if": {
        const value = this.#value(statement.condition, scope);
        const isZeroTrue = statement.includeZero !== null && !!this.#value(statement.includeZero, scope);
        const isFalse = isEmpty(value) || (!isZeroTrue && !value);
        return this.#branch(
          isFalse ? statement.otherwise : statement.main,
          scope,
          scope.context ?? NO_CONTEXT,
        );
      }
      case "with": {
        const value = this.#value(statement.value, scope);
        if (isEmpty(value)) return this.#branch(statement.otherwise, scope, scope.context ?? NO_CONTEXT);
        return this.#branch(statement.main, scope, value, [value]);
      }
      case "each": {
        const value = this.#value(statement.value, scope);
        if (!this.#each(value, statement.main, scope))
          this.#branch(statement.otherwise, scope, scope.context ?? NO_CONTEXT);
        return;
      }
      case "section": {
        const value = this.#value(statement.value, scope);
        if (value === true) return this.#branch(statement.main, scope, scope.context);
        if (value === false || value === null || value === undefined)
          return this.#branch(statement.otherwise, scope, scope.context);
        if (!Array.isArray(value)) return this.#branch(statement.main, scope, value, []);
        if (!this.#each(value, statement.main, scope))
          this.#branch(statement.otherwise, scope, scope.context);
      }
    }
  }

  #branch(
    program: Program | null,
    scope: Scope,
    context: unknown,
    values: readonly unknown[] | null = null,
    frame = scope.frame,
  ): void {
    if (program) this.#run({ program, scope }, context, frame, values);
  }

  /** Renders a program for each element or property. Returns whether there was one. */
  #each(value: unknown, program: Program | null, scope: Scope): boolean {
    if (typeof value !== "object" || value === null) return false;
    const isKeyed = !Array.isArray(value) && !(value instanceof Set) && !(value instanceof Map);
    const entries: unknown[] = isKeyed ? Object.keys(value) : [...(value as Iterable<unknown>)];
    const { frame } = scope;
    const last = entries.length - 1;
    for (let index = 0; index <= last; index++) {
      this.#step(ITERATION_STEPS);
      const entry = entries[index];
      const key = isKeyed ? (entry as string) : index;
      const element = isKeyed ? member(value, entry as string) : entry;
      const values = { root: frame.values.root, key, index, first: index === 0, last: index === last };
      const inner: Frame = { values, partialBlock: frame.partialBlock, outer: frame };
      this.#branch(program, scope, element, [element, key], inner);
    }
    return entries.length > 0;
  }

  #partial(partial: Partial, scope: Scope): void {
    const name = textOf(this.#value(partial.name, scope));
    const context = this.#partialContext(partial, scope);
    const block = partial.block && { program: partial.block, scope, outer: scope.frame.partialBlock };
    const frame = block
      ? { values: scope.frame.values, partialBlock: block, outer: scope.frame }
      : scope.frame;
    const isBlockCall = partial.name.kind === "literal" && name === "@partial-block";
    // What the block declares is for the partial, not for finding it.
    const inlines = block ? this.#declare(block.program, scope, scope.inlines) : scope.inlines;
    const inline = isBlockCall ? undefined : scope.inlines.get(name);
    const template = isBlockCall || inline ? undefined : this.#partials.get(name);
    const before = this.#output;
    const { at } = this;
    if (partial.indent) this.#output = "";
    if (inline) this.#run(inline, context, frame, null, inlines);
    else if (template)
      this.#run({ program: template.program, scope: outermost(template.name, frame, inlines) }, context);
    else {
      const called = (isBlockCall ? scope.frame.partialBlock : null) ?? block;
      if (!called)
        throw new RenderFailure(`The partial ${truncate(name, MAX_NAME_CHARACTERS)} could not be found`);
      this.#run(called, context, { values: frame.values, partialBlock: called.outer, outer: frame });
    }
    this.at = at;
    if (partial.indent) this.#indent(before, partial.indent);
  }

  #partialContext({ context, hash }: Partial, scope: Scope): unknown {
    const value = context ? this.#value(context, scope) : scope.context;
    if (!hash) return value;
    if (typeof value === "string") this.#step(PROPERTY_STEPS * value.length);
    else if (typeof value === "object" && value !== null)
      this.#step(PROPERTY_STEPS * Object.keys(value).length);
    const own = hash.map((pair): [string, unknown] => [pair.key, this.#value(pair.value, scope)]);
    return { ...(value as object | null), ...Object.fromEntries(own) };
  }

  /** Indents what was written since `before`, except an empty last line. */
  #indent(before: string, indent: string): void {
    const lines = this.#output.split("\n");
    const last = lines.length - 1;
    const indented = lines.map((line, n) => (n === last && line === "" ? "" : indent + line)).join("\n");
    this.#length -= this.#output.length;
    this.#output = before;
    this.#write(indented);
  }

  #value(expression: Expression, scope: Scope): unknown {
    this.#step(1);
    switch (expression.kind) {
      case "literal":
        return expression.value;
      case "path":
        this.#step(expression.parts.length);
        return resolve(expression, scope);
      case "log":
        expression.params.forEach((param) => this.#value(param, scope));
        return undefined;
      case "lookup":
        return this.#lookup(expression.params.map((param) => this.#value(param, scope)));
      case "uncalled": {
        if (!this.#value(expression.path, scope)) return undefined;
        throw new RenderFailure(`"${expression.path.text}" is a value, not a helper`);
      }
      case "failure":
        throw new RenderFailure(expression.message);
    }
  }

  #lookup([value, ...names]: unknown[]): unknown {
    if (!value) return value;
    if (names.length !== 1) throw new RenderFailure("lookup takes an object and a name");
    return member(value, textOf(names[0]));
  }

  /** Missing values are empty, lists are joined with commas. */
  #writeValue(value: unknown, depth = 0): void {
    if (value === null || value === undefined || typeof value === "function") return;
    if (!Array.isArray(value)) return this.#write(textOf(value));
    if (depth > MAX_DEPTH) throw new RenderFailure(`a list is nested deeper than ${MAX_DEPTH}`);
    for (const [index, element] of value.entries()) {
      this.#step(1);
      if (index > 0) this.#write(",");
      this.#writeValue(element, depth + 1);
    }
  }

  #write(text: string): void {
    this.#length += text.length;
    if (this.#length > MAX_OUTPUT_CHARACTERS)
      throw new RenderFailure(`the text is longer than ${MAX_OUTPUT_CHARACTERS} characters`);
    this.#output += text;
  }

  #step(count: number): void {
    this.#steps += count;
    if (this.#steps > MAX_STEPS) throw new RenderFailure(`rendering takes more than ${MAX_STEPS} steps`);
  }
}

/** The scope around a template: partials see neither contexts nor block parameters of their caller. */
function outermost(template: string, frame: Frame, inlines: Scope["inlines"]): Scope {
  const nothing: Chain<never> = null;
  return { template, context: undefined, contexts: nothing, frame, blockParams: nothing, inlines };
}

/** Of a value that is no list. An object's own `toString` is not called. */
const textOf = (value: unknown): string =>
  typeof value === "object" && value !== null ? Object.prototype.toString.call(value) : String(value);
