/**
 * Splits a usage object into inferences that are priced one by one: each with its model, its tokens by kind, and whether it
 * is billed. Called by price.ts.
 *
 * If `iterations` is present, its entries are billed, each at its own model: the top-level counts leave out compaction and
 * advisors, and after a fallback they cover only the attempt that served. Otherwise the top level is billed.
 * Source: the pages on usage, compaction, the advisor tool, and refusals and fallback of the Messages API.
 */
import type { BilledKind } from "../../schemas/tokens.ts";
import type { JsonObject } from "../json/json.ts";
import { isSameModel } from "../model-id.ts";
import { countedInferences, type Iteration, tokenCounts, type TokenCounts } from "../usage/token-usage.ts";

/** Reported where no output was generated; the vendor's example of such a refusal reports 1. */
const PLACEHOLDER_OUTPUT_TOKENS = 10;

export interface UsageContext {
  /** Requested. */
  model: string | null;
  modelServed: string | null;
  stopReason: string | null;
  /** The final usage is missing. */
  isPartial: boolean;
  /** Minimum of output tokens received (estimate-output-tokens.ts); null where the response's content is unknown. */
  receivedTokens: number | null;
}

export interface TokenLine {
  kind: BilledKind;
  tokens: number;
  /** Inferred, not reported by the vendor. */
  mark: "lifetime_not_told" | "counted_from_text" | null;
}

/** One inference. */
export interface Inference {
  /** The entry's `type`; null for the top level. */
  entry: string | null;
  model: string | null;
  /** As reported. */
  counts: TokenCounts;
  lines: TokenLine[];
  /** Input, cache reads and writes. */
  promptTokens: number;
  isFast: boolean;
  /** The entry lacks the speed; the response as a whole has it. */
  isSpeedInherited: boolean;
  isUsGeography: boolean;
  /** Why a listed inference is not billed. */
  freeReason: "refused_before_output" | "declined_before_output" | null;
  /** The vendor's figures contradict each other. */
  isContradictory: boolean;
}

/** The inferences of a response; null where its usage has no token counts. */
export function inferencesOf(usage: JsonObject, context: UsageContext): Inference[] | null {
  const whole = { type: null, source: usage, counts: tokenCounts(usage) };
  const entries = countedInferences(usage);
  if (entries.length === 0) return null;
  const isWhole = ({ source }: Iteration) => source === usage;
  const attempts = entries.filter((entry) => isWhole(entry) || isAttempt(entry.type));
  const lastFallback = entries.findLastIndex(({ type }) => type === "fallback_message");
  const inferences = entries.map((entry, at) => {
    const isLast = entry === attempts.at(-1);
    return inference(entry, whole, {
      model: isWhole(entry) ? servedModel(context) : modelOf(entry, lastFallback >= 0, context),
      freeReason: attempts.includes(entry)
        ? freeReasonOf(entry, { hasLaterFallback: lastFallback > at, isLast }, context)
        : null,
    });
  });
  return withReceived(inferences, { attempts, last: inferences[entries.indexOf(attempts.at(-1)!)] }, context);
}

/**
 * Adds the output of an aborted response that was received and that no attempt reports: to the last attempt, if that is of the
 * model that served, else as an inference of its own.
 */
function withReceived(
  inferences: Inference[],
  { attempts, last }: { attempts: readonly Iteration[]; last: Inference | undefined },
  context: UsageContext,
): Inference[] {
  const reported = attempts.reduce((sum, { counts }) => sum + (counts.outputTokens ?? 0), 0);
  const tokens = (context.isPartial ? (context.receivedTokens ?? 0) : 0) - reported;
  if (tokens <= 0) return inferences;
  const line: TokenLine = { kind: "output", tokens, mark: "counted_from_text" };
  const model = servedModel(context);
  if (last && isSameModel(last.model ?? "", model ?? "")) {
    last.lines.push(line);
    return inferences;
  }
  const none = { type: null, source: {}, counts: tokenCounts(null) };
  return [...inferences, { ...inference(none, none, { model, freeReason: null }), lines: [line] }];
}

