/**
 * The texts of a message notification: the user's text, Claude's text, and the tools it called with a hint at their
 * input. Called by ingest.
 */
import type { MessageEvent } from "../../schemas/alert.ts";
import { isObject, type JsonObject, parseJsonBytes } from "../json/json.ts";
import { contentTexts, toolCallBlocks } from "../messages/content.ts";
import { promptTexts } from "../messages/user-prompt.ts";
import { plainText, truncate } from "../truncate.ts";

/** Characters kept of each text; the notification shows fewer. */
const MAX_SUMMARY_TEXT = 4_000;
const MAX_TOOLS = 30;

type MessageSummary = Pick<MessageEvent, "userText" | "answerText" | "tools">;

/** `messages` and `response` as JSON texts of history elements, in UTF-8. Null without a user's text. */
export function summarizeMessage(
  messages: readonly Uint8Array[],
  response: Uint8Array | null,
): MessageSummary | null {
  const userText = lastUserText(messages);
  if (userText === null) return null;
  const message = response === null ? undefined : parseJsonBytes(response);
  const content = isObject(message) ? message["content"] : undefined;
  return {
    userText: truncate(userText, MAX_SUMMARY_TEXT),
    answerText: truncate(contentTexts(content).join("\n").trim(), MAX_SUMMARY_TEXT),
    tools: toolCallBlocks(content)
      .slice(0, MAX_TOOLS)
      .map((tool) => ({ name: plainText(stringOf(tool["name"]) ?? "(unnamed)", 100), hint: hintOf(tool) })),
  };
}

/** The newest user message that is not only tool results. */
function lastUserText(messages: readonly Uint8Array[]): string | null {
  for (const bytes of messages.toReversed()) {
    const message = parseJsonBytes(bytes);
    if (!isObject(message) || message["role"] !== "user") continue;
    const prompts = promptTexts(message["content"]);
    if (prompts.length > 0) return prompts.join("\n");
  }
  return null;
}

/** A short description of a call from its input; null if the input has none. */
function hintOf(tool: JsonObject): string | null {
  const input = isObject(tool["input"]) ? tool["input"] : {};
  const text = (key: string, max: number) => {
    const value = stringOf(input[key]);
    return value === null ? null : plainText(value, max) || null;
  };
  switch (tool["name"]) {
    case "Read":
    case "Write":
    case "Edit":
    case "MultiEdit":
      return pathEnd(text("file_path", 500));
    case "LS":
      return pathEnd(text("path", 500));
    case "Bash":
      return text("command", 50);
    case "Grep":
      return text("pattern", 30);
    case "Glob":
      return text("pattern", 100);
    case "TodoWrite":
      return todoCounts(input["todos"]);
    case "TodoRead":
      return "reading the list";
    case "WebSearch":
    case "web_search":
      return text("query", 40);
    case "WebFetch":
    case "web_fetch":
      return URL.parse(text("url", 2_000) ?? "")?.hostname ?? null;
    default:
      return text("prompt", 40) ?? text("description", 40);
  }
}

/** The last two segments. */
function pathEnd(path: string | null): string | null {
  return path === null ? null : path.split("/").filter(Boolean).slice(-2).join("/") || path;
}

function todoCounts(todos: unknown): string | null {
  if (!Array.isArray(todos)) return null;
  const counts = new Map<string, number>();
  for (const todo of (todos as unknown[]).filter(isObject)) {
    const status = plainText(stringOf(todo["status"]) ?? "unknown", 30);
    counts.set(status, (counts.get(status) ?? 0) + 1);
  }
  return counts.size === 0 ? null : [...counts].map(([status, count]) => `${count} ${status}`).join(", ");
}

function stringOf(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
