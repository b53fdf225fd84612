/** Random Handlebars templates with contexts and partials, for comparing renderers. Reproducible from a seed. */
import { randomOf, type Random } from "../../scripts/local/fake-claude/random.ts";

export interface GeneratedTemplate {
  text: string;
  context: unknown;
}

/** Partials that generated templates call; no name is a value of the contexts. */
export const PARTIALS: Readonly<Record<string, string>> = {
  plain: "[{{x}}|{{n}}|{{@index}}|{{@root.x}}]\n",
  "folder/loop":
    "{{#each list}}\n  {{@index}}{{#unless @last}},{{/unless}} {{this}} {{../x}} {{@../key}}\n{{/each}}",
  layout: "top\n  {{> @partial-block}}\nbottom {{x}}\n",
  slots: "{{#> slot}}no slot {{x}}{{/slot}} {{#> slot y=1}}\n  default {{y}}\n{{/slot}}",
  outer: "{{#> layout o}}{{x}} {{> @partial-block}}{{/layout}}",
  "two-lines": "first {{x}}\n\n  second {{o.x}}\n",
  chain: "{{x}}{{#with o}}.{{> chain}}{{/with}}",
  keys: "{{#each this}}{{@key}}={{@first}} {{/each}}",
};

/** No characters that HTML escapes, so that a renderer that escapes gives the same text. */
const CONTEXTS: readonly Record<string, unknown>[] = [
  {
    x: "ex",
    n: 7,
    zero: 0,
    yes: true,
    no: false,
    nothing: null,
    empty: "",
    none: [],
    list: ["a", "b", "c"],
    numbers: [1, 2, 3],
    objects: [{ x: "o1", list: ["p", "q"] }, { x: "o2", o: { x: "deep" } }, { n: 3 }],
    mixed: [0, "s", null, { x: "in" }, false],
    o: { x: "inner", n: 2, o: { x: "innermost", list: ["z", "y"] } },
    map: { first: "1st", second: { x: "2nd" }, "a b": "blank" },
    partial: "plain",
    key: "second",
    "with space": "spaced",
  },
  { x: "only" },
  { x: 0, list: [], o: {}, objects: [{}, {}], partial: "two-lines", n: -1.5, yes: "yes" },
  { list: ["0", "", " ", "d"], o: { o: { o: { x: "far" } } }, x: "many\nlines\n", partial: "nowhere" },
];

const NAMES = "x n zero yes no nothing empty none list numbers objects mixed o map partial key missing".split(
  " ",
);
const PATHS = [
  ...[
    "o.x",
    "o.o.x",
    "this.x",
    "./n",
    "../x",
    "../../n",
    "../o.x",
    "this",
    ".",
    "..",
    "@index",
    "@key",
    "@first",
  ],
  ...[
    "@last",
    "@root.x",
    "@root.o.o.x",
    "@../index",
    "@../key",
    "@missing",
    "[with space]",
    "objects.[1].x",
    "list.[0]",
  ],
  ...[
    "list.length",
    "x.length",
    "o.[x]",
    "map.[a b]",
    "constructor",
    "toString",
    "__proto__.x",
    "o.__proto__",
  ],
  ...["nothing.x.y", "n.x", "list.first", "this.list", "o/x", "../../../x", "@index.x", "@first.y"],
];
const TEXTS = [
  "a",
  " ",
  "\n",
  "\n\n",
  "  ",
  " b ",
  "\n  ",
  ".\n",
  "c d\n",
  "\t",
  "\r\n",
  "é 漢 🙂",
  "}",
  "{ {",
  "$1",
  "\\",
];
const LITERALS = ['"x"', "'list'", "1", "0", "true", "false", "null", "undefined", '"second"', "-2.5", '""'];

/** Template number `n` of a seed. */
export function generatedTemplate(seed: number, n: number): GeneratedTemplate {
  const random = randomOf("template", seed, n);
  const writer = new Writer(random);
  return { text: writer.statements(random.between(1, 5), []), context: random.pick(CONTEXTS) };
}

class Writer {
  readonly #random: Random;
  #left = 24;

  constructor(random: Random) {
    this.#random = random;
  }

  statements(count: number, params: readonly string[]): string {
    return Array.from({ length: count }, () => this.#statement(params)).join("");
  }

  #statement(params: readonly string[]): string {
    this.#left--;
    const random = this.#random;
    const kind = this.#left > 0 ? random.between(0, 21) : random.between(0, 6);
    if (kind <= 2) return random.pick(TEXTS);
    // Text follows: Handlebars adds numbers that neither text nor escaping separates.
    if (kind === 3) return `{{{${this.#value(params)}}}}.`;
    if (kind === 4) return `${this.#open("")}${this.#value(params)}${this.#close()}`;
    if (kind === 5) return `{{&${this.#path(params)}}};`;
    if (kind === 6)
      return random.pick([
        "{{! a {{ comment }}",
        "{{!-- }} --}}",
        "{{~!-- x --~}}",
        "\\{{x}}",
        "\\\\{{x}}",
        '{{log "l"}}',
      ]);
    if (kind <= 9) return this.#condition(params);
    if (kind <= 12) return this.#loop(params);
    if (kind <= 14) return this.#section(params);
    if (kind <= 18) return this.#partial(params);
    if (kind === 19) return this.#inline();
    if (kind === 20) return `{{lookup ${this.#argument(params)} ${this.#argument(params)}}}`;
    const raw = random.pick(["yes", "no", "missing", "list", "raw"]);
    return `{{{{${raw}}}}} {{x}} {{#if}}{{{{/${raw}}}}}`;
  }