function inference(
  { type, source, counts }: Iteration,
  whole: Iteration,
  { model, freeReason }: Pick<Inference, "model" | "freeReason">,
): Inference {
  const { lines: writes, isContradictory } = cacheWrites(counts, whole.counts);
  const lines: TokenLine[] = [
    { kind: "input", tokens: counts.inputTokens ?? 0, mark: null },
    ...writes,
    { kind: "cache_read", tokens: counts.cacheReadInputTokens ?? 0, mark: null },
  ];
  const promptTokens = lines.reduce((sum, { tokens }) => sum + tokens, 0);
  lines.push({ kind: "output", tokens: counts.outputTokens ?? 0, mark: null });
  const own = { ...topLevelModifiers(whole.source, type), ...source };
  return {
    entry: type,
    model,
    counts,
    lines: lines.filter(({ tokens }) => tokens > 0),
    promptTokens,
    isFast: own["speed"] === "fast",
    isSpeedInherited: type !== null && !Object.hasOwn(source, "speed"),
    isUsGeography: own["inference_geo"] === "us",
    freeReason,
    isContradictory,
  };
}

/** Speed and geography of the request apply to every entry, except the speed to an advisor, which is another model. */
function topLevelModifiers(usage: JsonObject, type: string | null): JsonObject {
  const { speed, inference_geo } = usage;
  return type === "advisor_message" ? { inference_geo } : { speed, inference_geo };
}

/**
 * Cache writes by lifetime. Unclassified tokens get the lifetime that this inference reports, else that of the whole
 * response; if neither or both are reported, five minutes, the cheaper one.
 */
function cacheWrites(
  { cacheCreationInputTokens, cacheCreation5mInputTokens, cacheCreation1hInputTokens }: TokenCounts,
  whole: TokenCounts,
): { lines: TokenLine[]; isContradictory: boolean } {
  const [fiveMinutes, oneHour] = [cacheCreation5mInputTokens ?? 0, cacheCreation1hInputTokens ?? 0];
  const rest = (cacheCreationInputTokens ?? 0) - fiveMinutes - oneHour;
  const isClassified = fiveMinutes + oneHour > 0;
  const seen = isClassified
    ? [fiveMinutes, oneHour]
    : [whole.cacheCreation5mInputTokens ?? 0, whole.cacheCreation1hInputTokens ?? 0];
  const isOneHour = seen[0] === 0 && seen[1]! > 0;
  return {
    lines: [
      { kind: "cache_write_5m", tokens: fiveMinutes, mark: null },
      { kind: "cache_write_1h", tokens: oneHour, mark: null },
      {
        kind: isOneHour ? "cache_write_1h" : "cache_write_5m",
        tokens: Math.max(0, rest),
        mark: "lifetime_not_told",
      },
    ],
    isContradictory: cacheCreationInputTokens !== null && rest < 0,
  };
}

/** The model that an entry names; else the requested one, or without a fallback the one that served. */
function modelOf({ type, source }: Iteration, hasFallback: boolean, context: UsageContext): string | null {
  const named = textOf(source["model"]);
  if (named !== null) return named;
  if (type === "advisor_message") return null;
  const isRequested = type === "compaction" || (hasFallback && type !== "fallback_message");
  return isRequested ? (context.model ?? context.modelServed) : servedModel(context);
}

/** The model that gave the response. */
export function servedModel({ model, modelServed }: UsageContext): string | null {
  return modelServed ?? model;
}

/** An attempt is free if a fallback follows before any output, or if it is the last and was refused before any output. */
function freeReasonOf(
  { counts }: Iteration,
  { hasLaterFallback, isLast }: { hasLaterFallback: boolean; isLast: boolean },
  context: UsageContext,
): Inference["freeReason"] {
  if ((counts.outputTokens ?? 0) === 0 && hasLaterFallback) return "declined_before_output";
  return isLast && isRefusedBeforeOutput(context, counts) ? "refused_before_output" : null;
}

function isAttempt(type: string | null): boolean {
  return type === "message" || type === "fallback_message";
}

/** Refused before any output: none is reported, or nothing was received and at most the placeholder is reported. */
function isRefusedBeforeOutput(
  { stopReason, receivedTokens, isPartial }: UsageContext,
  { outputTokens }: TokenCounts,
): boolean {
  if (stopReason !== "refusal" || (isPartial && (receivedTokens ?? 0) > 0)) return false;
  const reported = outputTokens ?? 0;
  return reported === 0 || (receivedTokens === 0 && reported <= PLACEHOLDER_OUTPUT_TOKENS);
}

function textOf(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}
