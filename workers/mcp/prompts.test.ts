import { describe, expect, test } from "vitest";
import type { Prompt } from "../schemas/prompt.ts";
import { promptLibrary } from "../domain/prompts/render-prompt.ts";
import { complete, getPrompt, listPrompts } from "./prompts.ts";

const prompt = (name: string, more: Partial<Prompt> = {}): Prompt => ({
  name,
  description: `About ${name}.`,
  template: "Hello",
  arguments: [],
  ...more,
});
const refusal = (text: string | RegExp) =>
  expect.objectContaining({ code: -32602, message: expect.stringMatching(text) as string }) as Error;

describe("a list", () => {
  const names = Array.from({ length: 1_001 }, (_, n) => `p${n}`);
  const library = promptLibrary(names.map((name) => prompt(name)));

  test("has pages of 500, in the order of the library", () => {
    const read: string[] = [];
    const sizes: number[] = [];
    for (let cursor: string | undefined, n = 0; n < 4; n++) {
      const page = listPrompts(library, { cursor });
      read.push(...page.prompts.map(({ name }) => name));
      sizes.push(page.prompts.length);
      cursor = page.nextCursor;
      if (cursor === undefined) break;
    }
    expect(sizes).toEqual([500, 500, 1]);
    expect(read).toEqual(names);
  });

  test("of exactly one page has no cursor", () => {
    const { prompts, nextCursor } = listPrompts(promptLibrary(library.prompts.slice(0, 500)), {});
    expect([prompts.length, nextCursor]).toEqual([500, undefined]);
    expect(listPrompts(promptLibrary([]), {})).toEqual({ prompts: [] });
  });

  test.each(["p1", "after/p1001", "after/"])("refuses the cursor %j", (cursor) => {
    expect(() => listPrompts(library, { cursor })).toThrow(refusal(/cursor/));
  });

  test("shows what clients offer, and neither template nor values", () => {
    const shown = prompt("team/plan", {
      title: "Plan",
      arguments: [
        { name: "b", required: true, description: "What.", values: ["x"] },
        { name: "a", required: false },
      ],
    });
    expect(listPrompts(promptLibrary([shown]), {}).prompts).toEqual([
      {
        name: "team/plan",
        title: "Plan",
        description: "About team/plan.",
        arguments: [
          { name: "b", description: "What.", required: true },
          { name: "a", required: false },
        ],
      },
    ]);
  });
});

describe("a prompt", () => {
  const library = promptLibrary([
    prompt("greet", { template: "Hello {{who}}!", arguments: [{ name: "who", required: true }] }),
    prompt("loop", { template: "x\n{{#each (lookup this 'list')}}{{/each}}{{#if on}}{{> loop}}{{/if}}" }),
    prompt("odd", {
      template: "{{constructor}}{{toString}}!",
      arguments: [
        { name: "constructor", required: true },
        { name: "toString", required: true },
      ],
    }),
    prompt("long", { template: `{{text}}`.repeat(70) }),
  ]);

  test("is rendered for its arguments", () => {
    expect(getPrompt(library, { name: "greet", values: { who: "<you>" } })).toEqual({
      description: "About greet.",
      messages: [{ role: "user", content: { type: "text", text: "Hello <you>!" } }],
    });
  });

  test("may have arguments that are named like members of every object", () => {
    const { messages } = getPrompt(library, { name: "odd", values: { constructor: "a", toString: "b" } });
    expect(messages[0]?.content.text).toBe("ab!");
  });

  test.each<[name: string | undefined, values: Record<string, string>, text: RegExp]>([
    [undefined, {}, /needs `name`/],
    ["nope", {}, /^There is no prompt "nope"\.$/],
    ["greet", {}, /^The prompt "greet" needs who\.$/],
    ["odd", {}, /^The prompt "odd" needs constructor, toString\.$/],
    ["loop", { on: "1" }, /^loop, line 2, column \d+: blocks and partials are nested deeper than 64$/],
    ["long", { text: "x".repeat(4_096) }, /^long, line 1, column \d+: .*(?:256|262144|characters)/],
  ])("%s with %j is refused with -32602, template and line", (name, values, text) => {
    expect(() => getPrompt(library, { name, values })).toThrow(refusal(text));
  });
});

describe("a completion", () => {
  const values = Array.from({ length: 100 }, (_, n) => `Value ${n}`);
  const library = promptLibrary([prompt("p", { arguments: [{ name: "a", required: false, values }] })]);
  const typed = (
    value: string,
    name = "a",
    ref: { type: string; name?: string } = { type: "ref/prompt", name: "p" },
  ) => complete(library, { ref, argument: { name, value } }).completion;

  test("has the values that begin with what was typed, whatever its case", () => {
    expect(typed("vALUE 9")).toEqual({
      values: ["Value 9", ...values.slice(90)],
      total: 11,
      hasMore: false,
    });
    expect(typed("").values).toHaveLength(100);
    expect(typed("x")).toEqual({ values: [], total: 0, hasMore: false });
    expect(typed("", "other")).toMatchObject({ values: [] });
  });

  test.each([
    { type: "ref/prompt", name: "nope" },
    { type: "ref/prompt" },
    { type: "ref/resource", name: "p" },
  ])("of %j is refused", (ref) => {
    expect(() => typed("", "a", ref)).toThrow(refusal(/needs `ref`/));
  });
});
