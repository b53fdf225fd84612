/** `prompts/list`, `prompts/get` and `completion/complete` over the prompts that are served. */
import { ProtocolError, ProtocolErrorCode } from "@modelcontextprotocol/server";
import { z } from "zod";
import type { Prompt } from "../schemas/prompt.ts";
import type { PromptLibrary } from "../domain/prompts/render-prompt.ts";

/** So many that a page is the whole list: several clients read the first page only. */
const PAGE_SIZE = 500;
/** Of the protocol. */
const MAX_VALUES = 100;

/** The error -32602, which clients show. */
export const invalidParams = (message: string) => new ProtocolError(ProtocolErrorCode.InvalidParams, message);

export const ListParams = z.looseObject({ cursor: z.string().optional() });

/** Clients send numbers and booleans as they are; a template takes texts. */
const ArgumentText = z
  .union([z.string(), z.number(), z.boolean()], { error: "expected text" })
  .transform(String);

/** `promptId` and `id`: names of the existing system. */
export const GetParams = z
  .looseObject({
    name: z.string().optional(),
    promptId: z.string().optional(),
    id: z.string().optional(),
    arguments: z.record(z.string(), ArgumentText, { error: "expected an object" }).nullish(),
  })
  .transform(({ name, promptId, id, arguments: values }) => ({
    name: name ?? promptId ?? id,
    values: values ?? {},
  }));

export const CompleteParams = z.looseObject({
  ref: z.looseObject({ type: z.string(), name: z.string().optional() }),
  argument: z.looseObject({ name: z.string(), value: z.string() }),
});

/** One page, in the order of the library. */
export function listPrompts({ prompts }: PromptLibrary, { cursor }: z.infer<typeof ListParams>) {
  const before = cursor === undefined ? -1 : prompts.findIndex(({ name }) => cursorOf(name) === cursor);
  if (cursor !== undefined && before < 0)
    throw invalidParams("The cursor is not of this list, or the list has changed. List without a cursor.");
  const page = prompts.slice(before + 1, before + 1 + PAGE_SIZE);
  const last = page.at(-1);
  const hasMore = last !== undefined && last !== prompts.at(-1);
  return { prompts: page.map(listed), ...(hasMore && { nextCursor: cursorOf(last.name) }) };
}

const cursorOf = (name: string) => `after/${name}`;

function listed({ name, title, description, arguments: list }: Prompt) {
  return {
    name,
    ...(title !== undefined && { title }),
    description,
    // In the order in which clients take them by position.
    arguments: list.map((argument) => ({
      name: argument.name,
      ...(argument.description !== undefined && { description: argument.description }),
      required: argument.required,
    })),
  };
}

/** The rendered prompt as a message of the user. */
export function getPrompt(library: PromptLibrary, { name, values }: z.infer<typeof GetParams>) {
  if (name === undefined) throw invalidParams("prompts/get needs `name`, the name of a prompt.");
  const rendered = library.render(name, values);
  if (!rendered.ok) throw invalidParams(rendered.error);
  const description = library.find(name)?.description;
  return {
    ...(description !== undefined && { description }),
    messages: [{ role: "user" as const, content: { type: "text" as const, text: rendered.value } }],
  };
}

/** The values of an argument that begin with what was typed. */
export function complete(library: PromptLibrary, { ref, argument }: z.infer<typeof CompleteParams>) {
  const prompt = ref.type === "ref/prompt" && ref.name !== undefined ? library.find(ref.name) : undefined;
  if (!prompt) throw invalidParams("completion/complete needs `ref`, the name of a prompt.");
  const typed = argument.value.toLowerCase();
  const found = (prompt.arguments.find(({ name }) => name === argument.name)?.values ?? []).filter((value) =>
    value.toLowerCase().startsWith(typed),
  );
  const values = found.slice(0, MAX_VALUES);
  return { completion: { values, total: found.length, hasMore: found.length > values.length } };
}
