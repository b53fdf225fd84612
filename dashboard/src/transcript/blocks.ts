/**
 * Messages of the Claude API as blocks to render. Content of any shape is accepted: strings, unknown block types and members
 * of the wrong type become blocks too. Never throws.
 */
import { isObject, type JsonObject } from "../../../workers/domain/json/json.ts";
import { contentBlocks, stringMember } from "../../../workers/domain/messages/content.ts";
import { splitReminders } from "../../../workers/domain/messages/reminders.ts";

export type Block =
  | { kind: "text"; text: string }
  | { kind: "reminder"; text: string }
  | { kind: "thinking"; text: string }
  | { kind: "redacted_thinking"; bytes: number }
  | { kind: "tool_use"; id: string; name: string; input: unknown; where: ToolPlace }
  | { kind: "tool_result"; toolUseId: string; content: Block[]; isError: boolean }
  | { kind: "image"; mediaType: string; data: string | null; url: string | null }
  | { kind: "document"; title: string; mediaType: string; text: string | null; bytes: number | null }
  | { kind: "unknown"; type: string; value: unknown };

/** Who runs the tool: the client, Anthropic's servers, or an MCP server that Anthropic calls. */
export type ToolPlace = "client" | "server" | "mcp";

export interface Message {
  role: string;
  blocks: Block[];
}

/** The messages of a request body; empty when there are none. */
export function messagesOf(body: unknown): Message[] {
  const messages = isObject(body) ? body.messages : null;
  return Array.isArray(messages) ? messages.map(messageOf) : [];
}

/** One message, or the assembled response (which has the same shape). */
export function messageOf(value: unknown): Message {
  if (!isObject(value)) return { role: "unknown", blocks: [{ kind: "unknown", type: typeof value, value }] };
  return { role: typeof value.role === "string" ? value.role : "unknown", blocks: blocksOf(value.content) };
}

/** The system prompt: a string or a list of blocks. */
export function systemOf(body: unknown): Block[] {
  return isObject(body) && body.system !== undefined ? blocksOf(body.system) : [];
}

export interface ToolDefinition {
  name: string;
  description: string;
  schema: unknown;
}

export function toolsOf(body: unknown): ToolDefinition[] {
  const tools = isObject(body) ? body.tools : null;
  if (!Array.isArray(tools)) return [];
  return tools.map((tool: unknown) => {
    if (!isObject(tool)) return { name: String(tool), description: "", schema: tool };
    return {
      name: stringMember(tool, "name") || stringMember(tool, "type") || "unnamed",
      description: stringMember(tool, "description"),
      schema: tool.input_schema ?? tool,
    };
  });
}

/** A content: a string, a list of blocks, or a value of another type. */
export function blocksOf(content: unknown): Block[] {
  return contentBlocks(content).flatMap(blockOf);
}

/** Separates system reminders, which clients insert, from the text of a user or a tool. */
export function textBlocks(whole: string): Block[] {
  const segments = splitReminders(whole);
  if (!segments.some(({ isReminder }) => isReminder)) return [{ kind: "text", text: whole }];
  return segments.flatMap(({ text, isReminder }): Block[] => {
    const trimmed = text.trim();
    if (isReminder) return [{ kind: "reminder", text: trimmed }];
    return trimmed === "" ? [] : [{ kind: "text", text: trimmed }];
  });
}

function blockOf(value: JsonObject): Block[] {
  const type = stringMember(value, "type") || "untyped";
  switch (type) {
    case "text":
      return typeof value.text === "string" ? textBlocks(value.text) : [{ kind: "unknown", type, value }];
    case "thinking":
      return [{ kind: "thinking", text: stringMember(value, "thinking") }];
    case "redacted_thinking":
      return [{ kind: "redacted_thinking", bytes: stringMember(value, "data").length }];
    case "tool_use":
      return [toolUse(value, "client")];
    case "server_tool_use":
      return [toolUse(value, "server")];
    case "mcp_tool_use":
      return [toolUse(value, "mcp")];
    case "image":
      return [imageOf(value)];
    case "document":
      return [documentOf(value)];
    default:
      // tool_result, mcp_tool_result, web_search_tool_result, code_execution_tool_result, …
      if (type.endsWith("tool_result") && typeof value.tool_use_id === "string") return [toolResult(value)];
      return [{ kind: "unknown", type, value }];
  }
}

function toolUse(value: JsonObject, where: ToolPlace): Block {
  const server = stringMember(value, "server_name");
  const name = stringMember(value, "name") || "unnamed";
  return {
    kind: "tool_use",
    id: stringMember(value, "id"),
    name: server ? `${server}: ${name}` : name,
    input: value.input ?? {},
    where,
  };
}

function toolResult(value: JsonObject): Block {
  const content = value.content;
  const failed =
    value.is_error === true ||
    (isObject(content) && stringMember(content, "type").endsWith("tool_result_error"));
  return {
    kind: "tool_result",
    toolUseId: stringMember(value, "tool_use_id"),
    content: blocksOf(content),
    isError: failed,
  };
}

function imageOf(value: JsonObject): Block {
  const source = isObject(value.source) ? value.source : {};
  return {
    kind: "image",
    mediaType: stringMember(source, "media_type"),
    data: source.type === "base64" && typeof source.data === "string" ? source.data : null,
    url:
      stringMember(source, "url") ||
      (source.type === "file" ? `file ${stringMember(source, "file_id")}` : null),
  };
}

function documentOf(value: JsonObject): Block {
  const source = isObject(value.source) ? value.source : {};
  const isText = source.type === "text" && typeof source.data === "string";
  return {
    kind: "document",
    title: stringMember(value, "title") || "Untitled document",
    mediaType: stringMember(source, "media_type") || stringMember(source, "type") || "unknown type",
    text: isText ? (source.data as string) : null,
    bytes: typeof source.data === "string" && !isText ? Math.floor((source.data.length * 3) / 4) : null,
  };
}
