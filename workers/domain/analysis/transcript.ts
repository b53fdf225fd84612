/**
 * The transcript that a model reads: each message once with its number, without system reminders and thinking, secrets and personal data
 * masked, tool inputs and results shortened, sub-tasks with their prompt and final response. Where it exceeds the budget, the first and the
 * last messages stay. Pure.
 */
import type { AnalysisProvider } from "../../schemas/analysis.ts";
import {
  contentBlocks,
  contentTexts,
  isToolCall,
  stringMember,
  toolCallBlocks,
} from "../messages/content.ts";
import { withoutReminders } from "../messages/reminders.ts";
import { TASK_TOOLS } from "../messages/tool-calls.ts";
import { labelOf, quoteMarks, visibleText } from "../fence.ts";
import { isObject, type JsonObject } from "../json/json.ts";
import { maskPersonalData } from "../masking/personal-data.ts";
import { isSecretName, redact } from "../masking/redact.ts";
import { truncate } from "../truncate.ts";
import { CALIBRATED_SAFETY_FACTOR, estimateTokens, SAFETY_FACTOR } from "./estimate-tokens.ts";

/** Characters of a tool's input and result. Sub-tasks are shown by their prompt and final response, so they get more. */
const MAX_TOOL_TEXT = 1_000;
const MAX_SUBTASK_TEXT = 6_000;
/** Of a text that is shortened, this much at both ends is masked first: a secret must not be cut before it is recognised. */
const MASKED_WINDOW = 65_536;
const BYTES_PER_TOKEN = 4;
/** Texts have fewer; only rulers of one mark have up to 16. */
const CHARACTERS_PER_TOKEN = 12;

export interface BranchMessage {
  /** Position in the history, from 1. */
  position: number;
  role: string;
  /** Absent: not read, because the branch is too large. */
  content?: unknown;
  bytes: number;
}

export interface TranscriptLimits {
  provider: AnalysisProvider;
  maxTokens: number;
  /** What a transcript above `maxTokens` is truncated to; its head and tail have at most these tokens. */
  targetTokens?: number | undefined;
  headTokens?: number | undefined;
  tailTokens?: number | undefined;
  headMessages: number;
  tailMessages: number;
  /** How much more tokens the branch has than the estimate, from recorded counts; null: not known. */
  calibration: number | null;
}

export interface PreparedTranscript {
  text: string;
  /** Positions that the text shows. */
  positions: number[];
  omittedMessages: number;
  estimatedTokens: number;
}

/** Final responses of sub-tasks by the id of the tool call that started them, from the sub-tasks' own branches. */
export type SubtaskAnswers = ReadonlyMap<string, string>;

/** Renders messages from both ends until the budget is spent: the last ones first, then the first ones, then further last ones. */
export function prepareTranscript(
  messages: readonly BranchMessage[],
  limits: TranscriptLimits,
  answers: SubtaskAnswers = new Map(),
): PreparedTranscript {
  const render = renderedOnce(messages, limits.provider, answers);
  const whole = fill(messages, { ...limits, headTokens: undefined, tailTokens: undefined }, render);
  const { targetTokens, headTokens, tailTokens } = limits;
  if (whole.omittedMessages === 0 || (targetTokens ?? headTokens ?? tailTokens) === undefined) return whole;
  return fill(
    messages,
    { ...limits, maxTokens: Math.min(limits.maxTokens, targetTokens ?? Infinity) },
    render,
  );
}

interface Rendered {
  text: string;
  /** The estimate, where the text may have at most `most` tokens; else Infinity. */
  tokens: (most: number) => number;
}

/** Messages by index, each rendered and counted once, because a message that does not fit is tried again. */
function renderedOnce(
  messages: readonly BranchMessage[],
  provider: AnalysisProvider,
  answers: SubtaskAnswers,
): (at: number) => Rendered {
  const calls = subtaskCallsOf(messages, answers);
  const known = new Map<number, Rendered>();
  return (at) => {
    const found = known.get(at);
    if (found) return found;
    const text = renderMessage(messages[at]!, calls);
    let counted: number | undefined;
    const tokens = (most: number) =>
      // A text this long has more tokens, so that it is not counted.
      text.length <= most * CHARACTERS_PER_TOKEN ? (counted ??= estimateTokens(text, provider)) : Infinity;
    const rendered = { text, tokens };
    known.set(at, rendered);
    return rendered;
  };
}

