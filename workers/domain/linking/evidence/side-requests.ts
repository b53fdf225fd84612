/**
 * Side requests: requests of Claude Code beside a conversation and not part of it (titles, topics, paths, command prefixes,
 * search queries). Called by evidence.ts.
 */
import { isObject, type JsonObject } from "../../json/json.ts";
import { stringMember } from "../../messages/content.ts";
import type { Run } from "./transcript.ts";

export interface SideRequestContext {
  userAgent: string;
  /** Names its session as Claude Code does. */
  hasSession: boolean;
  /** The requests of an agent are no side requests. */
  hasAgent: boolean;
  /** The body without its lists. */
  body: JsonObject | null;
  systemTexts: readonly string[];
  tools: Iterable<unknown>;
  runs: readonly Run[];
}

const CLAUDE_CODE = /^claude-(?:cli|code)\b/i;
/** The first words of the system prompt of main requests; side requests have another one or none. */
const IDENTITY = /^\s*You are (?:Claude Code|a Claude agent)\b/;
const SIDE_REQUEST_PROMPTS = [
  /^\s*You are naming a coding session\b/,
  /^\s*Analyze if this message indicates a new conversation topic\b/,
  /^\s*Extract any file paths that this command\b/,
  /^\s*Your task is to process Bash commands\b/,
  /^\s*You are an expert at analyzing git history\b/,
  /^\s*Summarize this coding conversation in under\b/,
  /^\s*You are an assistant for performing a web search tool use\b/,
  /^\s*Generate a concise, sentence-case title\b/,
];

/** True for message requests that belong to no conversation. */
export function isSideRequest(context: SideRequestContext): boolean {
  const { body, runs, systemTexts } = context;
  if (isQuotaProbe(body, runs)) return true;
  if (!context.hasSession && !CLAUDE_CODE.test(context.userAgent)) return false;
  if (context.hasAgent || runs.some(({ isAssistant }, n) => isAssistant && n < runs.length - 1)) return false;
  if (systemTexts.some((text) => SIDE_REQUEST_PROMPTS.some((prompt) => prompt.test(text)))) return true;
  if (hasOwnTools(context.tools)) return false;
  return requestsJson(body) || !systemTexts.some((text) => IDENTITY.test(text))
    ? isClaudeCode(context)
    : false;
}

/** By user agent: other programs may send a session id, and their conversations need no tools. */
function isClaudeCode({ userAgent }: SideRequestContext): boolean {
  return CLAUDE_CODE.test(userAgent);
}

function isQuotaProbe(body: JsonObject | null, runs: readonly Run[]): boolean {
  const [only, ...others] = runs;
  return (
    body?.["max_tokens"] === 1 &&
    others.length === 0 &&
    only?.items.length === 1 &&
    only.items[0]!.plainText?.toLowerCase() === "quota"
  );
}

function requestsJson(body: JsonObject | null): boolean {
  const config = body?.["output_config"];
  const format = (isObject(config) ? config["format"] : undefined) ?? body?.["output_format"];
  return isObject(format) && format["type"] === "json_schema";
}

/** True with a client tool; the vendor's server tools have another type. */
function hasOwnTools(tools: Iterable<unknown>): boolean {
  for (const tool of tools) {
    if (!isObject(tool)) continue;
    const type = stringMember(tool, "type");
    if (type === "" || type === "custom" || "input_schema" in tool) return true;
  }
  return false;
}
