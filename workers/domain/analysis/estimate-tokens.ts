/**
 * Estimates the tokens of a text without the tokenizer's tables: counts word pieces, digits, punctuation and scripts in one pass. Fitted to
 * real counts of code, prose, logs, JSON and ten scripts; between 0.72 and 1.5 of the truth, so that SAFETY_FACTOR times it was never too low.
 */
import type { AnalysisProvider } from "../../schemas/analysis.ts";
import { contentBlocks, isToolCall, stringMember } from "../messages/content.ts";
import { claudeVersion } from "../model-id.ts";

/** The estimate times this is an upper bound. */
export const SAFETY_FACTOR = 1.4;
/** The same for an estimate that was calibrated by recorded counts of the branch. */
export const CALIBRATED_SAFETY_FACTOR = 1.15;
/**
 * A calibration beyond these says more about what was counted than about the text. What Claude's tokenizer saves, Gemini's need not save,
 * and its weights have less to spare.
 */
const MIN_CALIBRATION: Record<AnalysisProvider, number> = { claude: 0.8, gemini: 1 };
const MAX_CALIBRATION = 1.5;
/** Claude's tokenizer since 4.7 makes so many times the tokens of the one before. */
const NEW_TOKENIZER_FACTOR = 1.3;
/** Fewer recorded tokens are too few to compare. */
const MIN_RECORDED_TOKENS = 2_000;

interface Weights {
  /** A word piece, and what each of its letters adds. */
  piece: number;
  small: number;
  capital: number;
  digit: number;
  /** Of a run of one mark, and again per 16 of it. */
  punctuation: number;
  lineBreak: number;
  blanks: number;
  /** A character of a hash, a number or Base64. */
  dense: number;
  /** Chinese, Japanese and Korean characters; Cyrillic and accented Latin letters; any other UTF-16 unit. */
  cjk: number;
  european: number;
  other: number;
}

const WEIGHTS: Record<AnalysisProvider, Weights> = {
  gemini: {
    piece: 0.95,
    small: 0.02,
    capital: 0.13,
    digit: 1.7,
    punctuation: 0.57,
    lineBreak: 1.14,
    blanks: 1.77,
    dense: 0.8,
    cjk: 0.69,
    european: 0.27,
    other: 0.5,
  },
  // Of the tokenizer since Claude 4.7: NEW_TOKENIZER_FACTOR times those of the one before.
  claude: {
    piece: 1.59,
    small: 0.026,
    capital: 0.21,
    digit: 1.16,
    punctuation: 0.65,
    lineBreak: 0.026,
    blanks: 2.94,
    dense: 0.75,
    cjk: 1.47,
    european: 0.82,
    other: 1.78,
  },
};

const LONG_RUN = /[A-Za-z0-9+/=_-]{20,}/g;
/** A dense run changes between kinds of characters at least once in so many characters. */
const DENSE_EVERY = 7;
const LETTERS_PER_TOKEN = 12;
const MARKS_PER_TOKEN = 16;

/** Linear in the text. */
export function estimateTokens(text: string, provider: AnalysisProvider): number {
  const weights = WEIGHTS[provider];
  let tokens = 0;
  let from = 0;
  for (const { 0: run, index } of text.matchAll(LONG_RUN)) {
    if (!isDense(run)) continue;
    tokens += plainTokens(text, from, index, weights) + run.length * weights.dense;
    from = index + run.length;
  }
  return Math.ceil(tokens + plainTokens(text, from, text.length, weights));
}

/** Of the text between two positions. Reads codes, because a match of a regular expression per word makes a hundred times the text in garbage. */
function plainTokens(text: string, from: number, to: number, w: Weights): number {
  /** Where the run of codes of this kind ends that has begun before `at`. */
  const endOf = (isMore: (code: number) => boolean, at: number) => {
    while (at < to && isMore(text.charCodeAt(at))) at++;
    return at;
  };
  const pieces = (length: number) => w.piece * Math.ceil(length / LETTERS_PER_TOKEN);
  let tokens = 0;
  for (let at = from; at < to;) {
    const start = at++;
    const code = text.charCodeAt(start);
    if (isSmall(code) || (isCapital(code) && at < to && isSmall(text.charCodeAt(at)))) {
      at = endOf(isSmall, at);
      tokens += pieces(at - start) + (at - start) * w.small;
    } else if (isCapital(code)) {
      at = endOf(isCapital, at);
      tokens += pieces(at - start) + (at - start) * w.capital;
    } else if (isDigit(code)) tokens += w.digit;
    else if (code > 0x7f) tokens += isCjk(code) ? w.cjk : isEuropean(code) ? w.european : w.other;
    else if (code === LINE_FEED) tokens += w.lineBreak;
    else if (isBlank(code)) {
      at = endOf(isBlank, at);
      if (at - start > 1 || code === TAB) tokens += w.blanks;
    } else if (code !== UNDERSCORE && !isOtherSpace(code)) {
      while (at < to && text.charCodeAt(at) === code) at++;
      tokens += w.punctuation * Math.ceil((at - start) / MARKS_PER_TOKEN);
    }
  }
  return tokens;
}

