/** A transcript as a Markdown document: texts, calls with their results, nothing cut. Pure; the route streams it. */
import { formatCount } from "../format/number.ts";
import { printable } from "../format/text.ts";
import type { Block } from "./blocks.ts";
import { isUserMessage, type TranscriptEntry, type TranscriptItem } from "./pair-tools.ts";

/** One message, ending in an empty line; "" if it is merged into an earlier one. */
export function entryMarkdown(entry: TranscriptEntry, timestamp: string | null): string {
  if (entry.isMerged) return "";
  const at = timestamp === null ? "" : ` (${timestamp})`;
  const parts = entry.items.map(itemMarkdown).filter((part) => part !== "");
  return [`## ${entry.number}. ${roleLabel(entry)}${at}`, ...parts, ""].join("\n\n");
}

function roleLabel(entry: TranscriptEntry): string {
  if (entry.role === "assistant") return "Claude";
  if (entry.role !== "user") return printable(entry.role).slice(0, 40);
  return isUserMessage(entry) ? "You" : "Client";
}

function itemMarkdown(item: TranscriptItem): string {
  if (item.kind !== "call") return blockMarkdown(item);
  const { use, result } = item;
  const input = typeof use.input === "string" ? use.input : JSON.stringify(use.input, null, 2);
  return [
    `**Tool: ${inline(use.name)}**`,
    fenced(input, "json"),
    result === null ? "*No result.*" : blockMarkdown(result),
  ].join("\n\n");
}

function blockMarkdown(block: Block): string {
  switch (block.kind) {
    case "text":
      return printable(block.text);
    case "reminder":
      return `*System reminder:*\n\n${fenced(block.text)}`;
    case "thinking":
      return block.text.trim() === "" ? "" : `*Thinking:*\n\n${quoted(block.text)}`;
    case "redacted_thinking":
      return "*Thinking, encrypted by Anthropic.*";
    case "tool_use":
      return itemMarkdown({ kind: "call", use: block, result: null });
    case "tool_result": {
      const content = block.content.map((part) =>
        part.kind === "text" ? fenced(part.text) : blockMarkdown(part),
      );
      return [`*${block.isError ? "Result: error" : "Result"}:*`, ...content].join("\n\n");
    }
    case "image":
      return `*Image (${inline(block.mediaType || block.url || "unknown")}).*`;
    case "document":
      return `*Document: ${inline(block.title)}.*${block.text === null ? "" : `\n\n${fenced(block.text)}`}`;
    case "unknown":
      return `*Block of type ${inline(block.type)}:*\n\n${fenced(JSON.stringify(block.value, null, 2) ?? "")}`;
  }
}

const inline = (text: string) =>
  printable(text)
    .replaceAll(/[\n*`_[\]<>]/g, " ")
    .slice(0, 200);
const quoted = (text: string) =>
  printable(text)
    .split("\n")
    .map((line) => `> ${line}`)
    .join("\n");

/** Fenced by more backticks than the text has in a row. */
function fenced(text: string, language = ""): string {
  const longest = (text.match(/`+/g) ?? []).reduce((length, run) => Math.max(length, run.length), 0);
  const fence = "`".repeat(Math.max(3, longest + 1));
  return `${fence}${language}\n${printable(text)}\n${fence}`;
}

/** The head of the document. */
export function headMarkdown(
  title: string | null,
  facts: { branch: string; messages: number; domain: string },
): string {
  const words = `${inline(facts.domain)}, ${inline(facts.branch)}, ${formatCount(facts.messages, "message")}`;
  return `# ${inline(title ?? "Conversation")}\n\n${words}\n\n`;
}
