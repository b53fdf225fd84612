/**
 * Side requests: requests of a client beside a conversation and not part of it (titles, topics, prompt suggestions, side
 * questions, hooks, recaps, web searches). Some repeat the whole history of the turn that they serve. Recognised by the class
 * that Claude Code states in a header, then by the texts that clients send, then by the shape of the request. Called by
 * evidence.ts.
 */
import { isObject, type JsonObject } from "../../json/json.ts";
import { stringMember } from "../../messages/content.ts";
import { isCompactAsk } from "./compaction.ts";
import type { Run } from "./transcript.ts";

export interface SideRequestContext {
  /** The client's word for the kind of request; empty without one. */
  requestClass: string;
  userAgent: string;
  /** Names its session. */
  hasSession: boolean;
  hasAgent: boolean;
  /** Null where the body is not known. */
  content: SideRequestContent | null;
}

export interface SideRequestContent {
  /** The body without its lists. */
  body: JsonObject | null;
  systemTexts: readonly string[];
  tools: Iterable<unknown>;
  runs: readonly Run[];
  /** The newest message has a text that only side requests have. */
  endsInSideText: boolean;
  /** The prompt cache is to hold the newest message as well; null where nothing is to be cached. */
  cachesNewest: boolean | null;
}

/** Values of the header `x-claude-code-request-class`. Every other (`auxiliary`, `side_reply`) is that of a side request. */
const CONVERSATION_CLASSES: ReadonlySet<string> = new Set(["main", "subagent", "workflow", "compaction"]);

const CLAUDE_CODE = /^claude-(?:cli|code)\b/i;
/** The first words of the system prompt of main requests; side requests have another one, none, or a further one. */
const IDENTITY = /^\s*You are (?:Claude Code|a Claude agent)\b/;
/** First words of the system prompts of clients that name a session. */
const SIDE_REQUEST_PROMPTS = [
  /^\s*You are naming a coding session\b/,
  /^\s*Analyze if this message indicates a new conversation topic\b/,
  /^\s*Extract any file paths that this command\b/,
  /^\s*Your task is to process Bash commands\b/,
  /^\s*You are an expert at analyzing git history\b/,
  /^\s*Summarize this coding conversation in under\b/,
  /^\s*You (?:run a web search for another Claude model|are an assistant for performing a web search)\b/,
  /^\s*You are (?:evaluating|verifying|judging|checking) (?:an?|the)\b[^.\n]{0,40}\b(?:hook|condition) in Claude Code\b/,
];
/** First words that ask for a title or a name. Without a session only the words that coding clients share count. */
const TITLE_GENERATOR = /^\s*You are a title generator\b/;
const TITLE_PROMPT =
  /^\s*(?:You (?:are|generate|write|create)|Generate|Create|Write)\b[^.\n]{0,100}\b(?:titles?|kebab-case name)\b/;

/**
 * Whether the request is a side request: `stated` by the client, or `likely` by its texts or shape. A likely side request that a
 * later request continues is none.
 */
export function sideRequestSign(context: SideRequestContext): "stated" | "likely" | null {
  const { requestClass, content } = context;
  if (requestClass !== "") return isConversationClass(requestClass) ? null : "stated";
  if (content === null) return null;
  if (isQuotaProbe(content.body, content.runs)) return "stated";
  return isLikely(context, content) ? "likely" : null;
}

/** True for the value of `x-claude-code-request-class` of a request that is part of a conversation. */
export function isConversationClass(requestClass: string): boolean {
  return CONVERSATION_CLASSES.has(requestClass);
}

export function isClaudeCode(userAgent: string): boolean {
  return CLAUDE_CODE.test(userAgent);
}

function isLikely(context: SideRequestContext, content: SideRequestContent): boolean {
  const { body, runs, systemTexts } = content;
  const hasTools = hasOwnTools(content.tools);
  const isSingle = !runs.some(({ isAssistant }) => isAssistant);
  const startsWith = (pattern: RegExp) => systemTexts.some((text) => pattern.test(text));
  if (isSingle && !hasTools && startsWith(TITLE_GENERATOR)) return true;
  // By user agent: other programs may send a session id, and their conversations need no tools.
  const isOfClaudeCode = isClaudeCode(context.userAgent);
  if (!context.hasSession && !isOfClaudeCode) return false;
  if (content.endsInSideText) return true;
  if ((isOfClaudeCode || isSingle) && SIDE_REQUEST_PROMPTS.some(startsWith)) return true;
  if (context.hasAgent) return false;
  // Claude Code has each request cached that it will continue. It continues a summary instead of the request for it.
  if (isOfClaudeCode && !isSingle && content.cachesNewest === false && !isCompactAsk(runs, systemTexts))
    return true;
  if (hasTools) return false;
  if (isSingle && startsWith(TITLE_PROMPT)) return true;
  const hasHistory = runs.some(({ isAssistant }, n) => isAssistant && n < runs.length - 1);
  return isOfClaudeCode && (requestsJson(body) || (!hasHistory && !startsWith(IDENTITY)));
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
