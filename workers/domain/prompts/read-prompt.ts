/** Reads one prompt file. Every problem has the line and column of the file. */
import {
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  Scalar,
  visit,
  type ErrorCode,
  type YAMLError,
} from "yaml";
import type { z } from "zod";
import { readTemplate } from "../templates/read-template.ts";
import { referencesOf, type References } from "../templates/references.ts";
import type { Position } from "../templates/template.ts";
import {
  MAX_FILE_CHARACTERS,
  PromptArgument,
  PromptContent,
  type Prompt,
  type PromptProblem,
} from "../../schemas/prompt.ts";
import { limitProblems, problemOf, promptName } from "./prompt.ts";

/** A file that can be served, with what its template names. */
export interface PromptFile {
  path: string;
  prompt: Prompt;
  references: References;
  /** Where a place of the template is in the file. */
  locate: (at: Position) => Position;
}

export interface PromptReading {
  /** `null` if there is an error among the problems. */
  file: PromptFile | null;
  /** At most 20. */
  problems: PromptProblem[];
}

const TOO_DEEP = "is nested too deep";
const BLOCK_HINT = "quote the text or write it as a block: `template: |` and the text indented below";
const INDENT_HINT = "indent the lines of a block below its key with spaces";
/** What usually causes an error of the parser, by its code. */
const YAML_HINTS: Partial<Record<ErrorCode, string>> = {
  BLOCK_AS_IMPLICIT_KEY: BLOCK_HINT,
  UNEXPECTED_TOKEN: BLOCK_HINT,
  BAD_SCALAR_START: BLOCK_HINT,
  BAD_INDENT: INDENT_HINT,
  MISSING_CHAR: INDENT_HINT,
};
/** What a value of another type has to be. */
const EXPECTED: Record<string, string> = {
  array: "write a list: one entry per line, which begins with -",
  object: "write `name: …` for each argument, as a list",
  boolean: "write true or false",
  string: "write a text, in quotes if it has : or {",
};

/** Reads the text of a YAML 1.2 file at `path`, relative to the folder of prompts. Never throws for a text. */
export function readPrompt(path: string, text: string): PromptReading {
  const reader = new PromptReader(path);
  try {
    const file = reader.read(text);
    return {
      file: reader.problems.some(({ severity }) => severity === "error") ? null : file,
      problems: limitProblems(reader.problems),
    };
  } catch (error) {
    // The YAML parser recurses.
    if (!(error instanceof RangeError)) throw error;
    reader.report({ line: 1, column: 1 }, TOO_DEEP);
    return { file: null, problems: limitProblems(reader.problems) };
  }
}

class PromptReader {
  readonly problems: PromptProblem[] = [];
  readonly #path: string;
  readonly #lines = new LineCounter();

  constructor(path: string) {
    this.#path = path;
  }

