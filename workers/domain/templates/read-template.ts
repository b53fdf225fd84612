// A file of ambient modules cannot be imported. Programs that import this file need it, too.
/// <reference path="./handlebars-parser.d.ts" />
/**
 * Reads a Handlebars template. The package's parser makes the syntax tree, whitespace control included; here its nodes are classified
 * as Handlebars' compiler does it: helper, block parameter, data or value.
 */
import { MAX_ARGUMENTS, MAX_TEMPLATE_CHARACTERS } from "../../schemas/prompt.ts";
import {
  parse,
  parser,
  type AstBlock,
  type AstCall,
  type AstExpression,
  type AstLiteral,
  type AstNode,
  type AstPartial,
  type AstPath,
  type AstProgram,
  type AstStatement,
} from "handlebars/dist/cjs/handlebars/compiler/base.js";
import { failed, ok, type Result } from "../result.ts";
import {
  MAX_DEPTH,
  type Expression,
  type Hash,
  type Path,
  type Position,
  type Program,
  type Statement,
  type Template,
  type TemplateError,
} from "./template.ts";

const HELPERS = new Set(["if", "unless", "each", "with", "lookup", "log"]);
/** Names that Handlebars reserves; a call of them fails. */
const RESERVED = new Set(["helperMissing", "blockHelperMissing"]);

/**
 * Reads a template of at most 64 Ki characters. Fails where Handlebars does not parse it, on decorators other than inline partials,
 * on calls of partials with more than 32 values, and on blocks or sub-expressions nested deeper than 64. Takes about 1.3 ms per KB of tags, so the result is worth keeping.
 */
export function readTemplate(name: string, text: string): Result<Template, TemplateError> {
  const reject = (message: string, at: Position = { line: 1, column: 1 }) =>
    failed({ template: name, line: at.line, column: at.column, message });
  if (text.length > MAX_TEMPLATE_CHARACTERS)
    return reject(`the template is longer than ${MAX_TEMPLATE_CHARACTERS} characters`);
  try {
    const reader = new Reader(name);
    const program = reader.program(parseNested(text), [], 0);
    return ok({ name, program, failures: reader.failures });
  } catch (error) {
    if (error instanceof Refusal) return reject(error.message, error.at);
    const { message, lineNumber, column } = error as Error & { lineNumber?: number; column?: number };
    const line = lineNumber ?? Number(/ on line (\d+)/.exec(message)?.[1] ?? 1);
    // The position stands beside the message, and callers count lines of a whole file.
    return reject(parseMessage(message), { line, column: (column ?? 0) + 1 });
  }
}

/** What the parser found instead of what it expected, for those who know no names of tokens. */
const UNEXPECTED: Readonly<Record<string, string>> = {
  EOF: "a block or {{ is not closed",
  CLOSE: "}} is not expected here",
  OPEN_ENDBLOCK: "this {{/ closes no block",
  INVERSE: "this else is in no block",
  OPEN_INVERSE: "this else is in no block",
  OPEN_INVERSE_CHAIN: "this else is in no block",
  INVALID: "this character is not expected here",
};

/** Without the place, and with the text around it instead of a picture of it. */
function parseMessage(message: string): string {
  const [, near, found = ""] = /^Parse error on line \d+:\n(.*)\n-*\^\n.*got '(\w+)'$/s.exec(message) ?? [];
  if (near === undefined) return message.replace(/ on line \d+| - \d+:\d+$/, "");
  return `Parse error: ${UNEXPECTED[found] ?? "this is not expected here"}, at ${near.trim()}`;
}

const TOO_DEEP = `blocks or sub-expressions are nested deeper than ${MAX_DEPTH}`;

class Refusal extends Error {
  readonly at: Position;
  constructor(message: string, at: Position) {
    super(message);
    this.at = at;
  }
}

/** More than 64 nested blocks or sub-expressions need; four values each. */
const MAX_PARSER_STACK = 8 * MAX_DEPTH;

// Gives the parser the functions that make its nodes.
parse("");
/** The parser copies its stack at each reduction, so that deep nesting would take quadratic time. */
const shallowParser = Object.assign(Object.create(parser) as typeof parser, {
  performAction(this: unknown, ...args: unknown[]): unknown {
    const [, , line, , , stack] = args as [string, number, number, unknown, number, unknown[]];
    if (stack.length > MAX_PARSER_STACK) throw new Refusal(TOO_DEEP, { line: line + 1, column: 1 });
    return parser.performAction.apply(this, args);
  },
});

