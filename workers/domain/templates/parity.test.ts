import Handlebars from "handlebars";
import { describe, expect, test } from "vitest";
import { generatedTemplate, PARTIALS } from "../../../test/support/generated-templates.ts";
import { readTemplate } from "./read-template.ts";
import { renderTemplate } from "./render-template.ts";
import type { Template } from "./template.ts";

/** Other templates: TEMPLATE_SEED=7 npx vitest run workers/domain/templates */
const seed = Number(process.env.TEMPLATE_SEED ?? 20_261_130);
/** `npm run soak` sets SOAK. */
const CASES = process.env.SOAK ? 20_000 : 2_000;

const FAILURE = "(failure)";

/** Handlebars as a reference, without its messages; `raw` is our addition. */
const reference = Handlebars.create();
Object.assign(reference, { log: () => {} });
Handlebars.logger.log = () => {};
reference.registerHelper("raw", function (this: unknown, { fn }: Handlebars.HelperOptions) {
  return fn(this);
});

function byHandlebars(text: string, context: unknown, options: CompileOptions = {}): string {
  try {
    return reference.compile(text, options)(context, { partials: { ...PARTIALS, ...MORE_PARTIALS } });
  } catch {
    return FAILURE;
  }
}

const MORE_PARTIALS: Record<string, string> = {
  hello: "hello {{name}}!",
  "a.b": "dotted",
  lines: "one\ntwo\n\nthree\n",
  unended: "one\ntwo",
  nothing: "",
  frame: "<{{> @partial-block}}>",
  "frame-twice": "{{> @partial-block}}{{> @partial-block name='again'}}",
  nested: "{{#> frame}}({{> @partial-block}}){{/frame}}",
  "needs-slot": "{{> slot}}",
  around: "{{../name}}|{{@root.name}}|{{@index}}|{{@../index}}",
};

const template = (name: string, text: string): Template => {
  const read = readTemplate(name, text);
  if (!read.ok) throw new Error(read.error.message);
  return read.value;
};
const partials = new Map(
  Object.entries({ ...PARTIALS, ...MORE_PARTIALS }).map(([name, text]) => [name, template(name, text)]),
);

function byNexus(text: string, context: unknown): string {
  const read = readTemplate("main", text);
  if (!read.ok) return FAILURE;
  const rendered = renderTemplate(read.value, context, partials);
  return rendered.ok ? rendered.value : FAILURE;
}

test(`${CASES} generated templates render or fail as in Handlebars, seed ${seed}`, () => {
  let rendered = 0;
  const different: unknown[] = [];
  for (let n = 0; n < CASES; n++) {
    const { text, context } = generatedTemplate(seed, n);
    // With escaping, because without it Handlebars adds neighbouring numbers; the contexts have nothing to escape.
    const expected = byHandlebars(text, context);
    const actual = byNexus(text, context);
    if (expected !== actual) different.push({ n, text, expected, actual });
    else if (expected !== FAILURE) rendered++;
  }
  expect(different.slice(0, 3)).toEqual([]);
  expect(rendered).toBeGreaterThan(CASES / 2);
});

const context = {
  name: "<Ann & 'Bob'>",
  n: 5,
  zero: 0,
  t: true,
  f: false,
  nil: null,
  empty: "",
  none: [],
  list: ["a", "b", "c"],
  one: ["only"],
  lists: [["x", "y"], ["z"], []],
  people: [{ name: "Ada", tags: ["x"] }, { name: "Bo", tags: [] }, { tags: null }],
  o: { name: "inner", p: { q: "deep", name: "deepest" }, length: 3 },
  dict: { b: 1, a: 2, "k k": 3, constructor: "own" },
  odd: { "a b": 1, "x-y": 2, "1": 3, if: 4, this: 5, "..": 6, "a.b": 7, "": 8 },
  set: new Set(["s", "t"]),
  pairs: new Map([["k", "v"]]),
  which: "hello",
  "if-else": "hyphen",
  nan: NaN,
};

