/** Renders prompts of a set for the arguments of a client. */
import { failed, ok, type Result } from "../result.ts";
import { readTemplate } from "../templates/read-template.ts";
import { renderTemplate } from "../templates/render-template.ts";
import { describeTemplateError, type Template } from "../templates/template.ts";
import type { Prompt } from "../../schemas/prompt.ts";

/** Reading takes a millisecond per KB of tags, rendering a fraction. */
export interface PromptLibrary {
  /** In the order of the set. */
  prompts: readonly Prompt[];
  find(name: string): Prompt | undefined;
  /** The text of a prompt. Fails with a message for the client. */
  render(name: string, values: Readonly<Record<string, string>>): Result<string, string>;
}

/** Templates are read when they are first rendered, and kept as long as the library. */
export function promptLibrary(prompts: readonly Prompt[]): PromptLibrary {
  const byName = new Map(prompts.map((prompt) => [prompt.name, prompt]));
  const templates = new Map<string, Template>();
  /** Templates were read before they were bundled or stored, so that one that cannot be read is as good as missing. */
  const get = (name: string): Template | undefined => {
    const prompt = byName.get(name);
    if (!prompt || templates.has(name)) return templates.get(name);
    const read = readTemplate(name, prompt.template);
    if (read.ok) templates.set(name, read.value);
    return templates.get(name);
  };
  return {
    prompts,
    find: (name) => byName.get(name),
    render(name, values) {
      const prompt = byName.get(name);
      const template = get(name);
      if (!prompt || !template) return failed(`There is no prompt "${name}".`);
      const missing = prompt.arguments.filter(
        ({ name: argument, required }) =>
          required && !(Object.hasOwn(values, argument) && values[argument]?.trim()),
      );
      if (missing.length > 0)
        return failed(`The prompt "${name}" needs ${missing.map((argument) => argument.name).join(", ")}.`);
      const rendered = renderTemplate(template, values, { get });
      return rendered.ok ? ok(rendered.value) : failed(describeTemplateError(rendered.error));
    },
  };
}
