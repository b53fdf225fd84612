/** A template as rendering needs it: what is a helper, a block parameter or a partial is decided once, when it is read. */

/** From 1. */
export interface Position {
  line: number;
  column: number;
}

/** Why a template cannot be read or rendered, and where. */
export interface TemplateError extends Position {
  /** The template's name: with partials not always the one that was rendered. */
  template: string;
  message: string;
}

export interface Template {
  name: string;
  program: Program;
  /** Statements that fail whenever they are reached, such as a call of a helper that does not exist. */
  failures: readonly TemplateError[];
}

export interface Program {
  statements: readonly Statement[];
  /** Names that the program's values get: `as |value key|`. */
  blockParams: readonly string[];
  /** Partials that the program declares for itself and for what it calls. */
  inlines: readonly { name: Expression; program: Program }[];
}

export type Statement = Position &
  (
    | { kind: "text"; text: string }
    | { kind: "output"; value: Expression }
    | ({ kind: "if"; condition: Expression; includeZero: Expression | null } & Branches)
    /** `section`: a block named by a value, `{{#name}}`. */
    | ({ kind: "each" | "with" | "section"; value: Expression } & Branches)
    | Partial
  );

/** `null`: an absent branch. */
export interface Branches {
  main: Program | null;
  otherwise: Program | null;
}

export interface Partial {
  kind: "partial";
  /** A literal, unless the name is computed: `{{> (lookup . "name")}}`. */
  name: Expression;
  /** `null`: the context of the call. */
  context: Expression | null;
  /** Over the properties of the context. */
  hash: Hash | null;
  /** Stands before each line of a partial that is alone on its line. */
  indent: string;
  /** The partial's block, which is also rendered if the partial does not exist. */
  block: Program | null;
}

/** In reverse order, as Handlebars builds it: the first of two equal keys wins. */
export type Hash = readonly { key: string; value: Expression }[];

export type Expression =
  | { kind: "literal"; value: string | number | boolean | null | undefined }
  | Path
  | { kind: "lookup" | "log"; params: readonly Expression[] }
  /** A name in the place of a helper that does not exist, without arguments: empty if there is no such value. */
  | { kind: "uncalled"; path: Path }
  | { kind: "failure"; message: string };

export interface Path {
  kind: "path";
  from: "context" | "data" | "blockParam";
  /** Steps outwards: contexts (`../`), data frames (`@../`) or blocks with parameters. */
  up: number;
  /** Which parameter of the block. */
  index: number;
  /** Names of properties; none for the context itself. */
  parts: readonly string[];
  /** As written. */
  text: string;
}

/** Nested blocks, partials and sub-expressions. */
export const MAX_DEPTH = 64;

export const describeTemplateError = ({ template, line, column, message }: TemplateError): string =>
  `${template}, line ${line}, column ${column}: ${message}`;
