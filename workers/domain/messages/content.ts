/**
 * The one reader of message content: a string, or a list of blocks of any shape. Used for requests, responses and tool
 * results by ingest, linking, search, alerts and the dashboard. Nothing here throws.
 */
import { isObject, type JsonObject } from "../json/json.ts";

/** Types of blocks that call a tool: the client's, the vendor's server tools, and MCP tools that the vendor calls. */
export const TOOL_CALL_TYPES: ReadonlySet<unknown> = new Set(["tool_use", "server_tool_use", "mcp_tool_use"]);

/** The entries of a content: a string is one text block, a list is as it is; anything else has none. */
export function contentItems(content: unknown): unknown[] {
  if (typeof content === "string") return [{ type: "text", text: content }];
  return Array.isArray(content) ? (content as unknown[]) : [];
}

/** The blocks of a content: its entries that are objects. */
export function contentBlocks(content: unknown): JsonObject[] {
  return contentItems(content).filter(isObject);
}

/** The texts of a content's text blocks, in order. */
export function contentTexts(content: unknown): string[] {
  return contentBlocks(content).flatMap(({ type, text }) =>
    type === "text" && typeof text === "string" ? [text] : [],
  );
}

/** The member, if it is a string; else the empty string. */
export function stringMember(object: JsonObject, member: string): string {
  const value = object[member];
  return typeof value === "string" ? value : "";
}
