/** Messages of strangers, read block by block without trust in their shape. Called by the recognisers of this folder. */
import { isObject, type JsonObject } from "../../json/json.ts";

/** A message's content as blocks: a string is one text block; what is neither string nor list has none. */
export function blocksOf(content: unknown): JsonObject[] {
  if (typeof content === "string") return [{ type: "text", text: content }];
  return Array.isArray(content) ? (content as unknown[]).filter(isObject) : [];
}

/** The member, if it is a string; else the empty string. */
export function stringIn(object: JsonObject, member: string): string {
  const value = object[member];
  return typeof value === "string" ? value : "";
}
