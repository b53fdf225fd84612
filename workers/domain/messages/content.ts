/**
 * The one reader of message content: a string, or a list of blocks of any shape. Used for requests, responses and tool
 * results by ingest, linking, search, alerts and the dashboard. Nothing here throws.
 */
import { TOOL_CALL_TYPES } from "../../schemas/anthropic.ts";
import { isObject, type JsonObject } from "../json/json.ts";

/** The blocks of a content: a string is one text block; of a list, the entries that are objects; anything else has none. */
export function contentBlocks(content: unknown): JsonObject[] {
  if (typeof content === "string") return [{ type: "text", text: content }];
  return Array.isArray(content) ? content.filter(isObject) : [];
}

/** The blocks that call a tool. */
export function toolCallBlocks(content: unknown): JsonObject[] {
  return contentBlocks(content).filter(({ type }) => TOOL_CALL_TYPES.includes(type));
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
