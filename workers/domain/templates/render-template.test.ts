import { describe, expect, test } from "vitest";
import { readTemplate } from "./read-template.ts";
import { MAX_OUTPUT_CHARACTERS, renderTemplate } from "./render-template.ts";
import { MAX_TEMPLATE_CHARACTERS } from "../../schemas/prompt.ts";
import { describeTemplateError, type Template } from "./template.ts";

function read(name: string, text: string): Template {
  const template = readTemplate(name, text);
  if (!template.ok) throw new Error(describeTemplateError(template.error));
  return template.value;
}

/** The text, or the description of the error. */
function render(text: string, context: unknown = {}, partials: Record<string, string> = {}): string {
  const others = new Map(Object.entries(partials).map(([name, other]) => [name, read(name, other)]));
  const rendered = renderTemplate(read("main", text), context, others);
  return rendered.ok ? rendered.value : describeTemplateError(rendered.error);
}

const refusal = (text: string): string => {
  const template = readTemplate("main", text);
  return template.ok ? "read" : describeTemplateError(template.error);
};

/** What Handlebars 4.7.10 does otherwise stands beside each case. */
describe("differs from Handlebars on purpose", () => {
  test.each([
    ["adds no neighbouring numbers: 12, not 3", "{{a}}{{b}}", { a: 1, b: 2 }, "12"],
    [
      "adds no neighbouring booleans: not 2",
      "{{#each a}}{{@first}}{{@last}}{{/each}}",
      { a: [0] },
      "truetrue",
    ],
    ["renders raw blocks: not nothing", "{{{{raw}}}} {{x}} {{{{/raw}}}}", {}, " {{x}} "],
    ["calls no functions of the context", "[{{f}}{{#f}}x{{/f}}{{f.name}}]", { f: () => "called" }, "[]"],
    ["calls no toString of the context", "{{o}}", { o: { toString: "x" } }, "[object Object]"],
    [
      "takes an object for no other value's equal",
      "{{#each l}}{{#each this}}{{../length}}{{/each}}{{/each}}",
      { l: [[1]] },
      "1",
    ],
    ["reads no name from an object", "[{{lookup o l}}]", { o: { "1": "x" }, l: [1] }, "[]"],
    ["shows no parent of a data frame", "[{{#each l}}{{@_parent}}{{/each}}]", { l: [1] }, "[]"],
  ])("%s", (_what, text, context, expected) => {
    expect(render(text, context)).toBe(expected);
  });

  test("an inline partial sees no parameters of the blocks around it: Handlebars fails or takes others", () => {
    const text = "{{#each l as |v|}}{{#*inline 'p'}}[{{v}}{{this}}]{{/inline}}{{> p}}{{/each}}";
    expect(render(text, { l: ["a", "b"] })).toBe("[a][b]");
  });

  test("a partial block is true where it exists: Handlebars renders it and tests its text", () => {
    const partials = { frame: "{{#if @partial-block}}with{{else}}without{{/if}}" };
    expect(render("{{#> frame}}{{/frame}}", {}, partials)).toBe("with");
    expect(render("{{> frame}}", {}, partials)).toBe("without");
  });
});

describe("a template is refused with its line when", () => {
  const nested = (count: number) => "{{#if a}}".repeat(count) + "x" + "{{/if}}".repeat(count);
  test.each([
    [
      "it does not parse",
      "one\n{{#if x}}\nthree",
      "main, line 3, column 1: Parse error: a block or {{ is not closed, at one{{#if x}}three",
    ],
    [
      "a block is closed by another",
      "a\n{{#if x}}{{/each}}",
      /^main, line 2, column 4: if doesn't match each/,
    ],
    [
      "it is a megabyte",
      "x".repeat(1 << 20),
      new RegExp(`longer than ${MAX_TEMPLATE_CHARACTERS} characters`),
    ],
    ["3,000 blocks are nested", nested(3_000), /nested deeper than 64/],
    ["65 blocks are nested", nested(66), /nested deeper than 64/],
    [
      "sub-expressions are nested",
      `{{lookup ${"(lookup ".repeat(100)}a 1${")".repeat(100)} 1}}`,
      /nested deeper than 64/,
    ],
    ["a decorator is unknown", "{{#*mark 'x'}}{{/mark}}", /line 1, column 1: there is no decorator "mark"/],
    ["an inline partial has no name", "{{#*inline}}{{/inline}}", /write an inline partial as/],
    ["a partial has two contexts", "a\n\n  {{> p a b}}", /line 3, column 3: a partial takes one context/],
  ])("%s", (_why, text, expected) => {
    expect(refusal(text)).toMatch(expected);
  });

  test("64 nested blocks are read and rendered", () => {
    expect(render(nested(64), { a: 1 })).toBe("x");
  });

  test("every call that can only fail is listed", () => {
    const { failures } = read("main", "{{#if}}a{{/if}}\n{{upper name}}\n{{each list}}{{#with a b}}{{/with}}");
    expect(failures.map(describeTemplateError)).toEqual([
      "main, line 1, column 1: #if takes exactly one argument",
      'main, line 2, column 1: Missing helper: "upper"',
      "main, line 3, column 1: each is a block: {{#each …}}…{{/each}}",
      "main, line 3, column 14: #with takes exactly one argument",
    ]);
  });
});

