import { describe, expect, test } from "vitest";
import { z } from "zod";
import { readFolder } from "../../../scripts/bundle-prompts.ts";
import { Prompt } from "../../schemas/prompt.ts";
import { assemblePrompts, readPrompts } from "./assemble-prompts.ts";
import { describeProblem, promptName } from "./prompt.ts";
import { readPrompt } from "./read-prompt.ts";
import { readTemplate } from "../templates/read-template.ts";
import { promptLibrary } from "./render-prompt.ts";

const problemsOf = (text: string, path = "p.yaml") => readPrompt(path, text).problems.map(describeProblem);

const set = (files: Record<string, string>) => readPrompts(new Map(Object.entries(files)));
const file = (template: string, more = "") =>
  `description: d\n${more}template: ${JSON.stringify(template)}\n`;

describe("a file", () => {
  test("becomes a prompt of its path; its own name is ignored", () => {
    const text = `name: other
title: Plan
description: >-
  Makes
  a plan.
arguments:
  - name: task
    description: What to do.
    required: true
  - name: depth
    values: [short, 2, true]
template: |
  Plan {{task}}.
`;
    expect(readPrompt("team/plan.yml", text)).toMatchObject({
      problems: [],
      file: {
        prompt: {
          name: "team/plan",
          title: "Plan",
          description: "Makes a plan.",
          template: "Plan {{task}}.\n",
          arguments: [
            { name: "task", description: "What to do.", required: true },
            { name: "depth", required: false, values: ["short", "2", "true"] },
          ],
        },
      },
    });
  });

  test("may have scalars of other types and tags of the names of objects", () => {
    const { file: read } = readPrompt("p.yaml", "description: 2026.10\ntemplate: 12e3\n__proto__: {a: 1}\n");
    expect(read?.prompt).toMatchObject({ description: "2026.10", template: "12e3" });
    expect(Object.getPrototypeOf(read?.prompt)).toBe(Object.prototype);
  });

  test("that differs in unknown keys only is served with warnings", () => {
    const text = "description: d\ntemplate: t\n<<: x\narguments:\n  - name: a\n    type: text\n";
    expect(readPrompt("p.yaml", text).file).not.toBeNull();
    expect(problemsOf(text)).toEqual([
      "p.yaml:3:1: warning: << is not read; known are title, description, template, arguments, name",
      "p.yaml:6:5: warning: type is not read; known are name, description, required, values",
    ]);
  });

  const bomb = `a: &a [x]\n${"bcdefgh"
    .split("")
    .map((name, n) => `${name}: &${name} [${`*${"abcdefg"[n]},`.repeat(9)}]`)
    .join("\n")}\n`;
  test.each<[what: string, text: string, problems: (string | RegExp)[]]>([
    ["nothing", "", [/^p.yaml:1:1: error: has no keys/]],
    ["a list", "- a", [/^p.yaml:1:1: error: has no keys/]],
    ["no template", "description: d\n", ["p.yaml:1:1: error: template: is missing or empty"]],
    ["no description", "template: t\n", ["p.yaml:1:1: error: description: is missing or empty"]],
    [
      "an empty description",
      "template: t\ndescription:\n",
      [/^p.yaml:\d:\d+: error: description: is missing or empty$/],
    ],
    ["an empty template", 'description: d\ntemplate: ""\n', ["p.yaml:2:11: error: template: is empty"]],
    [
      "a long description",
      `description: ${"x".repeat(2_000)}\ntemplate: t\n`,
      ["p.yaml:1:14: error: description: has more than 1024 characters"],
    ],
    [
      "text after a template that YAML takes for a map",
      "description: d\ntemplate: {{name}} is\n",
      [/^p.yaml:2:20: error: .*; quote the text/],
    ],
    [
      "a block that is not indented",
      "description: d\ntemplate: |\n{{x}}\n",
      [/^p.yaml:3:1: error: .*; indent the lines of a block/],
    ],
    [
      "an argument that is no map",
      "description: d\ntemplate: t\narguments:\n  - a\n",
      ["p.yaml:4:5: error: arguments[0]: write `name: …` for each argument, as a list"],
    ],
    [
      "a template that YAML takes for a map",
      "description: d\ntemplate: {{name}}\n",
      [/^p.yaml:2:11: error: quote the text or write it as a block/],
    ],
    [
      "a colon in a text",
      "template: t\ndescription: Review: now\n",
      [/^p.yaml:2:14: error: .*; quote the text/],
    ],
    [
      "a tab",
      "description: d\ntemplate: t\narguments:\n\t- name: a\n",
      [/^p.yaml:4:1: error: Tabs are not allowed as indentation/],
    ],
    [
      "a key twice",
      "description: d\ntemplate: t\ndescription: e\n",
      [/^p.yaml:3:1: error: Map keys must be unique/],
    ],
    ["two documents", "description: d\n---\ntemplate: t\n", [/error: Source contains multiple documents/]],
    ["an unclosed quote", 'description: "d\ntemplate: t\n', [/error: Missing closing "quote/]],
    ["an unknown tag", "description: !x d\ntemplate: t\n", [/^p.yaml:1:14: error: Unresolved tag/]],
    [
      "a NUL",
      'template: t\ndescription: "a\\0b"\n',
      [/^p.yaml:2:14: error: description: has a character that/],
    ],
    [
      "half a pair",
      'description: d\ntemplate: "\\uD800"\n',
      [/^p.yaml:2:11: error: template: has a character that/],
    ],
    ["a NUL in a key", '"\\0x": 1\ntemplate: t\n', [/^p.yaml:1:1: warning: x is not read/, /description/]],
    ["an alias bomb", `${bomb}description: d\ntemplate: t\n`, [/^p.yaml:2:8: error: aliases are not read/]],
    ["deep nesting", `description: ${"[".repeat(20_000)}`, [/./]],
    ["deep lists", "- ".repeat(30_000), [/error: is nested too deep$/]],
    ["a long file", "x".repeat(70_000), ["p.yaml:1:1: error: is longer than 65536 characters"]],
    [
      "arguments that are no list",
      "description: d\ntemplate: t\narguments: {a: {}}\n",
      ["p.yaml:3:12: error: arguments: write a list: one entry per line, which begins with -"],
    ],
    [
      "an argument's name",
      "description: d\ntemplate: t\narguments:\n  - name: 1a\n",
      [
        "p.yaml:4:11: error: arguments[0].name: a name has letters, digits, _ and -, and begins with no digit",
      ],
    ],
    [
      "an argument without a name",
      "description: d\ntemplate: t\narguments:\n  - required: true\n",
      ["p.yaml:4:5: error: arguments[0].name: is missing or empty"],
    ],
    [
      "an argument twice",
      "description: d\ntemplate: t\narguments:\n  - name: a\n  - name: a\n",
      ['p.yaml:5:11: error: there are two arguments "a"'],
    ],
    [
      "required that is no boolean",
      "description: d\ntemplate: t\narguments:\n  - name: a\n    required: yes\n",
      ["p.yaml:5:15: error: arguments[0].required: write true or false"],
    ],
    [
      "a template that does not parse",
      "description: d\ntemplate: |\n\n  one\n  {{#if x}}\n",
      [/^p.yaml:6:3: error: template: Parse error:/],
    ],
    [
      "a helper that does not exist",
      "description: d\ntemplate: |\n  one\n  two {{upper x}}\n",
      [
        'p.yaml:4:7: error: template: Missing helper: "upper"; there are only if, unless, each, with and lookup',
      ],
    ],
    [
      "a quoted template",
      'description: d\ntemplate: "one\\n{{#each}}{{/each}}"\n',
      ["p.yaml:2:11: error: template: #each takes exactly one argument"],
    ],
  ])("with %s is refused with its place", (_what, text, expected) => {
    const problems = problemsOf(text);
    expect(readPrompt("p.yaml", text).file).toBeNull();
    for (const [n, one] of expected.entries())
      if (typeof one === "string") expect(problems[n]).toBe(one);
      else expect(problems[n]).toMatch(one);
    expect(problems.length).toBeGreaterThanOrEqual(expected.length);
  });

  const long = 60_000;
  const manyKeys = Array.from({ length: 9_000 }, (_, n) => `k${n}:\n`).join("");
  test.each<[what: string, text: string, last: string]>([
    [
      "unknown keys",
      `description: d\ntemplate: t\n${manyKeys}`,
      "p.yaml:22:1: warning: and 8981 more problems",
    ],
    ["one key often", "a:\n".repeat(long / 3), "p.yaml:21:1: error: and 19980 more problems"],
    ["syntax errors", "]\n".repeat(long / 2), "p.yaml:20:1: error: and 29981 more problems"],
    [
      "unknown helpers",
      `description: d\ntemplate: |\n${"  {{u x}}\n".repeat(long / 10)}`,
      "p.yaml:22:3: error: and 5981 more problems",
    ],
  ])("with many %s has 20 problems, the last of which counts the others", (_what, text, last) => {
    const problems = problemsOf(text);
    expect([problems.length, problems.at(-1)]).toEqual([20, last]);
  });

  test("has an error among its problems however many warnings it has", () => {
    const { file: read, problems } = readPrompt("p.yaml", `${manyKeys}template: t\ndescription: [a]\n`);
    expect([read, problems[0]?.severity]).toEqual([null, "error"]);
  });

  test("has messages of at most 500 characters", () => {
    const { problems } = readPrompt("p.yaml", `description: d\ntemplate: "{{u${"x".repeat(long)} y}}"\n`);
    expect(problems.map(({ message }) => message.length)).toEqual([500]);
  });

  test("with many keys takes no longer than a list of its size", () => {
    const cpuOf = (text: string) => {
      const times = Array.from({ length: 3 }, () => {
        const started = process.cpuUsage();
        readPrompt("p.yaml", text);
        return process.cpuUsage(started).user;
      });
      return Math.min(...times);
    };
    const list = `a: [${"a,".repeat(manyKeys.length / 2)}]\n`;
    expect(cpuOf(manyKeys)).toBeLessThan(4 * cpuOf(list));
  });

  test.each([
    ["a/b/c.yaml", { name: "a/b/c" }],
    ["A_b-c.d.yml", { name: "A_b-c.d" }],
    ["README.md", null],
    ["a.hbs", null],
    ["../a.yaml", { problem: expect.stringContaining("has a name") as string }],
    [".a.yaml", { problem: expect.stringContaining("has a name") as string }],
    ["a//b.yaml", { problem: expect.stringContaining("has a name") as string }],
    ["a\\b.yaml", { problem: expect.stringContaining("has a name") as string }],
    ["a b.yaml", { problem: expect.stringContaining("has a name") as string }],
    ["é.yaml", { problem: expect.stringContaining("has a name") as string }],
    ["a/b/c/d/e.yaml", { problem: "is deeper than 4 folders" }],
  ])("at %s has the name %j", (path, expected) => {
    expect(promptName(path)).toEqual(expected);
  });
});

describe("a set", () => {
  const problems = (files: Record<string, string>) => set(files).problems.map(describeProblem);
  const names = (files: Record<string, string>) => set(files).prompts.map(({ name }) => name);

  test("is in the order of the names, without other files", () => {
    expect(
      names({ "b.yaml": file("b"), "README.md": "x", "a/b.yml": file("a"), "a.yaml": file("a") }),
    ).toEqual(["a", "a/b", "b"]);
  });

  test("serves the first of two files of one name, and warns of names that differ in case", () => {
    const files = { "a.yml": file("2"), "a.yaml": file("1"), "A.yaml": file("3") };
    expect(set(files).prompts.map(({ name, template }) => [name, template])).toEqual([
      ["A", "3"],
      ["a", "1"],
    ]);
    expect(problems(files)).toEqual([
      "a.yaml:1:1: warning: differs from A.yaml in upper and lower case only, which some clients do not tell apart",
      "a.yml:1:1: error: has the name of a.yaml, which is served",
    ]);
  });

  test("leaves out circles of certain partials and what needs them", () => {
    const files = {
      "a.yaml": file("{{> b}}"),
      "b.yaml": file("x\n{{> c}}"),
      "c.yaml": file("{{> a}}"),
      "self.yaml": file("{{> self}}"),
      "needs.yaml": file("{{> a}}"),
      "maybe.yaml": file("{{#if x}}{{> maybe}}{{/if}}"),
      "wrapped.yaml": file("{{#> nowhere}}{{> wrapped}}{{/nowhere}}"),
    };
    expect(names(files)).toEqual(["maybe"]);
    const circle = "the partials call each other in a circle: a → b → c → a";
    expect(problems(files).sort()).toEqual([
      `a.yaml:2:11: error: ${circle}`,
      `b.yaml:2:11: error: ${circle}`,
      `c.yaml:2:11: error: ${circle}`,
      'needs.yaml:2:11: error: the prompt "a" has an error',
      "self.yaml:2:11: error: the partials call each other in a circle: self → self",
      "wrapped.yaml:2:11: error: the partials call each other in a circle: wrapped → wrapped",
    ]);
  });

  test("warns once of each missing partial of a file, and counts further ones", () => {
    const names = Array.from({ length: 30 }, (_, n) => `{{#if x}}{{> n${n}}}{{> n${n}}}{{/if}}`);
    const found = problems({ "a.yaml": file(names.join("")), "b.yaml": file("{{#if x}}{{> n0}}{{/if}}") });
    expect(found).toHaveLength(21);
    expect(found[19]).toBe("a.yaml:2:11: warning: and 11 more problems");
  });

  const below = (prompts: Record<string, string>, files: Record<string, string>) => {
    const read = Object.entries(files).map(([path, template]) => readPrompt(path, file(template)).file!);
    const { prompts: found, problems: wrong } = assemblePrompts(
      read,
      set(Object.fromEntries(Object.entries(prompts).map(([path, template]) => [path, file(template)])))
        .prompts,
    );
    return [found.map(({ name }) => name).join(" "), ...wrong.map(describeProblem)];
  };
  test.each<[what: string, base: Record<string, string>, files: Record<string, string>, expected: string[]]>([
    ["use them as partials", { "base.yaml": "b" }, { "a.yaml": "{{> base}}" }, ["a"]],
    ["replace one that others call", { "x.yaml": "{{> y}}", "y.yaml": "y" }, { "y.yaml": "z" }, ["y"]],
    [
      "close a circle through one",
      { "x.yaml": "{{> y}}", "y.yaml": "y" },
      { "y.yaml": "{{> x}}", "z.yaml": "{{> y}} {{> x}}" },
      ["z", "y.yaml:2:11: error: the partials call each other in a circle: x → y → x"],
    ],
    [
      "close a circle through two",
      { "w.yaml": "{{> x}}", "x.yaml": "{{> y}}", "y.yaml": "y" },
      { "y.yaml": "{{> w}}" },
      ["", "y.yaml:2:11: error: the partials call each other in a circle: w → x → y → w"],
    ],
    [
      "close a circle only where another of them is left out",
      { "x.yaml": "{{> y}}", "y.yaml": "y" },
      { "x.yaml": "{{> nowhere}}", "y.yaml": "{{> x}}" },
      [
        "",
        'x.yaml:2:11: error: there is no prompt "nowhere" for this partial',
        "y.yaml:2:11: error: the partials call each other in a circle: x → y → x",
      ],
    ],
    [
      "differ in case from one",
      { "review.yaml": "r", "plan.yaml": "p" },
      { "Review.yaml": "R", "plan.yaml": "P" },
      [
        "Review plan",
        "Review.yaml:1:1: warning: differs from review in upper and lower case only, which some clients do not tell apart",
      ],
    ],
    [
      "call in a circle under a condition",
      { "x.yaml": "{{> y}}", "y.yaml": "y" },
      { "y.yaml": "{{#if a}}{{> x}}{{/if}}" },
      ["y"],
    ],
  ])("over other prompts: files that %s", (_what, base, files, expected) => {
    expect(below(base, files)).toEqual(expected);
  });

  test("derives the arguments that prompts below it name", () => {
    const { file: read } = readPrompt("a.yaml", file("{{> base}}{{own}}"));
    const { prompts } = assemblePrompts([read!], set({ "base.yaml": file("{{theirs}}") }).prompts);
    expect(prompts[0]!.arguments.map(({ name }) => name)).toEqual(["own", "theirs"]);
  });

  test("leaves out what needs a missing partial, and warns where it may be needed", () => {
    const files = {
      "a.yaml": "description: d\ntemplate: |\n  x\n  {{> nope}}\n",
      "b.yaml": file("{{#if x}}{{> nope}}{{/if}}"),
      "c.yaml": file("{{#> nope}}instead{{/nope}}{{> (lookup . 'x')}}{{#*inline 'own'}}{{/inline}}{{> own}}"),
      "d.yaml": file("{{> own}}"),
    };
    expect(names(files)).toEqual(["b", "c", "d"]);
    expect(problems(files)).toEqual([
      'a.yaml:4:3: error: there is no prompt "nope" for this partial',
      'b.yaml:2:11: warning: there is no prompt "nope" for this partial',
    ]);
  });

  test("leaves out a long chain that ends nowhere", () => {
    const files = Object.fromEntries(
      Array.from({ length: 400 }, (_, n) => [`p${n}.yaml`, file(`{{> p${n + 1}}}`.repeat(50))]),
    );
    expect(set(files).prompts).toEqual([]);
  });

  test("derives the arguments that no file declares, those of partials included", () => {
    const files = {
      "a.yaml": file(
        "{{title}} {{#if kind}}{{this.kind}} {{@root.late}}{{/if}}{{#each items as |item|}}{{item.x}}{{name}}{{../outer}}{{/each}}" +
          "{{#with o}}{{inner}}{{> part}}{{/with}}{{lookup map key}}{{> part given=1}}{{[not a name]}}{{log logged}}",
        "arguments:\n  - name: last\n    required: true\n  - name: title\n",
      ),
      "part.yaml": file("{{given}} {{wanted}} {{title}}{{> deeper wanted}}{{> (lookup . partial)}}"),
      "deeper.yaml": file("{{hidden}}"),
    };
    const { prompts } = set(files);
    expect(prompts[0]!.arguments.map(({ name, required }) => (required ? `${name}!` : name))).toEqual(
      "last! title kind late items outer o map key logged wanted partial".split(" "),
    );
  });

  test("derives an argument of a partial that one of its calls does not give", () => {
    const files = {
      "a.yaml": file("{{> part x=1 y=1}}{{> part y=2}}{{> part x=2 y=3}}{{#if z}}{{> a}}{{/if}}"),
      "part.yaml": file("{{x}}{{> deeper}}"),
      "deeper.yaml": file("{{x}}{{y}}"),
    };
    expect(set(files).prompts[0]!.arguments.map(({ name }) => name)).toEqual(["z", "x"]);
  });

  test("reads partials of partials once, however many ways lead to them", () => {
    const files = Object.fromEntries(
      Array.from({ length: 50 }, (_, n) => [
        `p${n}.yaml`,
        file(`{{> p${n + 1} a${n}=1}}{{> p${n + 1} b${n}=1}}{{v${n}}}`),
      ]),
    );
    const { prompts } = set({ ...files, "p50.yaml": file("{{a1}}{{b1}}{{v50}}") });
    expect(prompts.find(({ name }) => name === "p0")!.arguments.map(({ name }) => name)).toEqual(
      Array.from({ length: 32 }, (_, n) => `v${n}`),
    );
  });

  test("keeps 32 arguments and warns of the others", () => {
    const names = Array.from({ length: 33 }, (_, n) => `{{a${n}}}`).join("");
    const { prompts, problems: found } = set({ "a.yaml": file(names) });
    expect(z.array(Prompt).parse(prompts)[0]!.arguments).toHaveLength(32);
    expect(found.map(describeProblem)).toEqual([
      "a.yaml:1:1: warning: has more than 32 arguments; clients do not see a32",
    ]);
  });

  test("looks once at a partial that a template calls thousands of times", () => {
    const given = Array.from({ length: 4_000 }, (_, n) => `k${n}=1`).join(" ");
    expect(problems({ "a.yaml": file(`{{> b ${given}}}`) })).toEqual([
      "a.yaml:2:11: error: template: a partial takes 32 values at most",
    ]);
    const {
      variables,
      partials,
      given: always,
    } = readPrompt("b.yaml", file("{{> c x=1 y=1}}".repeat(2_000) + "{{> c y=2}}")).file!.references;
    expect([variables, partials.length, [...always.get("c")!]]).toEqual([[], 1, ["y"]]);
  });

  const CIRCLES: [what: string, files: Record<string, string>, served: string, circle: string | null][] = [
    ["an inline partial", { a: '{{#*inline "q"}}{{> a}}{{/inline}}{{> q}}' }, "", "a → q → a"],
    ["a partial block", { a: "{{#> b}}{{> a}}{{/b}}", b: "{{> @partial-block}}" }, "b", "a → b → a"],
    [
      "a name that another block declares",
      { a: '{{#if x}}{{#*inline "b"}}{{/inline}}{{/if}}{{> b}}', b: "{{> a}}" },
      "",
      "a → b → a",
    ],
    [
      "an inline partial for another prompt",
      { a: '{{#> b}}{{#*inline "x"}}{{> a}}{{/inline}}{{/b}}', b: "{{> x}}" },
      "b",
      "a → b → x → a",
    ],
    ["an inline partial of itself", { a: '{{#*inline "q"}}{{> q}}{{/inline}}{{> q}}' }, "", "q → q"],
    [
      "a partial that an inline one replaces",
      { a: '{{#*inline "b"}}x{{/inline}}{{> c}}', b: "{{> a}}", c: "{{> b}}" },
      "a b c",
      null,
    ],
    ["a block that is not rendered", { a: "{{#> b}}{{> a}}{{/b}}", b: "b" }, "a b", null],
  ];
  test.each(CIRCLES)("finds a circle through %s, or that it is none", (_what, templates, served, circle) => {
    const files = Object.fromEntries(Object.entries(templates).map(([n, text]) => [`${n}.yaml`, file(text)]));
    expect(names(files).join(" ")).toBe(served);
    const texts = problems(files).map((text) => text.replace(/^.*circle: /, ""));
    expect([...new Set(texts)]).toEqual(circle === null ? [] : [circle]);
    for (const name of served.split(" ").filter((one) => circle === null && one !== ""))
      expect(promptLibrary(set(files).prompts).render(name, {}).ok).toBe(true);
  });
});

describe("a library", () => {
  const library = promptLibrary(
    set({
      "greet.yaml": file(
        "{{> hello}}, <{{name}}> & {{other}}",
        "arguments:\n  - name: name\n    required: true\n",
      ),
      "hello.yaml": file("Hello"),
      "loop.yaml": file("{{#if x}}{{> loop}}{{/if}}"),
      "computed.yaml": file('{{> (lookup . "name")}}'),
    }).prompts,
  );

  test("renders prompts without escaping and with missing values empty", () => {
    expect(library.render("greet", { name: "Ann" })).toEqual({ ok: true, value: "Hello, <Ann> & " });
  });

  test.each([
    ["greet", {}, 'The prompt "greet" needs name.'],
    ["greet", { name: " " }, 'The prompt "greet" needs name.'],
    ["nope", {}, 'There is no prompt "nope".'],
    ["n".repeat(1_000), {}, `There is no prompt "${"n".repeat(100)}".`],
    [
      "computed",
      { name: "n".repeat(1_000) },
      `computed, line 1, column 1: The partial ${"n".repeat(100)} could not be found`,
    ],
    ["__proto__", {}, 'There is no prompt "__proto__".'],
    ["loop", { x: "1" }, "loop, line 1, column 1: blocks and partials are nested deeper than 64"],
  ])("explains why %s with %j is not rendered", (name, values, error) => {
    expect(library.render(name, values)).toEqual({ ok: false, error });
  });

  test("keeps the templates that were rendered last, as many as fit", () => {
    const small = Object.fromEntries(Array.from({ length: 17 }, (_, n) => [`s${n}.yaml`, file(`${n}`)]));
    const large = Object.fromEntries(
      ["a", "b", "c", "d", "e"].map((n) => [`${n}.yaml`, file(n.repeat(60_000))]),
    );
    const reads: string[] = [];
    const calls = Object.keys(small).map((path) => `{{> ${path.replace(".yaml", "")}}}`);
    const all = file([...calls, ...calls].join(""));
    const library = promptLibrary(set({ ...small, ...large, "all.yaml": all }).prompts, (name, text) => {
      reads.push(name);
      return readTemplate(name, text);
    });
    const readsOf = (...names: string[]) => {
      for (const name of names) expect(library.render(name, {}).ok).toBe(true);
      return reads.splice(0);
    };
    const first = Array.from({ length: 16 }, (_, n) => `s${n}`);
    expect(readsOf(...first, ...first)).toEqual(first);
    // The seventeenth takes the place of the one that was rendered longest ago.
    expect(readsOf("s0", "s16", "s0", "s1")).toEqual(["s16", "s1"]);
    // Four of 60,000 characters are within 256 KB.
    expect(readsOf("a", "b", "c", "d", "a", "b", "c", "d")).toEqual(["a", "b", "c", "d"]);
    expect(readsOf("e", "b", "a")).toEqual(["e", "a"]);
    // Within one prompt a partial is read once, even after more others than are kept.
    expect(readsOf("all").filter((name) => name === "s0")).toHaveLength(1);
  });
});

describe("the prompts of this repository", async () => {
  const { prompts, problems } = await readFolder();
  const library = promptLibrary(prompts);

  test("have no problems", () => {
    expect(problems).toEqual([]);
    expect(prompts.map(({ name }) => name)).toEqual([
      "commit",
      "explain",
      "incident",
      "plan",
      "review",
      "tests",
    ]);
  });

  test.each(prompts)(
    "$name can be rendered with every argument and with none",
    ({ name, arguments: list }) => {
      const values = Object.fromEntries(list.map((argument) => [argument.name, `<${argument.name}>`]));
      const full = library.render(name, values);
      const bare = library.render(name, {});
      expect([full.ok, bare.ok]).toEqual([true, true]);
      for (const value of Object.values(values))
        expect(full).toMatchObject({ value: expect.stringContaining(value) as string });
      expect(JSON.stringify([full, bare])).not.toMatch(/\{\{|\}\}|undefined|\\n\\n\\n/);
      expect(list.every(({ description }) => description)).toBe(true);
    },
  );
});