const parseNested = (text: string): AstProgram => parse(shallowParser.parse(text));

const positionOf = ({ loc: { start } }: AstNode): Position => ({
  line: start.line,
  column: start.column + 1,
});

/** The names of the block parameters of each enclosing program, innermost first. */
type Names = readonly (readonly string[])[];

class Reader {
  readonly failures: TemplateError[] = [];
  readonly #template: string;

  constructor(template: string) {
    this.#template = template;
  }

  program(ast: AstProgram, outer: Names, depth: number): Program {
    const blockParams = ast.blockParams ?? [];
    const names = [blockParams, ...outer];
    const inlines: Program["inlines"][number][] = [];
    const statements: Statement[] = [];
    for (const node of ast.body) {
      if (depth > MAX_DEPTH) throw new Refusal(TOO_DEEP, positionOf(node));
      if (node.type === "Decorator" || node.type === "DecoratorBlock") {
        // Declared before the program runs, so outside its parameters.
        inlines.push(this.#inline(node, outer, depth));
      } else statements.push(...this.#statement(node, names, depth));
    }
    return { statements, blockParams, inlines };
  }

  #inline(node: AstStatement & AstCall, outer: Names, depth: number): Program["inlines"][number] {
    const name = String(pathOf(node.path).original);
    if (name !== "inline")
      throw new Refusal(`there is no decorator "${name}", only inline`, positionOf(node));
    const [parameter] = node.params;
    if (node.type !== "DecoratorBlock" || !node.program || !parameter)
      throw new Refusal('write an inline partial as {{#*inline "name"}}…{{/inline}}', positionOf(node));
    return {
      name: this.#expression(parameter, outer, depth),
      program: this.program(node.program, outer, depth + 1),
    };
  }

  #statement(node: AstStatement, names: Names, depth: number): Statement[] {
    const at = positionOf(node);
    switch (node.type) {
      case "ContentStatement":
        return node.value === "" ? [] : [{ kind: "text", text: node.value, ...at }];
      case "MustacheStatement":
        return [{ kind: "output", value: this.#call(node, names, depth, false), ...at }];
      case "PartialStatement":
      case "PartialBlockStatement":
        return [this.#partial(node, names, depth)];
      case "BlockStatement":
        return this.#block(node, names, depth);
      default:
        return [];
    }
  }

  #block(node: AstBlock, names: Names, depth: number): Statement[] {
    const at = positionOf(node);
    const path = pathOf(node.path);
    const isRaw = node.openStrip.open === undefined;
    if (isRaw && path.original === "raw" && node.program)
      return [...this.program(node.program, names, depth + 1).statements];
    const branch = (program: AstProgram | undefined) =>
      program ? this.program(program, names, depth + 1) : null;
    const [main, otherwise] = [branch(node.program), branch(node.inverse)];
    const helper = helperOf(node, path, names);
    if (helper === null) return [{ kind: "section", value: this.#path(path, names), main, otherwise, ...at }];
    const [value] = node.params;
    if (helper !== "if" && helper !== "unless" && helper !== "each" && helper !== "with")
      return [{ kind: "output", value: this.#call(node, names, depth, false), ...at }];
    if (!value || node.params.length > 1) {
      const failure = this.#failure(`#${helper} takes exactly one argument`, at);
      return [{ kind: "output", value: failure, ...at }];
    }
    const first = this.#expression(value, names, depth);
    if (helper === "each" || helper === "with")
      return [{ kind: helper, value: first, main, otherwise, ...at }];
    const zero = node.hash?.pairs.find(({ key }) => key === "includeZero");
    const includeZero = zero ? this.#expression(zero.value, names, depth) : null;
    const [yes, no] = helper === "if" ? [main, otherwise] : [otherwise, main];
    return [{ kind: "if", condition: first, includeZero, main: yes, otherwise: no, ...at }];
  }

  #partial(node: AstPartial, names: Names, depth: number): Statement {
    const at = positionOf(node);
    if (node.params.length > 1) throw new Refusal("a partial takes one context at most", at);
    if ((node.hash?.pairs.length ?? 0) > MAX_ARGUMENTS)
      throw new Refusal(`a partial takes ${MAX_ARGUMENTS} values at most`, at);
    const [context] = node.params;
    return {
      kind: "partial",
      name:
        node.name.type === "SubExpression"
          ? this.#expression(node.name, names, depth)
          : { kind: "literal", value: String(node.name.original) },
      context: context ? this.#expression(context, names, depth) : null,
      hash: this.#hash(node.hash, names, depth),
      indent: node.indent ?? "",
      block: node.program ? this.program(node.program, names, depth + 1) : null,
      ...at,
    };
  }

  #expression(node: AstExpression, names: Names, depth: number): Expression {
    if (node.type === "PathExpression") return this.#path(node, names);
    if (node.type !== "SubExpression")
      return { kind: "literal", value: node.type === "NullLiteral" ? null : node.value };
    if (depth >= MAX_DEPTH) throw new Refusal(TOO_DEEP, positionOf(node));
    return this.#call(node, names, depth + 1, true);
  }

  /** A name with or without arguments whose result is a value: a mustache, a sub-expression, or a block with arguments. */
  #call(node: AstCall, names: Names, depth: number, isSubExpression: boolean): Expression {
    const path = pathOf(node.path);
    const at = positionOf(node);
    const helper =
      isSubExpression && !blockParamOf(path, names) ? (path.parts[0] ?? "") : helperOf(node, path, names);
    if (helper === null) return this.#path(path, names);
    const params = node.params.map((param) => this.#expression(param, names, depth));
    if (helper === "log" || (helper === "lookup" && params.length > 0)) return { kind: helper, params };
    if (helper === "lookup") return this.#failure("lookup takes an object and a name", at);
    if (HELPERS.has(helper))
      return this.#failure(`${helper} is a block: {{#${helper} …}}…{{/${helper}}}`, at);
    if (RESERVED.has(helper) || params.length > 0)
      return this.#failure(`Missing helper: "${path.original}"`, at);
    return { kind: "uncalled", path: this.#path(path, names) };
  }

  #hash(hash: AstCall["hash"], names: Names, depth: number): Hash | null {
    if (!hash) return null;
    // A literal `undefined` leaves the context's value, as in Handlebars.
    const pairs = hash.pairs.filter(({ value }) => value.type !== "UndefinedLiteral").toReversed();
    return pairs.map(({ key, value }) => ({ key, value: this.#expression(value, names, depth) }));
  }

  #path(path: AstPath, names: Names): Path {
    const { parts, depth: up, original: text } = path;
    const found = blockParamOf(path, names, "anywhere");
    if (found) return { kind: "path", from: "blockParam", ...found, parts: parts.slice(1), text };
    if (!parts[0]) return { kind: "path", from: "context", up, index: 0, parts: [], text };
    return { kind: "path", from: path.data ? "data" : "context", up, index: 0, parts, text };
  }

  #failure(message: string, at: Position): Expression {
    this.failures.push({ template: this.#template, message, ...at });
    return { kind: "failure", message };
  }
}

/** `{{12}}`, `{{"a b"}}` and `{{true}}` are names. */
function pathOf(node: AstPath | AstLiteral): AstPath {
  if (node.type === "PathExpression") return node;
  const original = String(node.original);
  return { type: "PathExpression", data: false, depth: 0, parts: [original], original, loc: node.loc };
}

/** A name that begins with a dot or ends in `this`, as in Handlebars: never a helper or block parameter. */
const isScoped = (path: AstPath) => /^\.|this\b/.test(path.original);
const isSimple = (path: AstPath) => path.parts.length === 1 && path.depth === 0 && !isScoped(path);

/** The block parameter that a path names or, with `anywhere`, begins with. */
function blockParamOf(
  path: AstPath,
  names: Names,
  anywhere?: "anywhere",
): { up: number; index: number } | null {
  const [name] = path.parts;
  if (name === undefined || path.depth > 0 || isScoped(path)) return null;
  if (!anywhere && !isSimple(path)) return null;
  for (const [up, params] of names.entries()) {
    const index = params.indexOf(name);
    if (index >= 0) return { up, index };
  }
  return null;
}

/** The name of the helper that a node calls; `null` if the node is a value. Arguments make every name but a block parameter a helper. */
function helperOf(node: AstCall, path: AstPath, names: Names): string | null {
  if (blockParamOf(path, names)) return null;
  const name = path.parts[0] ?? "";
  if (node.params.length > 0 || node.hash) return name;
  return isSimple(path) && (HELPERS.has(name) || RESERVED.has(name)) ? name : null;
}
