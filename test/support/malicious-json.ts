/**
 * Generates malicious request bodies that are valid JSON: any formatting, repeated and escaped keys, lone surrogates, JSON inside
 * strings, numbers beyond doubles, lists in wrong places. For property tests.
 */

export type Random = () => number;

export interface MaliciousOptions {
  /** Keys repeat within an object, and names come in escaped spellings (default true). */
  tricks?: boolean;
}

/** The text of one body; always a valid JSON object. */
export function maliciousBody(next: Random, { tricks = true }: MaliciousOptions = {}): string {
  const writer = new Writer(next, tricks);
  const members: [string, () => string][] = [
    ["model", () => writer.string()],
    ["max_tokens", () => writer.number()],
    ["messages", () => writer.list(() => writer.message())],
    ["tools", () => writer.list(() => writer.tool())],
    ["system", () => (next() < 0.4 ? writer.string() : writer.list(() => writer.block()))],
    ["metadata", () => writer.value(3)],
    ["extra", () => writer.value(4)],
  ];
  const chosen = members.filter(() => next() < 0.8);
  if (tricks && next() < 0.3) chosen.push(pick(next, members));
  if (tricks && next() < 0.2) chosen.push([pick(next, members)[0], () => writer.value(2)]);
  chosen.sort(() => next() - 0.5);
  return writer.space() + writer.object(chosen) + writer.space();
}

const STRING_PARTS =
  'a|word|Ünï|日本|🙂|\\"|\\\\|\\/|\\n|\\u0041|\\ud800|\\udc00\\ud800|\\u0000|\\uD83D\\uDE42|\u2028|\x7f|\\"messages\\":[|\\"cache_control\\":{|]|}|,|[{'.split(
    "|",
  );
const NUMBERS = "0 -0 1 1e400 -1E+5 0.10 1e-7 123456789012345678901234567890 -0.0e0".split(" ");
const KEYS =
  "a b type text content cache_control input role messages system tools mcp_servers __proto__ toString".split(
    " ",
  );
const SPACES = ["", "", "", " ", "\n", "\t", "\r\n  "];

export function pick<T>(next: Random, from: readonly T[]): T {
  return from[Math.floor(next() * from.length)]!;
}

class Writer {
  readonly #next: Random;
  readonly #tricks: boolean;
  /** Null: different white space everywhere. */
  readonly #style: { comma: string; colon: string; open: string } | null;

  constructor(next: Random, tricks: boolean) {
    this.#next = next;
    this.#tricks = tricks;
    this.#style = pick(next, [
      { comma: ",", colon: ":", open: "" },
      { comma: ", ", colon: ": ", open: "" },
      { comma: ",\n    ", colon: ": ", open: "\n    " },
      null,
    ]);
  }

  space(): string {
    return this.#style ? "" : pick(this.#next, SPACES);
  }

  string(): string {
    return `"${this.#many(4, () => pick(this.#next, STRING_PARTS)).join("")}"`;
  }

  number(): string {
    return pick(this.#next, NUMBERS);
  }

  value(depth: number): string {
    const kind = Math.floor(this.#next() * (depth > 0 ? 7 : 4));
    if (kind === 0) return this.string();
    if (kind === 1) return this.number();
    if (kind === 2) return pick(this.#next, ["true", "false", "null"]);
    if (kind === 3) return pick(this.#next, ["[]", "{}", "[ ]", '{"cache_control":{"type":"ephemeral"}}']);
    if (kind === 4) return this.list(() => this.value(depth - 1));
    return this.object(this.#many(4, () => [pick(this.#next, KEYS), () => this.value(depth - 1)]));
  }

  list(element: () => string): string {
    return this.#wrapped("[", this.#many(4, element), "]");
  }

  object(members: [string, () => string][]): string {
    const seen = new Set<string>();
    const written = members.flatMap(([key, value]) => {
      if (!this.#tricks && seen.has(key)) return [];
      seen.add(key);
      const spelling = this.#tricks && this.#next() < 0.05 ? escapedKey(key) : key;
      return [`"${spelling}"${this.space()}${this.#style?.colon ?? ":"}${this.space()}${value()}`];
    });
    return this.#wrapped("{", written, "}");
  }

  message(): string {
    if (this.#next() < 0.05) return this.value(3);
    return this.#shuffled([
      ["role", () => pick(this.#next, ['"user"', '"assistant"', '"system"'])],
      ["content", () => this.#content()],
      ...this.#cacheControl(0.1),
      ...this.#sometimes(0.1, "extra"),
    ]);
  }

  tool(): string {
    if (this.#next() < 0.05) return this.value(3);
    return this.#shuffled([
      ["name", () => this.string()],
      ["input_schema", () => this.value(3)],
      ...this.#cacheControl(0.3),
    ]);
  }

  block(): string {
    if (this.#next() < 0.1) return this.value(3);
    const kind = this.#next();
    const members: [string, () => string][] =
      kind < 0.6
        ? [
            ["type", () => '"text"'],
            ["text", () => this.string()],
          ]
        : kind < 0.8
          ? [["type", () => '"tool_use"'], ["input", () => this.value(3)], ...this.#sometimes(0.2, "content")]
          : [
              ["type", () => '"tool_result"'],
              ["content", () => (this.#next() < 0.7 ? this.list(() => this.block()) : this.value(2))],
            ];
    return this.#shuffled([...members, ...this.#cacheControl(0.3), ...this.#sometimes(0.1, "extra")]);
  }

  #content(): string {
    const kind = this.#next();
    if (kind < 0.3) return this.string();
    if (kind < 0.6) return this.#wrapped("[", [this.block()], "]");
    return kind < 0.95 ? this.list(() => this.block()) : this.value(3);
  }

  #cacheControl(share: number): [string, () => string][] {
    const value = () => (this.#next() < 0.8 ? '{"type":"ephemeral"}' : this.value(2));
    return this.#next() < share ? [["cache_control", value]] : [];
  }

  #sometimes(share: number, key: string): [string, () => string][] {
    return this.#next() < share ? [[key, () => this.value(2)]] : [];
  }

  #shuffled(members: [string, () => string][]): string {
    const all = this.#tricks && this.#next() < 0.05 ? [...members, pick(this.#next, members)] : members;
    return this.object(all.toSorted(() => this.#next() - 0.5));
  }

  #many<T>(limit: number, make: () => T): T[] {
    return Array.from({ length: Math.floor(this.#next() * (limit + 1)) }, make);
  }

  #wrapped(open: string, items: string[], close: string): string {
    if (items.length === 0) return open + this.space() + close;
    const separator = this.#style?.comma;
    const inner = items.reduce(
      (text, item) => text + (separator ?? `${this.space()},${this.space()}`) + item,
    );
    const edge = this.#style?.open ?? "";
    return `${open}${edge}${this.space()}${inner}${this.space()}${edge && "\n"}${close}`;
  }
}

/** The same name in another spelling: its last character as an escape. */
function escapedKey(key: string): string {
  const last = key
    .charCodeAt(key.length - 1)
    .toString(16)
    .padStart(4, "0");
  return `${key.slice(0, -1)}\\u${last}`;
}