  /** Now and then with whitespace control. */
  #open(sign: string): string {
    return `{{${this.#random.chance(0.12) ? "~" : ""}${sign}`;
  }

  #close(): string {
    return `${this.#random.chance(0.12) ? "~" : ""}}}`;
  }

  #body(params: readonly string[]): string {
    const lineEnd = this.#random.chance(0.4) ? "\n" : "";
    return (
      lineEnd + this.statements(this.#random.between(0, 3), params) + (this.#random.chance(0.4) ? "\n" : "")
    );
  }

  #block(head: string, name: string, params: readonly string[], inverse: string): string {
    return `${this.#open("#")}${head}${this.#close()}${this.#body(params)}${inverse}${this.#open("/")}${name}${this.#close()}`;
  }

  #else(params: readonly string[]): string {
    const random = this.#random;
    if (random.chance(0.5)) return "";
    const chained = random.chance(0.3)
      ? `${this.#open("else ")}${random.pick(["if", "unless", "with", "each"])} ${this.#argument(params)}${this.#close()}${this.#body(params)}`
      : "";
    return `${chained}${this.#open(random.pick(["else", "^"]))}${this.#close()}${this.#body(params)}`;
  }

  #condition(params: readonly string[]): string {
    const helper = this.#random.pick(["if", "unless"]);
    const zero = this.#random.chance(0.2)
      ? ` includeZero=${this.#random.pick(["true", "false", "yes"])}`
      : "";
    return this.#block(`${helper} ${this.#argument(params)}${zero}`, helper, params, this.#else(params));
  }

  #loop(params: readonly string[]): string {
    const random = this.#random;
    const helper = random.pick(["each", "each", "with"]);
    const own = random.chance(0.3) ? [random.pick(["v", "w", "x"]), "k"].slice(0, random.between(1, 2)) : [];
    const as = own.length > 0 ? ` as |${own.join(" ")}|` : "";
    const inner = [...own.filter((name) => helper === "each" || name !== "k"), ...params];
    return this.#block(`${helper} ${this.#argument(params)}${as}`, helper, inner, this.#else(params));
  }

  #section(params: readonly string[]): string {
    const path = this.#random.pick([
      ...NAMES,
      "o.o",
      "../list",
      "this",
      ".",
      "@root.o",
      "@first",
      "o.list",
      '"map"',
    ]);
    const name = path.replaceAll('"', "");
    if (this.#random.chance(0.3))
      return `${this.#open("^")}${path}${this.#close()}${this.#body(params)}${this.#open("/")}${name}${this.#close()}`;
    return this.#block(path, name, params, this.#else(params));
  }

  #partial(params: readonly string[]): string {
    const random = this.#random;
    if (random.chance(0.2)) return this.#fallback(params);
    const name = random.pick([...Object.keys(PARTIALS), "plain", "two-lines"]);
    const context = random.chance(0.4) ? ` ${this.#path(params)}` : "";
    const hash = random.chance(0.3) ? ` x=${this.#argument(params)} y="why"` : "";
    if (random.chance(0.15)) return `{{> (lookup . "partial")${context}${hash}}}`;
    const indent = random.chance(0.4) ? random.pick(["\n  ", "\n\t", "\n"]) : "";
    if (random.chance(0.6))
      return `${indent}${this.#open("> ")}${name}${context}${hash}${this.#close()}${indent ? "\n" : ""}`;
    const inline = random.chance(0.4) ? `{{#*inline "slot"}}slot {{x}}{{/inline}}` : "";
    return `${indent}${this.#open("#> ")}${name}${context}${hash}${this.#close()}${inline}${this.#body(params)}{{/${name}}}`;
  }

  /** A call of what may not exist. */
  #fallback(params: readonly string[]): string {
    const name = this.#random.pick(["inlined", "slot", "nowhere", "@partial-block"]);
    if (this.#random.chance(0.1)) return `{{> ${name}}}`;
    return `{{#> ${name} ${this.#path(params)}}}${this.#body(params)}{{/${name}}}`;
  }

  /** Without block parameters of the surroundings: Handlebars mixes them up in inline partials. */
  #inline(): string {
    const name = this.#random.pick(["inlined", "slot", "plain"]);
    return `{{#*inline "${name}"}}${this.#body([])}{{/inline}}`;
  }

  #path(params: readonly string[]): string {
    const random = this.#random;
    if (params.length > 0 && random.chance(0.4))
      return random.pick([...params, `${params[0]}.x`, `${params[0]}.length`]);
    return random.chance(0.5) ? random.pick(NAMES) : random.pick(PATHS);
  }

  #argument(params: readonly string[], depth = 0): string {
    const random = this.#random;
    if (random.chance(0.15)) return random.pick(LITERALS);
    if (depth < 2 && random.chance(0.12))
      return `(lookup ${this.#argument(params, depth + 1)} ${this.#argument(params, depth + 1)})`;
    return this.#path(params);
  }

  #value(params: readonly string[]): string {
    const random = this.#random;
    if (random.chance(0.04))
      return random.pick(["12", '"x"', "true", "missing 1", "x 1", "missing a=1", "if x", "x a=1", "each"]);
    return this.#path(params);
  }
}