describe("rendering ends at its limits, with template and line", () => {
  const many = Array.from({ length: 1_000 }, (_, n) => n);
  const wide = Object.fromEntries(many.map((n) => [`k${n}`, "v"]));
  const deep = many.reduce<unknown>((inner) => [inner], "x");
  const [steps, depth, output] = [
    /takes more than 100000 steps/,
    /nested deeper than 64/,
    /the text is longer than 262144 characters/,
  ];
  const cases: [
    what: string,
    text: string,
    context: unknown,
    partials: Record<string, string>,
    error: RegExp,
    line: string,
  ][] = [
    ["loops", "{{#each l}}\n{{#each @root.l}}\n{{/each}}{{/each}}", { l: many }, {}, steps, "main, line 2"],
    [
      "loops over arguments",
      "{{#each @root}}{{#each @root}}{{#each @root}}{{/each}}{{/each}}{{/each}}",
      wide,
      {},
      steps,
      "main, line 1",
    ],
    ["a partial that calls itself", "\n{{> p}}", {}, { p: "a\n{{> p}}" }, depth, "p, line 2"],
    [
      "two partials that call each other",
      "{{> p}}",
      {},
      { p: "{{> q}}", q: "\n\n{{> p}}" },
      depth,
      "q, line 3",
    ],
    [
      "an inline partial that calls itself",
      "{{#*inline 'x'}}\n{{> x}}{{/inline}}{{> x}}",
      {},
      {},
      depth,
      "main, line 2",
    ],
    [
      "long texts",
      "a\n{{#each l}}{{@root.text}}{{/each}}",
      { l: many, text: "x".repeat(1_000) },
      {},
      output,
      "main, line 2",
    ],
    ["a long list", "{{l}}", { l: many.map(() => "x".repeat(1_000)) }, {}, output, "main, line 1"],
    [
      "a list of nothing",
      "{{#each l}}{{@root.l}}{{/each}}",
      { l: many.map(() => []) },
      {},
      /longer than|more than/,
      "main, line 1",
    ],
    ["nested lists", "{{l}}", { l: deep }, {}, /a list is nested deeper than 64/, "main, line 1"],
    [
      "indented lines",
      "{{#each l}}\n          {{> p}}\n{{/each}}",
      { l: many },
      { p: "x\n".repeat(300) },
      output,
      "main, line 2",
    ],
    [
      "copies of a text",
      "{{#each l}}{{> p @root.text a=1}}{{/each}}",
      { l: many, text: "x".repeat(50_000) },
      { p: "" },
      steps,
      "main, line 1",
    ],
    [
      "copies of an object",
      "{{#each l}}{{> p @root.o a=1}}{{/each}}",
      { l: many, o: wide },
      { p: "" },
      steps,
      "main, line 1",
    ],
    [
      "many inline partials",
      `{{#each l}}${"{{#*inline 'x'}}{{/inline}}".repeat(1_000)}{{/each}}`,
      { l: many },
      {},
      steps,
      "main, line 1",
    ],
    [
      "a long path",
      `{{#each l}}{{a${".a".repeat(10_000)}}}{{/each}}`,
      { l: many },
      {},
      steps,
      "main, line 1",
    ],
  ];
  test.each(cases)("%s", (_what, text, context, partials, error, line) => {
    const template = read("main", text);
    const others = new Map(Object.entries(partials).map(([name, other]) => [name, read(name, other)]));
    // Milliseconds of CPU: other programs run.
    const times = Array.from({ length: 5 }, () => {
      const started = process.cpuUsage();
      const rendered = renderTemplate(template, context, others);
      const { user, system } = process.cpuUsage(started);
      const description = rendered.ok ? "rendered" : describeTemplateError(rendered.error);
      expect(description).toMatch(error);
      expect(description.slice(0, line.length)).toBe(line);
      return (user + system) / 1_000;
    });
    expect(Math.min(...times)).toBeLessThan(100);
  });

  test("just below them it renders", () => {
    const text = "x".repeat(1_000);
    const rendered = render("{{#each l}}{{@root.text}}{{/each}}", { l: many.slice(0, 262), text });
    expect(rendered.length).toBe(262_000);
    expect(rendered.length).toBeLessThan(MAX_OUTPUT_CHARACTERS);
  });
});

test("errors name the partial in which they occur", () => {
  const partials = { p: "fine\n  {{> (lookup . 'next')}}", q: "\n\n{{missing 1}}" };
  expect(render("{{> p}}", { next: "q" }, partials)).toBe('q, line 3, column 1: Missing helper: "missing"');
  expect(render("a {{> p}}", {}, partials)).toBe(
    "p, line 2, column 3: The partial undefined could not be found",
  );
  expect(render("{{#if (x)}}{{/if}}", { x: 1 })).toBe('main, line 1, column 1: "x" is a value, not a helper');
});
