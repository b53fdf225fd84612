/**
 * Side requests: what Claude Code asks for its own ends (titles, topics, paths, prefixes of commands, the wording of a
 * search) beside a conversation and outside of it. Called by evidence.ts.
 */
import { isObject, type JsonObject } from "../json/json.ts";
import { stringIn } from "./messages.ts";
import type { Run } from "./transcript.ts";

export interface SideRequestContext {
  userAgent: string;
  /** A session or agent is named as only Claude Code does. */
  hasSession: boolean;
  /** An agent's requests are no side requests. */
  hasAgent: boolean;
  /** The body without its lists. */
  body: JsonObject | null;
  systemTexts: readonly string[];
  tools: Iterable<unknown>;
  runs: readonly Run[];
}

const CLAUDE_CODE = /^claude-(?:cli|code)\b/i;
/** The first words of what main requests are told they are; side requests leave it out, or say what else they are. */
const IDENTITY = /^\s*You are (?:Claude Code|a Claude agent)\b/;
const PURPOSES = [
  /^\s*You are naming a coding session\b/,
  /^\s*Analyze if this message indicates a new conversation topic\b/,
  /^\s*Extract any file paths that this command\b/,
  /^\s*Your task is to process Bash commands\b/,
  /^\s*You are an expert at analyzing git history\b/,
  /^\s*Summarize this coding conversation in under\b/,
  /^\s*You are an assistant for performing a web search tool use\b/,
  /^\s*Generate a concise, sentence-case title\b/,
];

/** True for requests that belong to no conversation although they ask for a message. */
export function isSideRequest(clues: SideRequestContext): boolean {
  const { body, runs, systemTexts } = clues;
  if (isQuotaProbe(body, runs)) return true;
  if (!clues.hasSession && !CLAUDE_CODE.test(clues.userAgent)) return false;
  if (clues.hasAgent || runs.some(({ isAssistant }, n) => isAssistant && n < runs.length - 1)) return false;
  if (systemTexts.some((text) => PURPOSES.some((purpose) => purpose.test(text)))) return true;
  if (hasOwnTools(clues.tools)) return false;
  return wantsJson(body) || !systemTexts.some((text) => IDENTITY.test(text)) ? isOfClient(clues) : false;
}

/** Other programs may send a session id; without Claude Code's name their conversations need no tools. */
function isOfClient({ userAgent }: SideRequestContext): boolean {
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

function wantsJson(body: JsonObject | null): boolean {
  const config = body?.["output_config"];
  const format = (isObject(config) ? config["format"] : undefined) ?? body?.["output_format"];
  return isObject(format) && format["type"] === "json_schema";
}

/** Tools of the client's own; the vendor's server tools have another type. */
function hasOwnTools(tools: Iterable<unknown>): boolean {
  for (const tool of tools) {
    if (!isObject(tool)) continue;
    const type = stringIn(tool, "type");
    if (type === "" || type === "custom" || "input_schema" in tool) return true;
  }
  return false;
}