  report(at: Position, message: string, severity: PromptProblem["severity"] = "error"): void {
    this.problems.push(problemOf(this.#path, at, severity, message));
  }

  read(text: string): PromptFile | null {
    const start = { line: 1, column: 1 };
    const named = promptName(this.#path);
    if (!named) return this.#refuse(start, "is not a .yaml file");
    if ("problem" in named) return this.#refuse(start, named.problem);
    if (text.length > MAX_FILE_CHARACTERS)
      return this.#refuse(start, `is longer than ${MAX_FILE_CHARACTERS} characters`);
    const document = parseDocument(text, {
      lineCounter: this.#lines,
      version: "1.2",
      strict: true,
      // Checked below: the parser compares each key with all before it.
      uniqueKeys: false,
      // Otherwise each message gets a picture of its place.
      prettyErrors: false,
    });
    for (const error of [...document.errors, ...document.warnings]) this.#reportYaml(error);
    if (this.problems.length > 0) return null;
    const root = document.contents;
    if (!isMap(root)) return this.#refuse(start, "has no keys: description and template are needed");
    visit(root, {
      Map: (_key, map) => this.#checkUnique(map.items),
      // Expanding them takes exponential time and space.
      Alias: (_key, alias) => {
        this.report(
          this.#position(alias),
          "aliases are not read: write the value out, or quote a text that begins with *",
        );
        return visit.BREAK;
      },
    });
    if (this.problems.length > 0) return null;
    this.#checkKeys(root, [...Object.keys(PromptContent.shape), "name"]);
    const list = root.get("arguments", true);
    if (isSeq(list))
      for (const item of list.items)
        if (isMap(item)) this.#checkKeys(item, Object.keys(PromptArgument.shape));
    const template = root.get("template", true);
    if (isMap(template) || isSeq(template)) return this.#refuse(this.#position(template), BLOCK_HINT);
    const content = PromptContent.safeParse(plain(root));
    if (!content.success) {
      for (const issue of content.error.issues)
        this.report(this.#find(root, issue.path), `${pathText(issue.path)}: ${explain(issue)}`);
      return null;
    }
    this.#checkNames(content.data.arguments, (index) => this.#find(root, ["arguments", index, "name"]));
    return this.#checkTemplate({ name: named.name, ...content.data }, text, template);
  }

  #refuse(at: Position, message: string): null {
    this.report(at, message);
    return null;
  }

  #checkNames(list: readonly PromptArgument[], at: (index: number) => Position): void {
    for (const [index, { name }] of list.entries())
      if (list.findIndex((other) => other.name === name) < index)
        this.report(at(index), `there are two arguments "${name}"`);
  }

  #checkTemplate(prompt: Prompt, text: string, node: unknown): PromptFile | null {
    const locate = this.#locator(text, node as Scalar);
    const template = readTemplate(prompt.name, prompt.template);
    const failures = template.ok ? template.value.failures : [template.error];
    for (const failure of failures) {
      const hint = failure.message.startsWith("Missing helper")
        ? "; there are only if, unless, each, with and lookup"
        : "";
      this.report(locate(failure), `template: ${failure.message}${hint}`);
    }
    if (!template.ok) return null;
    return { path: this.#path, prompt, references: referencesOf(template.value), locate };
  }

  /** In a block `|` the lines of the template are lines of the file; in other scalars the start is as near as it gets. */
  #locator(text: string, scalar: Scalar): (at: Position) => Position {
    const start = this.#position(scalar);
    if (scalar.type !== Scalar.BLOCK_LITERAL) return () => start;
    const lines = text.split("\n", start.line + 64).slice(start.line);
    const indent = /^ */.exec(lines.find((line) => line.trim() !== "") ?? "")![0].length;
    return ({ line, column }) => ({ line: start.line + line, column: indent + column });
  }

  #checkUnique(items: readonly { key: unknown }[]): void {
    const keys = new Set<unknown>();
    for (const { key } of items) {
      if (!isScalar(key)) continue;
      if (keys.has(key.value)) this.report(this.#position(key), "Map keys must be unique");
      keys.add(key.value);
    }
  }

  #checkKeys(map: { items: { key: unknown }[] }, known: readonly string[]): void {
    for (const { key } of map.items) {
      const name = isScalar(key) ? String(key.value) : "a key that is not a text";
      if (!known.includes(name))
        this.report(this.#position(key), `${name} is not read; known are ${known.join(", ")}`, "warning");
    }
  }

  #reportYaml({ code, message, pos: [offset] }: YAMLError): void {
    const { line, col } = this.#lines.linePos(offset);
    const hint = YAML_HINTS[code];
    const text = code === "RESOURCE_EXHAUSTION" ? TOO_DEEP : hint ? `${message}; ${hint}` : message;
    this.report({ line, column: col }, text);
  }

  #position(node: unknown): Position {
    const offset = (node as Node | undefined)?.range?.[0] ?? 0;
    const { line, col } = this.#lines.linePos(offset);
    return { line, column: col };
  }

  /** The node that a path names, or the nearest around it. */
  #find(root: Node, path: readonly PropertyKey[]): Position {
    let node: unknown = root;
    for (const key of path) {
      const next: unknown = isMap(node) || isSeq(node) ? node.get(key, true) : undefined;
      if (!next) break;
      node = next;
    }
    return this.#position(node);
  }
}

/** In the words of a file instead of those of its schema. */
function explain(issue: z.core.$ZodIssue): string {
  if (issue.code === "invalid_type")
    return issue.message.endsWith("received undefined")
      ? "is missing or empty"
      : (EXPECTED[issue.expected] ?? issue.message);
  if (issue.code === "too_big")
    return `has more than ${issue.maximum} ${issue.origin === "string" ? "characters" : "entries"}`;
  return issue.code === "too_small" ? "is empty" : issue.message;
}

/** `arguments[0].name`. */
const pathText = (path: readonly PropertyKey[]): string =>
  path.map((key, n) => (typeof key === "number" ? `[${key}]` : `${n > 0 ? "." : ""}${String(key)}`)).join("");

/** Texts as they are written (`description: 2026`); only `required` is a boolean. */
function plain(node: unknown, key = ""): unknown {
  if (isSeq(node)) return node.items.map((item) => plain(item, key));
  if (isMap(node))
    return Object.fromEntries(
      node.items.flatMap(({ key: name, value }) => {
        const text = isScalar(name) ? String(name.value) : "";
        const read = plain(value, text);
        return read === undefined ? [] : [[text, read]];
      }),
    );
  if (!isScalar(node) || node.value === null) return undefined;
  return key === "required" || typeof node.value === "string" ? node.value : node.source;
}
