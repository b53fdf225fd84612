/**
 * The fake Claude's response without a script: it fits the request (thinking if enabled, a tool call if required, JSON if a schema is
 * given) and is the same for the same request and seed.
 */
import type { ModelResponse, Block } from "./model-response.ts";
import { randomOf, type Random } from "./random.ts";
import { isRecord } from "./http.ts";

const OPENINGS = [
  "Here is how I would go about it.",
  "Short answer first, then the reasons.",
  "I looked at what you sent; this is what stands out.",
  "There are two ways to read this, so I took the more likely one.",
];
const SENTENCES = [
  "The request carries everything needed, so nothing has to be guessed.",
  "Start with the smallest change that makes the behaviour visible, then widen it.",
  "A test that fails for the right reason is worth more here than another log line.",
  "Keep the parsing at the edge and pass plain data inwards; the rest becomes easier to check.",
  "Retries only help if the operation is idempotent, so the key has to be chosen before the first attempt.",
  "The cost is dominated by the history that is sent again with every turn, which is what the cache is for.",
  "If the two values can disagree, decide which one wins and write that decision down next to the code.",
  "Measure before and after with the same input; otherwise the difference is only weather.",
  "An explicit timeout with a clear message beats a default that nobody remembers.",
  "Once this works for one case, the second case will show whether the shape was right.",
];
const CODE = [
  "```ts\nexport function remaining(limit: number, used: number): number {\n  return Math.max(0, limit - used);\n}\n```",
  '```sh\ncurl -sS "$BASE/v1/models" -H "x-api-key: $KEY" -H "anthropic-version: 2023-06-01"\n```',
  "```sql\nSELECT date_trunc('hour', started_at) AS hour, count(*)\nFROM requests\nGROUP BY 1\nORDER BY 1;\n```",
];
const THOUGHTS = [
  "The question is short, so the answer should be too. ",
  "I should check whether the premise holds before I build on it. ",
  "Two readings are possible; the second one fits the rest of the conversation better. ",
  "An example will make this clearer than another paragraph. ",
];

/** Paragraphs of prose with about this many words. */
export function prose(random: Random, words: number): string {
  const paragraphs: string[] = [];
  for (let count = 0; count < words;) {
    const sentences = random.shuffle(SENTENCES).slice(0, random.between(2, 4));
    const paragraph = sentences.join(" ");
    count += paragraph.split(" ").length;
    paragraphs.push(paragraph);
  }
  return paragraphs.join("\n\n");
}

export function signature(random: Random): string {
  return Buffer.from(random.hex(160), "hex").toString("base64");
}

/** A thinking block if the request enables thinking; with `display: "omitted"` its text is empty. */
export function thought(
  request: Record<string, unknown>,
  random: Random,
  always = false,
): (Block & { type: "thinking" })[] {
  const thinking = isRecord(request.thinking) ? request.thinking : undefined;
  const isEnabled = thinking?.type === "enabled" || thinking?.type === "adaptive";
  if (!isEnabled && !always) return [];
  const text = thinking?.display === "omitted" ? "" : random.shuffle(THOUGHTS).slice(0, 2).join("").trim();
  return [{ type: "thinking", thinking: text, signature: signature(random) }];
}

/** A value that matches a JSON schema (the subset used by tools and structured outputs). */
export function sample(schema: unknown, random: Random, name = "value"): unknown {
  if (!isRecord(schema)) return name;
  if (Array.isArray(schema.enum) && schema.enum.length > 0) return schema.enum[0];
  if ("const" in schema) return schema.const;
  if ("default" in schema) return schema.default;
  const type = Array.isArray(schema.type) ? (schema.type as unknown[])[0] : schema.type;
  switch (type) {
    case "object": {
      const properties = isRecord(schema.properties) ? schema.properties : {};
      const required = Array.isArray(schema.required) ? (schema.required as string[]) : [];
      return Object.fromEntries(required.map((key) => [key, sample(properties[key], random, key)]));
    }
    case "array":
      return [sample(schema.items, random, name)];
    case "integer":
    case "number":
      return typeof schema.minimum === "number" ? schema.minimum : random.between(1, 10);
    case "boolean":
      return true;
    default:
      return KNOWN_INPUTS[name] ?? `sample ${name.replaceAll("_", " ")}`;
  }
}

