/**
 * The request type: a label for lists and statistics. For everything but messages it is the endpoint's name; messages
 * are classified as in the existing system, so that figures stay comparable. Linking does not depend on it.
 * Called by workers/ingest.
 */
import type { Endpoint } from "../http/endpoint.ts";
import { isObject, type JsonObject } from "../json/json.ts";
import { contentTexts } from "./content.ts";

export type RequestType = "quota" | "query_evaluation" | "inference" | Exclude<Endpoint, "messages">;

/**
 * Messages are `quota` when the last user message, trimmed and in lower case, is that word; else `inference` with two
 * or more system messages, and `query_evaluation` with fewer. A string `system` counts one, an array its length, each entry
 * of `messages` with the role `system` one more. `body` is null where it was not JSON. Never throws.
 */
export function requestType(endpoint: Endpoint, body: JsonObject | null): RequestType {
  if (endpoint !== "messages") return endpoint;
  const messages = Array.isArray(body?.["messages"]) ? (body["messages"] as unknown[]).filter(isObject) : [];
  const lastUser = messages.findLast((message) => message["role"] === "user");
  if (contentTexts(lastUser?.["content"]).join("\n").trim().toLowerCase() === "quota") return "quota";
  const system = body?.["system"];
  const systemBlocks = Array.isArray(system) ? system.length : typeof system === "string" ? 1 : 0;
  const systemEntries = messages.filter((message) => message["role"] === "system").length;
  return systemBlocks + systemEntries >= 2 ? "inference" : "query_evaluation";
}