/** Without neighbouring numbers and booleans. */
const WRITTEN: Record<string, readonly string[]> = {
  values: [
    ..."{{name}} {{{name}}} {{&name}} {{n}} {{zero}} {{t}} {{f}} {{nil}} {{empty}} {{none}} {{list}} {{lists}} {{o}}".split(
      " ",
    ),
    ..."{{missing}} {{missing.more}} {{nil.x}} {{n.x}} {{nan}} {{people}} {{set}} {{o.p.q}} {{o/p/q}} {{this.name}}".split(
      " ",
    ),
    ..."{{./name}} {{this/name}} {{list.[1]}} {{list.[9]}} {{list.length}} {{name.length}} {{o.length}} {{list.1}}".split(
      " ",
    ),
    ..."{{if-else}} {{[if-else]}} {{['x']}} {{odd.[a.b]}} {{odd.x-y}} {{odd.[1]}} {{odd.if}} {{odd.this}} {{odd.[this]}} {{odd.[..]}} {{odd.[]}} {{[]}}".split(
      " ",
    ),
    "{{odd.[a b]}}",
    '{{"name"}} {{"miss ing"}}',
    "{{12}} {{true}} {{null}} {{undefined}}",
    '{{"name".length}}',
    "{{ name }} {{  n  }}",
    "{{\n name\n}}",
    "{{..}} {{../name}} {{../../name}} {{.}} {{this}}",
    "{{this.this}} {{o.this}} {{o.../n}}",
    "{{}}",
    "{{name}",
    "{{name name}}",
    "{name} {{{name}}",
    "{{{{name}}}}",
    "text only",
    "",
    "\\{{name}} \\\\{{name}} \\\\\\{{name}} \\x",
    "\\{{name}} and {{n}} \\{{{n}}}",
    "$& $1 \\n \0",
  ],
  "own properties only": [
    ..."{{constructor}} {{toString}} {{__proto__}} {{__proto__.x}} {{o.constructor}} {{o.__proto__.constructor}} {{list.push}}".split(
      " ",
    ),
    ..."{{name.trim}} {{n.toFixed}} {{list.constructor.name}} {{dict.constructor}} {{hasOwnProperty}} {{__defineGetter__}}".split(
      " ",
    ),
    '{{lookup o "constructor"}} {{lookup o "__proto__"}} {{lookup list "push"}} {{lookup name "trim"}}',
    '{{#with (lookup this "__proto__")}}x{{/with}}',
    "{{#with constructor}}x{{/with}}{{#each constructor}}x{{else}}none{{/each}}",
    "{{> constructor}}",
    "{{> toString}}",
    "{{> __proto__}}",
    '{{> (lookup . "constructor")}}',
    "{{#constructor}}x{{/constructor}}",
    "{{constructor 1}}",
    "{{#each set}}{{this.size}},{{/each}}{{set.size}}",
  ],
  "if and unless": [
    ...[
      "name",
      "n",
      "zero",
      "t",
      "f",
      "nil",
      "empty",
      "none",
      "list",
      "o",
      "missing",
      "nan",
      "o.x",
      "1",
      "0",
      '""',
      "null",
      "set",
    ].flatMap((value) => [
      `{{#if ${value}}}yes{{else}}no{{/if}}`,
      `{{#unless ${value}}}yes{{else}}no{{/unless}}`,
      `{{#if ${value} includeZero=true}}yes{{/if}}`,
    ]),
    "{{#if zero includeZero=f}}a{{else}}b{{/if}}",
    "{{#if zero includeZero=true includeZero=false}}a{{else}}b{{/if}}",
    "{{#unless zero includeZero=true}}a{{else}}b{{/unless}}",
    "{{#if f}}a{{else if t}}b{{else}}c{{/if}}",
    "{{#if f}}a{{else if nil}}b{{else if zero}}c{{else}}d{{/if}}",
    "{{#if f}}a{{else with o}}{{name}}{{else}}c{{/if}}",
    "{{#if f}}a{{else each list}}{{this}}{{/if}}",
    "{{#if f}}a{{else unless t}}b{{^}}c{{/if}}",
    "{{#if t}}a{{^}}b{{/if}}",
    "{{#if f}}a{{^}}b{{/if}}",
    "{{^if t}}a{{else}}b{{/if}}",
    "{{#if t}}{{#if f}}a{{else}}b{{/if}}{{else}}c{{/if}}",
    "{{#if}}a{{/if}}",
    "{{#if t f}}a{{/if}}",
    "{{#if t}}a{{/unless}}",
    "{{#if t}}a",
    "{{if t}}",
    "{{/if}}",
    "{{else}}",
    "{{#unless}}a{{/unless}}",
    "{{#if (lookup o 'name')}}a{{/if}}",
    "{{#if (if t)}}a{{/if}}",
    "{{#this.if t}}a{{/this.if}}",
    "{{#if t as |x|}}a{{/if}}",
    "{{#if t as |x|}}{{x}}{{/if}}",
  ],
  each: [
    "{{#each list}}{{this}},{{/each}}",
    "{{#each list}}{{@index}}={{@key}}={{@first}}={{@last}};{{/each}}",
    "{{#each dict}}{{@index}}={{@key}}={{this}}={{@first}}={{@last}};{{/each}}",
    "{{#each people}}{{name}} of {{../name}} {{@root.n}};{{/each}}",
    "{{#each people}}{{#each tags}}{{this}} {{../name}} {{../../n}} {{@../index}} {{@index}};{{else}}no tags {{name}};{{/each}}{{/each}}",
    "{{#each lists}}{{@index}}{{#each this}}[{{@../index}}.{{@index}}{{this}}]{{/each}};{{/each}}",
    "{{#each list as |v|}}{{v}}-{{this}};{{/each}}",
    "{{#each list as |v i|}}{{v}}-{{i}};{{/each}}",
    "{{#each dict as |v k|}}{{k}}-{{v}};{{/each}}",
    "{{#each list as |v k extra|}}{{v}}[{{extra}}];{{/each}}",
    "{{#each people as |p|}}{{#each p.tags as |t|}}{{p.name}}.{{t}} {{p.tags.length}};{{/each}}{{/each}}",
    "{{#each people as |name|}}{{name}} {{name.name}} {{this.name}} {{./name}};{{/each}}",
    "{{#each list as |v|}}{{#if v}}{{v}}{{/if}}{{lookup v 'length'}};{{/each}}",
    "{{#each list as |if|}}{{if}};{{/each}}",
    "{{#each list as |index|}}{{@index}};{{/each}}",
    "{{#each list as |v|}}{{v 1}}{{#v}}x{{/v}}{{(v)}};{{/each}}",
    "{{#each list as |v|}}{{#v}}x{{/v}};{{/each}}",
    "{{#each list as |xthis|}}{{xthis}}{{xthis.length}};{{/each}}",
    "{{#each list as |v|}}{{../v}}{{this.v}}{{#with ../o}}{{v}}{{/with}};{{/each}}",
    "{{#each none}}a{{else}}empty{{/each}}",
    "{{#each nil}}a{{else}}empty{{/each}}",
    "{{#each missing}}a{{else}}empty {{name}}{{/each}}",
    "{{#each name}}a{{else}}string{{/each}}",
    "{{#each n}}a{{else}}number{{/each}}",
    "{{#each o}}{{@key}}:{{this}} {{/each}}",
    "{{#each set}}{{@index}}{{this}}{{@last}};{{/each}}",
    "{{#each pairs}}{{this}} {{this.[0]}} {{@first}}{{/each}}",
    "{{#each}}a{{/each}}",
    "{{#each list name}}a{{/each}}",
    "{{#each list}}{{else}}b{{/each}}",
    "{{#each list}}{{#unless @last}}{{this}}, {{else}}{{this}}.{{/unless}}{{/each}}",
    "{{#each list}}{{#if @first}}[{{/if}}{{this}}{{#if @last}}]{{/if}}{{/each}}",
    "{{#each this}}{{@key}} {{/each}}",
    "{{#each people}}{{this}} {{#this}}{{name}}{{/this}};{{/each}}",
    "{{each list}}",
    "{{@index}} {{@key}} {{@root}} {{@root.name}} {{@../index}} {{@missing.x}}",
    "{{#each people}}{{#if name}}{{@index}} {{../n}}{{/if}} {{#with this}}{{@index}} {{../n}}{{/with}};{{/each}}",
    "{{#each people}}{{@index.x}} {{@first.x}} {{@last.x}};{{/each}}",
  ],
  with: [
    "{{#with o}}{{name}} {{../name}} {{p.q}}{{/with}}",
    "{{#with o.p}}{{q}} {{../name}} {{../../name}}{{/with}}",
    "{{#with o as |x|}}{{x.name}} {{name}} {{#with p as |y|}}{{x.name}} {{y.q}} {{../name}}{{/with}}{{/with}}",
    "{{#with missing}}a{{else}}b {{name}}{{/with}}",
    "{{#with zero}}[{{this}}]{{else}}b{{/with}}",
    "{{#with empty}}a{{else}}b{{/with}}",
    "{{#with none}}a{{else}}b{{/with}}",
    "{{#with f}}a{{else}}b{{/with}}",
    "{{#with t}}{{this}}{{/with}}",
    "{{#with name}}{{this}} {{length}} {{../n}}{{/with}}",
    "{{#with this}}{{name}} {{../name}} {{../n}}{{/with}}",
    "{{#with o}}{{#with p}}{{#with @root}}{{n}} {{../q}} {{../../name}}{{/with}}{{/with}}{{/with}}",
    "{{#with}}a{{/with}}",
    "{{#with o p}}a{{/with}}",
    "{{#with o as |a b|}}{{a.name}}{{b}}{{/with}}",
    "{{#with o}}{{#each ../list}}{{this}}{{../name}}{{../../n}};{{/each}}{{/with}}",
  ],
  sections: [
    ...[
      "name",
      "n",
      "zero",
      "t",
      "f",
      "nil",
      "empty",
      "none",
      "list",
      "o",
      "missing",
      "people",
      "nan",
      "set",
      "o.p",
      "this",
      "@root",
      "@missing",
      "../o",
      "people.[0]",
    ].flatMap((value) => [
      `{{#${value}}}[{{this}} {{name}}]{{else}}none{{/${value}}}`,
      `{{^${value}}}not {{name}}{{/${value}}}`,
    ]),
    "{{#list}}{{this}} {{@index}} {{@last}};{{/list}}",
    "{{#list as |v k|}}{{v}}{{k}};{{/list}}",
    "{{#o as |x|}}{{x}}{{/o}}",
    "{{#o as |x|}}{{name}}{{/o}}",
    "{{#t as |x|}}{{x}}{{/t}}",
    "{{#people}}{{name}}{{^}}x{{/people}}",
    "{{#o a=1}}x{{/o}}",
    "{{#missing a=1}}x{{else}}y{{/missing}}",
    "{{#missing 1}}x{{/missing}}",
    "{{#o 1}}x{{/o}}",
    '{{#"o"}}{{name}}{{/"o"}}',
    "{{#12}}x{{else}}y{{/12}}",
    "{{#o}}a{{/p}}",
    "{{#o.p}}{{q}}{{/o.p}}",
    "{{^list}}a{{else}}b{{/list}}",
    "{{#o}}{{#p}}{{q}} {{../name}} {{../../n}}{{/p}}{{/o}}",
    "{{#helperMissing}}x{{/helperMissing}}",
    "{{#blockHelperMissing}}x{{/blockHelperMissing}}",
  ],
  "calls and literals": [
    ..."{{missing} {{helperMissing}} {{blockHelperMissing}} {{if}} {{lookup}} {{log}} {{@if}} {{@log}} {{../if}} {{this.log}}".split(
      " ",
    ),
    '{{missing "x"}}',
    '{{name "x"}}',
    "{{missing a=1}}",
    "{{name a=1}}",
    "{{o.name 1}}",
    "{{o.missing 1}}",
    "{{o.missing a=1}}",
    "{{this 1}}",
    "{{../name 1}}",
    "{{lookup list 1}}",
    "{{lookup list zero}}",
    "{{lookup o 'name'}}",
    "{{lookup odd 1}}",
    "{{lookup (lookup o 'p') 'q'}}",
    "{{lookup dict (lookup list zero)}}",
    "{{lookup nil 'x'}}{{lookup missing 'x'}}",
    "{{lookup zero 'x'}} {{lookup f 'x'}} {{lookup empty 'x'}}",
    "{{lookup list}}",
    "{{lookup nil}}",
    "{{lookup o 'name' 1}}",
    "{{lookup . which}}",
    "{{#lookup o 'name'}}x{{/lookup}}",
    "{{lookup (missing) 'x'}}[{{lookup (o) 'name'}}]",
    "{{lookup (missing) 'x'}}",
    "{{lookup (this) 'n'}}",
    "{{lookup (o.missing a=1) 'n'}}",
    "{{lookup (missing 1) 'n'}}",
    "{{(lookup o 'name')}}",
    "{{log 'x'}}a{{log name level='error'}}b{{log}}",
    "{{#log 'x'}}a{{/log}}",
    "{{log (missing 1)}}",
    "{{lookup undefined null}}{{lookup true 1}}{{lookup 'abc' 'length'}}",
    "{{lookup 'abc' 0}} {{lookup '' 0}} {{lookup -1 0}} {{lookup 1.5 0}}",
    '{{lookup o "na\\"me"}}{{lookup o \'na"me\'}}',
    "{{lookup o name=1}}",
    "{{foo.bar.baz 1 2 a=(x y)}}",
    "{{o.if t}}",
    "{{#o.if t}}x{{/o.if}}",
    "{{if.x t}}",
  ],
  whitespace: [
    "a\n{{#if t}}\nb\n{{/if}}\nc",
    "a\n  {{#if t}}  \nb\n  {{/if}}  \nc",
    "a {{#if t}}\nb\n{{/if}} c",
    "a\n{{#if f}}\nb\n{{else}}\nc\n{{/if}}\nd",
    "a\n{{#if f}}\nb\n{{else if t}}\nc\n{{else}}\nd\n{{/if}}\ne",
    "a\r\n{{#if t}}\r\nb\r\n{{/if}}\r\nc",
    "{{#if t}}\nb\n{{/if}}",
    "{{#each list}}\n- {{this}}\n{{/each}}\n",
    "a\n{{! comment }}\nb",
    "a\n  {{!-- comment\n two --}}  \nb",
    "a {{! comment }} b",
    "a\n{{name}}\nb",
    "a  {{~name~}}  b",
    "a {{~#if t~}} b {{~/if~}} c",
    "a {{#if f~}} b {{~else~}} c {{~/if}} d",
    "a {{~^if f}} b {{/if~}} c",
    "a \n\n {{~! x ~}} \n\n b",
    "a {{~{name}~}} b {{~&name~}} c",
    "{{~#each list~}}\n {{this}} \n{{~/each~}}",
    "a {{~> hello~}} b",
    "  {{#if t}}\n  {{#if t}}\n  x\n  {{/if}}\n  {{/if}}\n",
    "{{#if t}} \n\t{{name}}\n\t{{/if}}",
    "\n\n{{#if t}}\n\n{{/if}}\n\n",
    "{{#if t}}{{/if}}\n{{#if t}}{{/if}}\nx",
    "{{! a }}\n{{! b }}\nc",
    "{{!}}{{!----}}x{{!-- {{name}} --}}y{{! }}",
    "{{!-- a -- b --}}{{! a -- }}x",
    "{{! unclosed",
  ],
  "raw blocks": [
    "{{{{raw}}}} {{x}} {{#if}} {{{{/raw}}}}",
    "{{{{raw}}}}{{{{/raw}}}}",
    "{{{{t}}}} {{x}} {{{{/t}}}}",
    "{{{{f}}}} {{x}} {{{{/f}}}}",
    "{{{{missing}}}} {{x}} {{{{/missing}}}}",
    "{{{{list}}}}{{x}}{{{{/list}}}}",
    "{{{{if t}}}}{{x}}{{{{/if}}}}",
    "{{{{raw}}}} {{x}} {{{{/other}}}}",
    "{{{{raw}}}} {{{{t}}}} {{x}} {{{{/t}}}} {{{{/raw}}}}",
    "a\n{{{{raw}}}}\n {{x}}\n{{{{/raw}}}}\nb",
  ],
  partials: [
    "{{> hello}}",
    "{{>hello}}",
    "{{> hello o}}",
    "{{> hello name='x'}}",
    "{{> hello o name='x'}}",
    "{{> hello o name=undefined}}{{> hello o name=null}}",
    "{{> hello name='x' name='y'}}",
    "{{> hello missing}}",
    "{{> hello 'text'}}",
    "{{> hello list}}",
    "{{> hello o o}}",
    "{{> folder/loop}}",
    "{{> a.b}}",
    '{{> "a.b"}}',
    "{{> 'hello'}}",
    "{{> [hello]}}",
    "{{> nope}}",
    "{{> (lookup . 'which')}}",
    "{{> (lookup . 'which') o}}",
    "{{> (lookup . 'missing')}}",
    "{{> (lookup . 'nil')}}",
    "{{> (lookup . 'n')}}",
    "{{> (which)}}",
    "{{#each people}}{{> hello}}{{> around}}{{/each}}",
    "{{#with o}}{{> around}}{{> around ..}}{{/with}}",
    "{{> keys dict}}",
    "{{> keys o c=1 b=2 a=3}}",
    "{{> keys list x=1}}",
    "{{> keys 'ab' x=1}}",
    "{{> keys n x=1}}",
    "{{> keys nil x=1}}",
    "a\n  {{> lines}}\nb",
    "a\n  {{> unended}}\nb",
    "a\n  {{> nothing}}\nb",
    "a\n\t{{> lines}}  \nb",
    "a {{> lines}} b",
    "a\n  {{~> lines}}\nb",
    "  {{> lines}}",
    "  {{> lines}}\n",
    "a\n  {{#> frame}}\nx\n  {{/frame}}\nb",
    "{{#> hello}}unused{{/hello}}",
    "{{#> nope}}fallback {{name}}{{/nope}}",
    "{{#> nope o}}fallback {{name}}{{/nope}}",
    "{{#> nope name='x'}}fallback {{name}}{{/nope}}",
    "{{#> nope}}{{> @partial-block}}{{/nope}}",
    "{{#> frame}}x {{name}}{{/frame}}",
    "{{#> frame o}}x {{name}} {{../name}}{{/frame}}",
    "{{#> frame-twice}}x {{name}};{{/frame-twice}}",
    "{{#> nested}}x {{name}}{{/nested}}",
    "{{#> frame}}{{#> frame}}x{{/frame}}{{/frame}}",
    "{{#> (lookup . 'which')}}x{{/(lookup . 'which')}}",
    "{{> @partial-block}}",
    "{{> frame}}",
    "{{#each list}}{{#> frame}}{{@index}} {{@../index}} {{this}}{{/frame}}{{/each}}",
    "{{#each list as |v|}}{{#> frame}}{{v}}{{/frame}}{{/each}}",
    "{{#> frame as |x|}}a{{/frame}}",
    "{{#> chain}}x{{/chain}}",
    "{{> chain}}",
    "{{@partial-block}}{{@partial-block.x}}",
    "{{#> frame}}a{{else}}b{{/frame}}",
  ],
  "inline partials": [
    "{{#*inline 'x'}}in {{name}}{{/inline}}{{> x}}",
    "{{> x}}{{#*inline 'x'}}in {{name}}{{/inline}}",
    "{{#*inline 'x'}}in {{name}}{{/inline}}{{> x o}}{{> x name='y'}}",
    "{{#*inline 'hello'}}mine{{/inline}}{{> hello}}",
    "{{#*inline 'x'}}1{{/inline}}{{#*inline 'x'}}2{{/inline}}{{> x}}",
    "{{#if t}}{{#*inline 'x'}}in{{/inline}}{{> x}}{{/if}}",
    "{{#if t}}{{#*inline 'x'}}in{{/inline}}{{/if}}{{> x}}",
    "{{#*inline 'x'}}out{{/inline}}{{#if t}}{{#*inline 'x'}}in{{/inline}}{{> x}}{{/if}}{{> x}}",
    "{{#*inline 'slot'}}slot {{name}}{{/inline}}{{> needs-slot}}",
    "{{#*inline 'slot'}}slot {{name}}{{/inline}}{{> needs-slot o}}",
    "{{> needs-slot}}",
    "{{#> needs-slot}}{{#*inline 'slot'}}given {{name}}{{/inline}}ignored{{/needs-slot}}",
    "{{#> slots}}{{#*inline 'slot'}}given {{x}}{{/inline}}{{/slots}}",
    "{{#*inline 'x'}}{{#*inline 'y'}}why{{/inline}}{{> y}}{{/inline}}{{> x}}",
    "{{#*inline 'x'}}{{> y}}{{/inline}}{{#*inline 'y'}}why{{/inline}}{{> x}}",
    "{{#*inline 'x'}}{{> @partial-block}}{{/inline}}{{#> x}}block{{/x}}",
    "{{#each list}}{{#*inline 'x'}}{{this}} {{../name}} {{@index}};{{/inline}}{{> x}}{{/each}}",
    "{{#with o}}{{#*inline 'x'}}{{name}} {{../name}} {{../../name}}{{/inline}}{{#with p}}{{> x}}{{/with}}{{/with}}",
    "{{#*inline 'x'}}{{../name}}{{/inline}}{{#with o}}{{> x}}{{/with}}",
    "a\n{{#*inline 'x'}}\n  b\n{{/inline}}\nc\n  {{> x}}\nd",
    "{{#*inline 'x' as |y|}}a{{/inline}}{{> x}}",
    "{{#*inline 'x'}}a{{else}}b{{/inline}}",
    "{{#*nope}}a{{/nope}}",
    "{{*nope}}",
    "{{#*inline 'x'}}a{{/other}}",
  ],
};

describe.each(Object.entries(WRITTEN))("%s", (_group, templates) => {
  test.each(templates)("%j", (text) => {
    expect(byNexus(text, context)).toBe(byHandlebars(text, context, { noEscape: true }));
  });
});

describe("contexts that are not objects", () => {
  const texts = [
    "{{this}}",
    "{{name}}",
    "{{#if this}}a{{/if}}",
    "{{#each this}}{{this}}{{/each}}",
    "{{> hello}}",
    "{{#with this}}{{length}}{{/with}}",
    "{{@root}}",
    "{{#unless name}}{{this}}{{/unless}}",
    "{{#each x}}{{else}}[{{this}}]{{/each}}",
  ];
  const values = [null, undefined, 0, 5, "", "text", true, false, [], ["a", "b"], [null, "x"]];
  test.each(texts)("%j", (text) => {
    for (const value of values)
      expect([value, byNexus(text, value)]).toEqual([value, byHandlebars(text, value, { noEscape: true })]);
  });
});