/** Inputs of well-known tools, harmless if a real client executes them. */
const KNOWN_INPUTS: Record<string, string> = {
  command: "git status --short",
  description: "Show what has changed",
  file_path: "/workspace/README.md",
  pattern: "TODO",
  path: "/workspace",
  query: "release notes",
  location: "Lisbon",
  city: "Lisbon",
  title: "Look at the recent changes",
  prompt: "Find where the configuration is read and report the file and line.",
};

export function toolCalls(request: Record<string, unknown>, random: Random, count: number): Block[] {
  const tools = Array.isArray(request.tools) ? (request.tools as unknown[]).filter(isRecord) : [];
  const choice = isRecord(request.tool_choice) ? request.tool_choice : {};
  const own = tools.filter((tool) => isRecord(tool.input_schema));
  const wanted = own.filter((tool) => choice.type !== "tool" || tool.name === choice.name);
  const known = wanted.filter((tool) => tool.name === "Read" || tool.name === "Bash");
  const from = known.length > 0 && choice.type !== "tool" ? known : wanted;
  const fallback = { name: "get_weather", input_schema: { type: "object", required: ["location"] } };
  return Array.from({ length: count }, (_, index) => {
    const tool = from[index % Math.max(1, from.length)] ?? fallback;
    return {
      type: "tool_use",
      id: `toolu_01${random.hex(22)}`,
      name: String(tool.name),
      input: sample(tool.input_schema, random, "input"),
    };
  });
}

/** The text blocks of the last user message, without reminders. */
export function lastUserText(request: Record<string, unknown>): string {
  const messages = Array.isArray(request.messages) ? (request.messages as unknown[]) : [];
  const last = messages.findLast((message) => isRecord(message) && message.role === "user");
  if (!isRecord(last)) return "";
  if (typeof last.content === "string") return last.content;
  const content = Array.isArray(last.content) ? (last.content as unknown[]) : [];
  return content
    .filter(isRecord)
    .filter((block) => block.type === "text" && typeof block.text === "string")
    .map((block) => block.text as string)
    .filter((text) => !text.startsWith("<system-reminder>"))
    .join("\n");
}

function requestedSchema(request: Record<string, unknown>): unknown {
  const config = isRecord(request.output_config) ? request.output_config : {};
  const format = isRecord(config.format)
    ? config.format
    : isRecord(request.output_format)
      ? request.output_format
      : {};
  return format.type === "json_schema" ? format.schema : undefined;
}

/** The default response. `name` identifies the request: seed, body and repetition. */
export function composeResponse(request: Record<string, unknown>, name: string): ModelResponse {
  const random = randomOf(name, "answer");
  const schema = requestedSchema(request);
  if (schema !== undefined)
    return { content: [{ type: "text", text: JSON.stringify(sample(schema, random)) }] };
  const choice = isRecord(request.tool_choice) ? request.tool_choice.type : undefined;
  if (choice === "tool" || choice === "any")
    return { content: [...thought(request, random), ...toolCalls(request, random, 1)] };
  const question = lastUserText(request)
    .replace(/\[fake:[^\]]*\]/g, "")
    .trim();
  const quote = question ? `On “${[...question].slice(0, 80).join("")}”: ` : "";
  const text = `${quote}${random.pick(OPENINGS)}\n\n${prose(random, random.between(30, 90))}`;
  const code = random.chance(0.5) ? `\n\n${random.pick(CODE)}` : "";
  return { content: [...thought(request, random), { type: "text", text: text + code }] };
}
