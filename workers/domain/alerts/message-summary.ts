/**
 * Out of a request and its answer, what a message notification tells: what the user said, what Claude said, and the tools
 * it called with a hint at their input. Called by ingest.
 */
import type { MessageEvent } from "../../schemas/alert.ts";
import { isObject, type JsonObject, parseJson } from "../json/json.ts";
import { plainText, truncate } from "../truncate.ts";

/** Kept of either text; what is told of it is shorter still. */
const MAX_SUMMARY_TEXT = 4_000;
const MAX_TOOLS = 30;

type MessageSummary = Pick<MessageEvent, "userText" | "answerText" | "tools">;

/** `messages` and `answer` as JSON texts of history elements. Null when the user said nothing: there is nothing to tell. */
export function summarizeMessage(
  messages: readonly string[],
  answer: string | null,
  requestType: string,
): MessageSummary | null {
  const userText = lastUserText(messages, requestType);
  if (userText === null) return null;
  const content = contentOf(answer === null ? undefined : parseJson(answer));
  const tools = content.filter(
    ({ type }) => type === "tool_use" || type === "server_tool_use" || type === "mcp_tool_use",
  );
  return {
    userText: truncate(userText, MAX_SUMMARY_TEXT),
    answerText: truncate(textsOf(content).join("\n").trim(), MAX_SUMMARY_TEXT),
    tools: tools.slice(0, MAX_TOOLS).map((tool) => ({
      name: plainText(stringOf(tool["name"]) ?? "(unnamed)", 100),
      hint: hintOf(tool),
    })),
  };
}

/** A tool loop answers with results only: then the user's last words are those before it. */
function lastUserText(messages: readonly string[], requestType: string): string | null {
  for (let n = messages.length - 1; n >= 0; n--) {
    const message = parseJson(messages[n]!);
    if (!isObject(message) || message["role"] !== "user") continue;
    const texts = textsOf(contentOf(message));
    // Claude Code wraps what people type in reminders of its own.
    const ownTexts = requestType === "inference" && texts.length > 2 ? texts.slice(1, -1) : texts;
    const prompts = ownTexts.map(withoutReminders).filter((text) => text !== "");
    if (prompts.length > 0) return prompts.join("\n");
  }
  return null;
}

function withoutReminders(text: string): string {
  return text.replace(/<system-reminder>[\s\S]*?(?:<\/system-reminder>|$)/g, "").trim();
}

function contentOf(message: unknown): JsonObject[] {
  const content = isObject(message) ? message["content"] : undefined;
  if (typeof content === "string") return [{ type: "text", text: content }];
  return Array.isArray(content) ? (content as unknown[]).filter(isObject) : [];
}

function textsOf(content: readonly JsonObject[]): string[] {
  return content.flatMap((block) => (block["type"] === "text" ? (stringOf(block["text"]) ?? []) : []));
}

/** What a call is about, in a few words; null when its input does not say. */
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