function fill(
  messages: readonly BranchMessage[],
  { maxTokens, headMessages, tailMessages, headTokens, tailTokens, calibration }: TranscriptLimits,
  render: (at: number) => Rendered,
): PreparedTranscript {
  const perEstimate = calibration === null ? SAFETY_FACTOR : calibration * CALIBRATED_SAFETY_FACTOR;
  const inEstimates = (tokens: number) => Math.floor(tokens / perEstimate);
  const budget = inEstimates(maxTokens);
  const head: string[] = [];
  const tail: string[] = [];
  let spent = 0;
  let first = 0;
  let last = messages.length - 1;
  /** The text of a message if it fits into what is left of the budget below `limit`. */
  const take = (at: number, limit: number): string | null => {
    if (messages[at]!.content === undefined) return null;
    const { text, tokens: tokensOf } = render(at);
    const left = Math.min(budget, limit) - spent;
    const tokens = tokensOf(left);
    if (tokens <= left) {
      spent += tokens;
      return text;
    }
    if (spent > 0) return null;
    const cut = `${truncate(text, Math.floor(left / 2))}\n[message cut: ${text.length} characters]`;
    spent += left;
    return cut;
  };
  const takeLast = (most: number) => {
    for (let taken = 0; last >= first && taken < most; taken++) {
      const text = take(last, headSpent + inEstimates(tailTokens ?? Infinity));
      if (text === null) return;
      tail.push(text);
      last--;
    }
  };
  let headSpent = 0;
  takeLast(tailMessages);
  const tailSpent = spent;
  for (; first <= last && first < headMessages; first++) {
    const text = take(first, tailSpent + inEstimates(headTokens ?? Infinity));
    if (text === null) break;
    head.push(text);
  }
  headSpent = spent - tailSpent;
  takeLast(Infinity);
  const omitted = messages.slice(first, last + 1);
  const missingTokens = Math.ceil(omitted.reduce((sum, { bytes }) => sum + bytes, 0) / BYTES_PER_TOKEN);
  const marker = `[${omitted.length} messages omitted here, about ${missingTokens} tokens]`;
  const parts = [...head, ...(omitted.length > 0 ? [marker] : []), ...tail.reverse()];
  return {
    text: parts.join("\n\n"),
    positions: [...messages.slice(0, first), ...messages.slice(last + 1)].map(({ position }) => position),
    omittedMessages: omitted.length,
    estimatedTokens: Math.ceil(spent * (calibration ?? 1)),
  };
}

/** Calls that start sub-tasks, with the final response of each where it is known and whether a tool result follows. */
type SubtaskCalls = ReadonlyMap<string, { answer: string | null; hasResult: boolean }>;

function subtaskCallsOf(messages: readonly BranchMessage[], answers: SubtaskAnswers): SubtaskCalls {
  const calls = new Map<string, { answer: string | null; hasResult: boolean }>();
  for (const { content } of messages) {
    for (const block of toolCallBlocks(content)) {
      const id = stringMember(block, "id");
      if (TASK_TOOLS.has(stringMember(block, "name")))
        calls.set(id, { answer: answers.get(id) ?? null, hasResult: false });
    }
    for (const block of contentBlocks(content)) {
      const call =
        block["type"] === "tool_result" ? calls.get(stringMember(block, "tool_use_id")) : undefined;
      if (call) call.hasResult = true;
    }
  }
  return calls;
}

function renderMessage({ position, role, content }: BranchMessage, calls: SubtaskCalls): string {
  const mask = (text: string) => maskPersonalData(redact(text));
  return `[${position}] ${labelOf(role)}:\n${contentText(content, calls, mask)}`;
}

type Mask = (text: string) => string;

/**
 * A message without reminders, thinking and invisible characters, secrets masked, tool inputs and results shortened, lines quoted that
 * look like those of a transcript.
 */
export function contentText(content: unknown, calls: SubtaskCalls = new Map(), mask: Mask = redact): string {
  const masked = (text: string) => mask(visibleText(text));
  const texts = contentBlocks(content)
    .map((block) => renderBlock(block, calls, masked))
    .filter((text) => text !== "");
  return texts.join("\n") || "(no text)";
}

