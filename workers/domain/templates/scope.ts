/** What a running program sees, and how names find values in it. Only own properties are read, and no functions. */
import type { Path, Program } from "./template.ts";

/** Ends a rendering; the message is for the template's author. */
export class RenderFailure extends Error {}

export interface Scope {
  /** Name of the template that is running. */
  template: string;
  context: unknown;
  /** The contexts that `../` reaches, from the current one outwards. */
  contexts: Chain<unknown>;
  frame: Frame;
  blockParams: Chain<BlockParams>;
  inlines: ReadonlyMap<string, Closure>;
}

export type Chain<T> = { value: T; outer: Chain<T> } | null;

/** `values` are absent in blocks that give none, such as `if`. */
interface BlockParams {
  values: readonly unknown[] | null;
}

/** A program with the scope that it was written in. */
export interface Closure {
  program: Program;
  scope: Scope;
}

/** What `@name` reads. */
export interface Frame {
  values: Readonly<Record<string, unknown>>;
  /** What `{{> @partial-block}}` renders, and the partial block that its content sees. */
  partialBlock: (Closure & { outer: Frame["partialBlock"] }) | null;
  outer: Frame | null;
}

/** Stands for a missing context in the branches of helpers, as in Handlebars. */
export const NO_CONTEXT: unknown = Object.freeze({});

/** Whether `../` skips the inner of two contexts. Handlebars compares with `==`; here an object equals only itself. */
export function isSameContext(inner: unknown, outer: unknown): boolean {
  if (inner === NO_CONTEXT && outer === null) return true;
  if (typeof inner === "object" && inner !== null) return inner === outer;
  if (typeof outer === "object" && outer !== null) return false;
  return inner == outer;
}

/** A property of a value: own, and not a function. `undefined` if there is none. */
export function member(value: unknown, name: string): unknown {
  if (value === null || value === undefined || !Object.hasOwn(value, name)) return undefined;
  const found = (value as Record<string, unknown>)[name];
  return typeof found === "function" ? undefined : found;
}

/** The value that a path names. Throws a RenderFailure for a parameter of a block that gives none, such as `if`. */
export function resolve(path: Path, scope: Scope): unknown {
  switch (path.from) {
    case "blockParam": {
      const params = outwards(scope.blockParams, path.up);
      if (!params?.values) throw new RenderFailure(`the block of "${path.text}" gives no parameters`);
      return follow(params.values[path.index], path.parts);
    }
    case "data":
      return dataValue(path, scope);
    case "context": {
      const context = path.up === 0 ? scope.context : outwards(scope.contexts, path.up);
      return follow(context, path.parts);
    }
  }
}

function dataValue({ up, parts }: Path, { frame }: Scope): unknown {
  let from: Frame | null = frame;
  for (let left = up; from && left > 0; left--) from = from.outer;
  if (parts[0] === "partial-block") return from?.partialBlock ? true : undefined;
  let value: unknown = from?.values;
  // A falsy value ends the path and is its result, as in Handlebars.
  for (const part of parts) {
    if (!value) break;
    value = member(value, part);
  }
  return value;
}

function follow(start: unknown, parts: readonly string[]): unknown {
  let value = start;
  for (const part of parts) {
    if (value === null || value === undefined) break;
    value = member(value, part);
  }
  return value;
}

function outwards<T>(chain: Chain<T>, steps: number): T | undefined {
  let link = chain;
  for (let left = steps; link && left > 0; left--) link = link.outer;
  return link?.value;
}

/** As in Handlebars: `if` and `with` take zero for a value only where they say so. */
export const isEmpty = (value: unknown): boolean =>
  (!value && value !== 0) || (Array.isArray(value) && value.length === 0);
