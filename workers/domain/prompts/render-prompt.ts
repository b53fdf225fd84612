/** Renders prompts of a set for the arguments of a client. */
import { failed, ok, type Result } from "../result.ts";
import { readTemplate } from "../templates/read-template.ts";
import { renderTemplate } from "../templates/render-template.ts";
import { describeTemplateError, type Template } from "../templates/template.ts";
import type { Prompt } from "../../schemas/prompt.ts";
import { truncate } from "../truncate.ts";

/** Reading takes a millisecond per KB of tags, rendering a fraction. */
export interface PromptLibrary {
  /** In the order of the set. */
  prompts: readonly Prompt[];
  find(name: string): Prompt | undefined;
  /** The text of a prompt. Fails with a message for the client. */
  render(name: string, values: Readonly<Record<string, string>>): Result<string, string>;
}

/** Of templates that stay read: one of 64 KB takes about 5 MB of heap. */
const MAX_KEPT = 16;
const MAX_KEPT_CHARACTERS = 256 * 1024;
/** Of a client's name in an error. */
const MAX_NAME_CHARACTERS = 100;

const valueOf = (read: ReturnType<typeof readTemplate>) => (read.ok ? read.value : undefined);

/** Templates are read, by `readText`, when they are rendered; those that were rendered last are kept. */
export function promptLibrary(prompts: readonly Prompt[], readText = readTemplate): PromptLibrary {
  const byName = new Map(prompts.map((prompt) => [prompt.name, prompt]));
  const templates = new Map<string, Template>();
  /** Templates were read before they were bundled or stored, so that one that cannot be read is as good as missing. */
  const get = (name: string): Template | undefined => {
    const prompt = byName.get(name);
    if (!prompt) return undefined;
    const read = templates.get(name) ?? valueOf(readText(name, prompt.template));
    if (!read) return undefined;
    // The newest stands last.
    templates.delete(name);
    templates.set(name, read);
    let characters = 0;
    for (const [n, kept] of [...templates.keys()].toReversed().entries()) {
      characters += byName.get(kept)!.template.length;
      if (n >= MAX_KEPT || characters > MAX_KEPT_CHARACTERS) templates.delete(kept);
    }
    return read;
  };
  return {
    prompts,
    find: (name) => byName.get(name),
    render(name, values) {
      const prompt = byName.get(name);
      const template = get(name);
      if (!prompt || !template) return failed(`There is no prompt "${truncate(name, MAX_NAME_CHARACTERS)}".`);
      const missing = prompt.arguments.filter(
        ({ name: argument, required }) =>
          required && !(Object.hasOwn(values, argument) && values[argument]?.trim()),
      );
      if (missing.length > 0)
        return failed(`The prompt "${name}" needs ${missing.map((argument) => argument.name).join(", ")}.`);
      // A partial in a loop is read once, however many others are called.
      const used = new Map<string, Template | undefined>();
      const partials = {
        get(called: string) {
          if (!used.has(called)) used.set(called, get(called));
          return used.get(called);
        },
      };
      const rendered = renderTemplate(template, values, partials);
      return rendered.ok ? ok(rendered.value) : failed(describeTemplateError(rendered.error));
    },
  };
}
