/**
 * Messages as the Claude API speaks them, read without trust: a string content, a block of tomorrow, a member of the
 * wrong type, each becomes something that can be shown. Nothing here throws.
 */

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

type Loose = Record<string, unknown>;

/** The messages of a request body; empty when there are none. */
export function messagesOf(body: unknown): Message[] {
  const messages = isObject(body) ? body.messages : null;
  return Array.isArray(messages) ? messages.map(messageOf) : [];
}

/** One message, or the assembled answer (which has the same shape). */
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
      name: text(tool.name) || text(tool.type) || "unnamed",
      description: text(tool.description),
      schema: tool.input_schema ?? tool,
    };
  });
}

/** A content member: a string, a list of blocks, or something nobody expected. */
export function blocksOf(content: unknown): Block[] {
  if (typeof content === "string") return textBlocks(content);
  if (content === null || content === undefined) return [];
  if (!Array.isArray(content)) return [{ kind: "unknown", type: "content", value: content }];
  return content.flatMap(blockOf);
}

const REMINDER = /<system-reminder>[\s\S]*?<\/system-reminder>/g;

/** Splits what the client's program slipped in (system reminders) from what a person or a tool said. */
export function textBlocks(whole: string): Block[] {
  if (!whole.includes("<system-reminder>")) return [{ kind: "text", text: whole }];
  const blocks: Block[] = [];
  let end = 0;
  for (const match of whole.matchAll(REMINDER)) {
    pushText(blocks, whole.slice(end, match.index));
    blocks.push({ kind: "reminder", text: match[0].slice(17, -18).trim() });
    end = match.index + match[0].length;
  }
  pushText(blocks, whole.slice(end));
  return blocks;
}

function pushText(blocks: Block[], part: string): void {
  if (part.trim() !== "") blocks.push({ kind: "text", text: part.trim() });
}

function blockOf(value: unknown): Block[] {
  if (typeof value === "string") return textBlocks(value);
  if (!isObject(value)) return [{ kind: "unknown", type: typeof value, value }];
  const type = text(value.type) || "untyped";
  switch (type) {
    case "text":
      return typeof value.text === "string" ? textBlocks(value.text) : [{ kind: "unknown", type, value }];
    case "thinking":
      return [{ kind: "thinking", text: text(value.thinking) }];
    case "redacted_thinking":
      return [{ kind: "redacted_thinking", bytes: text(value.data).length }];
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

function toolUse(value: Loose, where: ToolPlace): Block {
  const server = text(value.server_name);
  const name = text(value.name) || "unnamed";
  return {
    kind: "tool_use",
    id: text(value.id),
    name: server ? `${server}: ${name}` : name,
    input: value.input ?? {},
    where,
  };
}

function toolResult(value: Loose): Block {
  const content = value.content;
  const failed =
    value.is_error === true || (isObject(content) && text(content.type).endsWith("tool_result_error"));
  return {
    kind: "tool_result",
    toolUseId: text(value.tool_use_id),
    content: blocksOf(content),
    isError: failed,
  };
}

function imageOf(value: Loose): Block {
  const source = isObject(value.source) ? value.source : {};
  return {
    kind: "image",
    mediaType: text(source.media_type),
    data: source.type === "base64" && typeof source.data === "string" ? source.data : null,
    url: text(source.url) || (source.type === "file" ? `file ${text(source.file_id)}` : null),
  };
}

function documentOf(value: Loose): Block {
  const source = isObject(value.source) ? value.source : {};
  const isText = source.type === "text" && typeof source.data === "string";
  return {
    kind: "document",
    title: text(value.title) || "Untitled document",
    mediaType: text(source.media_type) || text(source.type) || "unknown type",
    text: isText ? (source.data as string) : null,
    bytes: typeof source.data === "string" && !isText ? Math.floor((source.data.length * 3) / 4) : null,
  };
}

const text = (value: unknown): string => (typeof value === "string" ? value : "");

export function isObject(value: unknown): value is Loose {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
