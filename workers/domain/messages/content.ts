/**
 * The one reader of message content: a string, or a list of blocks of any shape. Used for requests, responses and tool
 * results by ingest, linking, search, alerts and the dashboard. Nothing here throws.
 */
import { SINGLE_INFERENCE_TYPES, TOOL_CALL_TYPES } from "../../schemas/anthropic.ts";
import { isObject, type JsonObject } from "../json/json.ts";

/**
 * The blocks of a content: a string is one text block. Nothing is left out: an entry that is no object, and a content that is
 * neither string nor list, are blocks without a text whose `value` is what was sent. No content, or null, has no blocks.
 */
export function contentBlocks(content: unknown): JsonObject[] {
  if (typeof content === "string") return [{ type: "text", text: content }];
  if (content === null || content === undefined) return [];
  if (!Array.isArray(content)) return [{ type: "content", value: content }];
  return content.map((entry: unknown) => (isObject(entry) ? entry : { type: typeof entry, value: entry }));
}

/** Whether a block of this type calls a tool. */
export function isToolCall(type: unknown): boolean {
  return TOOL_CALL_TYPES.includes(type);
}

/** The blocks that call a tool. */
export function toolCallBlocks(content: unknown): JsonObject[] {
  return contentBlocks(content).filter(({ type }) => isToolCall(type));
}

/** Whether the content of a response shows several inferences: server tools, MCP tools, an advisor, a compaction. */
export function tookSeveralInferences(content: unknown): boolean {
  return contentBlocks(content).some(({ type }) => !SINGLE_INFERENCE_TYPES.includes(type));
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
