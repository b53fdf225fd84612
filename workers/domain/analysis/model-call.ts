/** One call of a model, whatever its provider: the request to send, and the outcome of its response. Pure. */
import type { AnalysisFailureCode } from "../../schemas/analysis.ts";
import type { AnalysisUsage } from "./price.ts";
import type { AnalysisPrompt } from "./prompt.ts";

export interface ModelRequest {
  model: string;
  prompt: AnalysisPrompt;
  maxOutputTokens: number;
  /** The form is asked for as the input of a tool, because the model has no `output_config` (Claude). */
  usesTool?: boolean;
}

export interface HttpCall {
  url: string;
  headers: Record<string, string>;
  body: string;
}

/** Usage and model are known where the response had them, because an unusable response is billed too. */
interface Billed {
  usage: AnalysisUsage | null;
  model: string | null;
}
/** How a response ended that may not be whole. */
export interface EarlyEnd {
  code: "response_cut" | "unexpected_end";
  message: string;
}
export const RESPONSE_CUT: EarlyEnd = {
  code: "response_cut",
  message: "The response reached its limit of tokens.",
};
export type ModelResponse = Billed & { ok: true; text: string; early: EarlyEnd | null };
export type ModelFailure = Billed & {
  ok: false;
  code: AnalysisFailureCode;
  message: string;
  /** Null: trying again makes no sense. `retryAfterMs`: as the provider says; undefined: grows with the attempts. */
  retry: { retryAfterMs: number | undefined } | null;
};

export function modelFailure(
  code: AnalysisFailureCode,
  message: string,
  retry: ModelFailure["retry"],
  billed: Billed = { usage: null, model: null },
): ModelFailure {
  return { ok: false, code, message, retry, ...billed };
}

/** Delay before the next attempt where the provider gives none: 1 s × 2.5ⁿ, at most 15 minutes. */
export function backoffMs(attempt: number): number {
  return Math.min(900_000, 1_000 * 2.5 ** (attempt - 1));
}
