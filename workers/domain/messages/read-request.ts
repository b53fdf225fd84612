/**
 * Metadata in a request's body and headers: model, stream, sessions and agents.
 * Called by workers/ingest, and by the proxy where it needs the model.
 */
import { isObject, parseJson, type JsonObject } from "../json/json.ts";
import { readObjectHead } from "./partial-json.ts";
import { readSession, sessionInHeaders, validId } from "./client-ids.ts";
import { plainText } from "../truncate.ts";

export interface ParsedRequest {
  /** The body; of a truncated one its complete members. Null where it is no JSON object. */
  json: JsonObject | null;
  model: string | null;
  /** Null where a truncated body lacks it; the response's content type then decides. */
  stream: boolean | null;
  /** Entries of `messages`; 0 if there are none, or the list is truncated. */
  messageCount: number;
  sessionId: string | null;
  agentId: string | null;
  parentAgentId: string | null;
}

export interface RecordedRequest {
  /** As received, or the first part of it; empty where nothing was recorded. */
  body: Uint8Array;
  /** Only the beginning was recorded. */
  isTruncated: boolean;
  /** Names in lower case. */
  headers: Readonly<Record<string, string>>;
}

const MAX_MODEL = 200;

/** Reads a request of any endpoint. Never throws; missing members and those of a wrong type give null. */
export function readRequest({ body, isTruncated, headers }: RecordedRequest): ParsedRequest {
  const json = readBody(body, isTruncated);
  const model = json?.["model"];
  const stream = json?.["stream"];
  const messages = json?.["messages"];
  return {
    json,
    model: typeof model === "string" ? plainText(model, MAX_MODEL) || null : null,
    stream: typeof stream === "boolean" ? stream : isTruncated ? null : false,
    messageCount: Array.isArray(messages) ? messages.length : 0,
    sessionId: sessionInHeaders(headers) ?? readSession(json),
    agentId: validId(headers["x-claude-code-agent-id"]),
    parentAgentId: validId(headers["x-claude-code-parent-agent-id"]),
  };
}

function readBody(body: Uint8Array, isTruncated: boolean): JsonObject | null {
  if (body.length === 0) return null;
  const text = new TextDecoder().decode(body);
  const value = parseJson(text);
  if (isObject(value)) return value;
  return isTruncated ? readObjectHead(text) : null;
}
