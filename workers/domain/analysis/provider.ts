/** The provider that analyzes conversations, chosen from the environment. */
import type { AnalysisProvider } from "../../schemas/analysis.ts";
import { contextWindow } from "../messages/context-window.ts";

/** Output tokens of one call, thinking included; twice as many after a response that was cut. */
export const MAX_OUTPUT_TOKENS = 32_768;
/** Of all current models. https://ai.google.dev/gemini-api/docs/models, read 2026-11-30 */
const GEMINI_WINDOW = 1_048_576;

export interface ProviderSettings {
  AI_PROVIDER: AnalysisProvider;
  AI_CLAUDE_MODEL_NAME: string;
  GEMINI_MODEL_NAME: string;
  AI_MAX_PROMPT_TOKENS: number;
}

export interface ProviderChoice {
  provider: AnalysisProvider;
  model: string;
  /** Tokens that a prompt may have. */
  maxPromptTokens: number;
}

export function chooseProvider(settings: ProviderSettings): ProviderChoice {
  const { AI_PROVIDER: provider } = settings;
  const model = provider === "claude" ? settings.AI_CLAUDE_MODEL_NAME : settings.GEMINI_MODEL_NAME;
  return {
    provider,
    model,
    maxPromptTokens: maxPromptTokens(provider, model, settings.AI_MAX_PROMPT_TOKENS),
  };
}

/** Tokens that a prompt may have: the setting, or what the model's window leaves beside the longest response. */
export function maxPromptTokens(provider: AnalysisProvider, model: string, setting: number): number {
  const window = provider === "gemini" ? GEMINI_WINDOW : contextWindow(model, null).tokens;
  return Math.min(setting, window - 2 * MAX_OUTPUT_TOKENS);
}

/** Of a branch whose last inference had these; null: not known. The instructions are part of the prompt. */
export function promptTokens(
  contextTokens: number | null,
  instructionTokens: number,
  { maxPromptTokens: most }: ProviderChoice,
): number | null {
  return contextTokens === null ? null : Math.min(contextTokens + instructionTokens, most);
}