function renderBlock(block: JsonObject, calls: SubtaskCalls, mask: Mask): string {
  const shortened = shortener(mask);
  const { type } = block;
  if (type === "text") return quoteMarks(mask(withoutReminders(stringMember(block, "text"))));
  if (type === "thinking" || type === "redacted_thinking") return "";
  if (isToolCall(type)) return renderCall(block, calls, mask);
  if (type === "tool_result") {
    const call = calls.get(stringMember(block, "tool_use_id"));
    const texts = contentBlocks(block["content"]).map((part) =>
      part["type"] === "text" ? withoutReminders(stringMember(part, "text")) : `[${typeName(part)}]`,
    );
    const text = texts.join("\n");
    if (block["is_error"] === true) return `[tool error] ${shortened(text, MAX_TOOL_TEXT)}`;
    if (!call) return `[tool result] ${shortened(text, MAX_TOOL_TEXT)}`;
    // The result of a sub-task in the background only says that it was started.
    return call.answer === null || text.includes(call.answer)
      ? `[sub-task result] ${shortened(text, MAX_SUBTASK_TEXT)}`
      : `[sub-task result] ${shortened(text, MAX_TOOL_TEXT)}\n${renderAnswer(call.answer, mask)}`;
  }
  const texts = resultTexts(block);
  if (texts.length === 0) return `[${typeName(block)}]`;
  const mark = block["is_error"] === true ? "tool error" : "tool result";
  return `[${mark}] ${shortened(texts.join("\n"), MAX_TOOL_TEXT)}`;
}

/** Texts of the result of an MCP tool or a server tool, such as the output of executed code; none of other blocks. */
function resultTexts({ type, content }: JsonObject): string[] {
  if (typeof type !== "string" || !type.endsWith("_tool_result")) return [];
  if (!isObject(content)) return contentTexts(content);
  return ["stdout", "stderr", "content", "error_code"]
    .map((member) => stringMember(content, member))
    .filter((text) => text !== "");
}

function renderCall(block: JsonObject, calls: SubtaskCalls, mask: Mask): string {
  const shortened = shortener(mask);
  const name = labelOf(stringMember(block, "name"));
  const { input = {} } = block;
  const call = calls.get(stringMember(block, "id"));
  if (!call || !isObject(input))
    return `[tool call ${name}] ${shortened(jsonText(input, mask), MAX_TOOL_TEXT)}`;
  const { prompt, ...rest } = input;
  const text = typeof prompt === "string" ? prompt : jsonText(prompt ?? "", mask);
  const lines = [
    `[tool call ${name}] ${shortened(jsonText(rest, mask), MAX_TOOL_TEXT)}`,
    `[sub-task prompt] ${shortened(text, MAX_SUBTASK_TEXT)}`,
  ];
  if (!call.hasResult && call.answer !== null) lines.push(renderAnswer(call.answer, mask));
  return lines.join("\n");
}

const renderAnswer = (answer: string, mask: Mask) =>
  `[sub-task final response] ${shortener(mask)(answer, MAX_SUBTASK_TEXT)}`;

/** JSON of which each text is masked before it is escaped, and members by their names. */
const jsonText = (value: unknown, mask: Mask): string =>
  JSON.stringify(value, (name, member: unknown) => {
    if (isSecretName(name) && member !== "" && member !== null && typeof member !== "boolean") return "***";
    return typeof member === "string" ? mask(member) : member;
  });

const typeName = ({ type }: JsonObject) => (typeof type === "string" ? labelOf(type) : "content");

/** Masks a text, and of a longer one keeps the beginning (two thirds) and the end. */
const shortener = (mask: Mask) => (text: string, max: number) => {
  const isHuge = text.length > 2 * MASKED_WINDOW;
  const start = mask(isHuge ? text.slice(0, MASKED_WINDOW) : text);
  if (!isHuge && start.length <= max) return quoteMarks(start);
  const end = Math.floor(max / 3);
  const rest = isHuge ? mask(text.slice(-MASKED_WINDOW)) : start;
  const marker = `[… ${text.length - max} characters …]`;
  return `${quoteMarks(truncate(start, max - end))}\n${marker}\n${quoteMarks(rest.slice(-end).toWellFormed())}`;
};
