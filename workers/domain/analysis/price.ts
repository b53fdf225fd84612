/**
 * The cost of an analysis in integer pico-dollars, from dated tables: Gemini's below, Claude's in workers/domain/pricing. A model without a
 * price gives null, never 0.
 */
import type { AnalysisProvider } from "../../schemas/analysis.ts";
import { findRates } from "../pricing/rates.ts";
import { parseUsd } from "../pricing/usd.ts";

/** Cached tokens are part of the input, thinking is part of the output. */
export interface AnalysisUsage {
  inputTokens: number;
  cachedInputTokens: number;
  outputTokens: number;
  thinkingTokens: number;
}

interface GeminiPrice {
  model: string;
  /** First day (UTC) of this price; null: since the model's release. */
  from: string | null;
  /** Dollars per million tokens. */
  input: string;
  cached: string;
  output: string;
}

/** https://ai.google.dev/gemini-api/docs/pricing, read 2026-11-30. Of a model, the latest price that has begun applies. */
export const GEMINI_PRICES: readonly GeminiPrice[] = [
  { model: "gemini-3.8-flash", from: null, input: "0.75", cached: "0.075", output: "3.75" },
  { model: "gemini-3.8-flash", from: "2027-01-01", input: "1.50", cached: "0.15", output: "7.50" },
  // The page states no price for cached tokens of this model, so they cost the full one.
  { model: "gemini-4-argon", from: null, input: "2", cached: "2", output: "10" },
  { model: "gemini-4-argon", from: "2026-12-01", input: "4", cached: "4", output: "20" },
];

/** A response of this many tokens is assumed for an estimated cost. */
export const ESTIMATED_OUTPUT_TOKENS = 4_000;
/** A prompt whose tokens are not known yet is assumed to have these, until its transcript is prepared. */
const UNKNOWN_INPUT_TOKENS = 50_000;

/** What a call will cost, about; null where the model has no known price. */
export function estimateCost(
  provider: AnalysisProvider,
  model: string,
  inputTokens: number | null,
  at: Date,
): bigint | null {
  const usage = { cachedInputTokens: 0, outputTokens: ESTIMATED_OUTPUT_TOKENS, thinkingTokens: 0 };
  return analysisCost(provider, model, { ...usage, inputTokens: inputTokens ?? UNKNOWN_INPUT_TOKENS }, at);
}

/** Pico-dollars that the analyses of one UTC day may cost; null: no limit. */
export function dailyBudgetOf(settings: { AI_DAILY_BUDGET_USD?: string | undefined }): bigint | null {
  return settings.AI_DAILY_BUDGET_USD === undefined ? null : parseUsd(settings.AI_DAILY_BUDGET_USD);
}

/**
 * Whether the daily budget (null: none) covers a call, in pico-dollars. `never`: no day's budget does, because the call alone exceeds it or
 * its cost is not known. A budget of 0 is a pause.
 */
export function budgetFor(
  budget: bigint | null,
  spent: bigint,
  estimate: bigint | null,
): "covered" | "waits" | "never" {
  if (budget === null) return "covered";
  if (budget === 0n) return "waits";
  if (estimate === null || estimate > budget) return "never";
  return spent + estimate > budget ? "waits" : "covered";
}

/** `model`: the one that responded, because the provider may route a request to another. */
export function analysisCost(
  provider: AnalysisProvider,
  model: string,
  usage: AnalysisUsage,
  at: Date,
): bigint | null {
  const rates = provider === "gemini" ? geminiRates(model, at) : claudeRates(model, usage.inputTokens, at);
  if (!rates) return null;
  const uncached = BigInt(usage.inputTokens - usage.cachedInputTokens);
  return (
    uncached * rates.input +
    BigInt(usage.cachedInputTokens) * rates.cached +
    BigInt(usage.outputTokens) * rates.output
  );
}

/** Pico-dollars per token. */
interface Rates {
  input: bigint;
  cached: bigint;
  output: bigint;
}

function geminiRates(model: string, at: Date): Rates | null {
  const day = at.toISOString().slice(0, 10);
  const price = GEMINI_PRICES.findLast((each) => each.model === model && (each.from ?? "") <= day);
  if (!price) return null;
  const perToken = (usd: string) => parseUsd(usd) / 1_000_000n;
  return { input: perToken(price.input), cached: perToken(price.cached), output: perToken(price.output) };
}

function claudeRates(model: string, promptTokens: number, at: Date): Rates | null {
  const query = { model, at, promptTokens, isFast: false, isBatch: false, isUsGeography: false };
  const { rates } = findRates(query);
  return rates && { input: rates.input, cached: rates.cache_read, output: rates.output };
}
