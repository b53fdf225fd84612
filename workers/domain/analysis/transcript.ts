/**
 * The transcript that a model reads: each message once with its number, without system reminders and thinking, tool inputs and results
 * shortened, secrets masked. Where it exceeds the budget, the first and the last messages stay. Pure.
 */
import type { AnalysisProvider } from "../../schemas/analysis.ts";
import { contentBlocks, isToolCall, stringMember, toolCallBlocks } from "../messages/content.ts";
import { withoutReminders } from "../messages/reminders.ts";
import { TASK_TOOLS } from "../messages/tool-calls.ts";
import type { JsonObject } from "../json/json.ts";
import { redact } from "../masking/redact.ts";
import { truncate } from "../truncate.ts";
import { estimateTokens, SAFETY_FACTOR } from "./estimate-tokens.ts";

/** Characters of a tool's input and result. Sub-tasks are shown by their prompt and final response, so they get more. */
const MAX_TOOL_TEXT = 1_000;
const MAX_SUBTASK_TEXT = 6_000;
const BYTES_PER_TOKEN = 4;

export interface BranchMessage {
  /** Position in the history, from 1. */
  position: number;
  role: string;
  content: unknown;
  bytes: number;
}

export interface TranscriptLimits {
  provider: AnalysisProvider;
  maxTokens: number;
  headMessages: number;
  tailMessages: number;
}

export interface PreparedTranscript {
  text: string;
  /** Positions that the text shows. */
  positions: number[];
  omittedMessages: number;
  estimatedTokens: number;
}

/** Renders messages from both ends until the budget is spent: the last ones first, then the first ones, then further last ones. */
export function prepareTranscript(
  messages: readonly BranchMessage[],
  { provider, maxTokens, headMessages, tailMessages }: TranscriptLimits,
): PreparedTranscript {
  const subtaskCalls = new Set(messages.flatMap(({ content }) => subtaskCallsOf(content)));
  const budget = Math.floor(maxTokens / SAFETY_FACTOR);
  const head: string[] = [];
  const tail: string[] = [];
  let spent = 0;
  let first = 0;
  let last = messages.length - 1;
  const take = (at: number): string | null => {
    const text = renderMessage(messages[at]!, subtaskCalls);
    // A character is at most two tokens, so that a text this long is not counted first.
    const fits = text.length <= (budget - spent) * 12;
    const tokens = fits ? estimateTokens(text, provider) : Infinity;
    if (spent + tokens <= budget) {
      spent += tokens;
      return text;
    }
    if (spent > 0) return null;
    const cut = `${truncate(text, Math.floor(budget / 2))}\n[message cut: ${text.length} characters]`;
    spent = budget;
    return cut;
  };
  const takeLast = (limit: number) => {
    for (let taken = 0; last >= first && taken < limit; taken++) {
      const text = take(last);
      if (text === null) return;
      tail.push(text);
      last--;
    }
  };
  takeLast(tailMessages);
  for (; first <= last && first < headMessages; first++) {
    const text = take(first);
    if (text === null) break;
    head.push(text);
  }
  takeLast(Infinity);
  const omitted = messages.slice(first, last + 1);
  const missingTokens = Math.ceil(omitted.reduce((sum, { bytes }) => sum + bytes, 0) / BYTES_PER_TOKEN);
  const marker = `[${omitted.length} messages omitted here, about ${missingTokens} tokens]`;
  const parts = [...head, ...(omitted.length > 0 ? [marker] : []), ...tail.reverse()];
  return {
    text: parts.join("\n\n"),
    positions: [...messages.slice(0, first), ...messages.slice(last + 1)].map(({ position }) => position),
    omittedMessages: omitted.length,
    estimatedTokens: spent,
  };
}

function renderMessage(
  { position, role, content }: BranchMessage,
  subtaskCalls: ReadonlySet<string>,
): string {
  return redact(`[${position}] ${role}:\n${contentText(content, subtaskCalls)}`);
}

/** A message without reminders and thinking, tool inputs and results shortened. Secrets are not masked yet. */
export function contentText(content: unknown, subtaskCalls: ReadonlySet<string> = new Set()): string {
  const texts = contentBlocks(content)
    .map((block) => renderBlock(block, subtaskCalls))
    .filter((text) => text !== "");
  return texts.join("\n") || "(no text)";
}

function renderBlock(block: JsonObject, subtaskCalls: ReadonlySet<string>): string {
  const { type } = block;
  if (type === "text") return withoutReminders(stringMember(block, "text"));
  if (type === "thinking" || type === "redacted_thinking") return "";
  if (isToolCall(type)) {
    const name = stringMember(block, "name");
    const input = JSON.stringify(block["input"] ?? {});
    return `[tool call ${name}] ${shorten(input, TASK_TOOLS.has(name) ? MAX_SUBTASK_TEXT : MAX_TOOL_TEXT)}`;
  }
  if (type === "tool_result") {
    const isSubtask = subtaskCalls.has(stringMember(block, "tool_use_id"));
    const texts = contentBlocks(block["content"]).map((part) =>
      part["type"] === "text" ? withoutReminders(stringMember(part, "text")) : `[${typeName(part)}]`,
    );
    const label = block["is_error"] === true ? "tool error" : isSubtask ? "sub-task result" : "tool result";
    return `[${label}] ${shorten(texts.join("\n"), isSubtask ? MAX_SUBTASK_TEXT : MAX_TOOL_TEXT)}`;
  }
  return `[${typeName(block)}]`;
}

const typeName = ({ type }: JsonObject) => (typeof type === "string" ? truncate(type, 50) : "content");

/** The beginning (two thirds) and the end of a longer text. */
function shorten(text: string, max: number): string {
  if (text.length <= max) return text;
  const end = Math.floor(max / 3);
  return `${truncate(text, max - end)}\n[… ${text.length - max} characters …]\n${text.slice(-end).toWellFormed()}`;
}

function subtaskCallsOf(content: unknown): string[] {
  return toolCallBlocks(content)
    .filter((block) => TASK_TOOLS.has(stringMember(block, "name")))
    .map((block) => stringMember(block, "id"));
}
