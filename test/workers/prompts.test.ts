import { expect, test } from "vitest";

const FILES = new Map([
  ["hello.yaml", "description: Greets.\ntemplate: |\n  Hello {{#if name}}{{name}}{{else}}you{{/if}}!\n"],
  ["twice.yaml", "description: Greets twice.\ntemplate: '{{> hello}}{{> hello name=\"all\"}}'\n"],
  ["broken.yaml", "description: d\ntemplate: |\n  {{#if}}{{/if}}\n"],
]);

test("prompts are read and rendered in workerd, which makes no code from strings", async () => {
  const { readPrompts } = await import("../../workers/domain/prompts/assemble-prompts.ts");
  const { promptLibrary } = await import("../../workers/domain/prompts/render-prompt.ts");
  const { prompts, problems } = readPrompts(FILES);
  expect(problems).toMatchObject([{ file: "broken.yaml", line: 3, severity: "error" }]);
  expect(promptLibrary(prompts).render("twice", { name: "<Ann>" })).toEqual({
    ok: true,
    value: "Hello <Ann>!\nHello all!\n",
  });
});