const TAB = 0x09;
const LINE_FEED = 0x0a;
const UNDERSCORE = 0x5f;
const isSmall = (code: number) => code >= 0x61 && code <= 0x7a;
const isCapital = (code: number) => code >= 0x41 && code <= 0x5a;
const isDigit = (code: number) => code >= 0x30 && code <= 0x39;
const isBlank = (code: number) => code === 0x20 || code === TAB;
/** Vertical tab, form feed and carriage return. */
const isOtherSpace = (code: number) => code >= 0x0b && code <= 0x0d;
const isCjk = (code: number) => (code >= 0x3040 && code <= 0x9fff) || (code >= 0xac00 && code <= 0xd7af);
const isEuropean = (code: number) => (code >= 0x0400 && code <= 0x04ff) || (code >= 0x00c0 && code <= 0x024f);

/** All digits, or many changes between letters and digits or small and capital letters; paths have few. */
function isDense(run: string): boolean {
  let changes = 0;
  let before = "";
  for (const character of run) {
    const kind = /\d/.test(character) ? "digit" : /[a-z]/.test(character) ? "small" : "capital";
    if (!/[A-Za-z0-9]/.test(character)) continue;
    if (before !== "" && kind !== before) changes++;
    before = kind;
  }
  return /^\d+$/.test(run) || changes * DENSE_EVERY >= run.length;
}

export type ClaudeTokenizer = "before 4.7" | "since 4.7";

/** The tokenizer of a model; null for names that are no Claude model's. */
export function tokenizerOf(model: string | null): ClaudeTokenizer | null {
  const version = claudeVersion(model);
  if (!version) return null;
  const { major, minor } = version;
  return major > 4 || (major === 4 && minor >= 7) ? "since 4.7" : "before 4.7";
}

/** Of a branch: the tokens that Claude counted for part of it, and that part's contents. */
export interface RecordedTokens {
  /** Of the model that counted. */
  tokenizer: ClaudeTokenizer;
  tokens: number;
  contents: readonly unknown[];
}

/** How many times the estimate for a provider the texts of a branch have; null where the recorded counts do not tell. */
export function calibrationOf(recorded: RecordedTokens | null, provider: AnalysisProvider): number | null {
  if (recorded === null || recorded.tokens < MIN_RECORDED_TOKENS) return null;
  let estimate = 0;
  for (const content of recorded.contents) {
    const text = countedText(content);
    if (text === null) return null;
    estimate += estimateTokens(text, "claude");
  }
  if (estimate < MIN_RECORDED_TOKENS / 2) return null;
  const tokens = recorded.tokens * (recorded.tokenizer === "before 4.7" ? NEW_TOKENIZER_FACTOR : 1);
  return Math.min(MAX_CALIBRATION, Math.max(MIN_CALIBRATION[provider], tokens / estimate));
}

/** What Claude counts of a message, thinking aside; null with an image, a document or the result of a server tool, whose tokens their bytes do not show. */
function countedText(content: unknown): string | null {
  const texts: string[] = [];
  for (const block of contentBlocks(content)) {
    const { type } = block;
    if (type === "image" || type === "document") return null;
    if (type === "text") texts.push(stringMember(block, "text"));
    if (isToolCall(type)) texts.push(JSON.stringify(block["input"] ?? {}));
    const isResult = type === "tool_result" || type === "mcp_tool_result";
    // Results of server tools may be encrypted.
    if (!isResult && typeof type === "string" && type.endsWith("_tool_result")) return null;
    if (!isResult) continue;
    const inner = countedText(block["content"]);
    if (inner === null) return null;
    texts.push(inner);
  }
  return texts.join("\n");
}
