/**
 * A bill as people and programs read it: every line with its amount, every note in words. Nothing is priced here: rates and
 * quantities are those of the day of pricing. Called by price.ts and workers/store.
 */
import type { CostBreakdown, CostLine, Bill, BillLine } from "../../schemas/cost.ts";
import { BILLED_KINDS } from "../../schemas/tokens.ts";
import { formatUsd } from "./usd.ts";

/** What there is to say about a line or a bill, by code. */
const NOTES = {
  lifetime_not_told: "The vendor did not say for how long this was cached; the lifetime is inferred.",
  counted_from_text: "The answer was cut off; counted from what came of it, four characters to a token.",
  declined_before_output: "Declined before any output, then handed to another model: not billed.",
  refused_before_output: "Refused before any output: not billed.",
  not_billed_per_request: "Not billed by the request, so no price can be put here.",
  unknown_model: "No price is known for this model.",
  no_price_at_date: "No price of this model is known for that day.",
  no_fast_price: "No fast-mode price of this model is known.",
  fast_in_batch: "Fast mode and batches do not go together, so no price is known.",
  fast_mode: "Fast mode: its rates, with the cache's multipliers on top.",
  us_geography: "Inference in the US: all token rates × 1.1.",
  batch: "Batch: all token rates × 0.5.",
  speed_not_told: "The answer ran in fast mode, this part by a model that has none: at its standard price.",
  contradictory_usage: "The vendor's figures contradict each other; the parts are billed, not their sum.",
  other_service_tier: "This service tier is billed by agreement; shown at the standard price.",
  other_geography: "For this geography no surcharge is known; shown at the standard price.",
  fallback_credit: "A fallback credit was redeemed: the real bill has less for cache writes.",
  cut_off: "The answer was cut off before its final usage: this is the least it can have cost.",
  free_endpoint: "This endpoint is free of charge.",
  error_not_billed: "An error is not billed.",
  usage_unknown: "What this used was never told, so it has no price.",
  billed_elsewhere: "What this sets going is billed later, and not told in any one answer.",
} as const;
export type NoteCode = keyof typeof NOTES;

/** Notes that say: this figure is inferred. */
const ESTIMATES: readonly string[] = [
  "lifetime_not_told",
  "counted_from_text",
  "speed_not_told",
  "contradictory_usage",
  "other_service_tier",
  "other_geography",
  "fallback_credit",
] satisfies NoteCode[];

const TOOL_RATE_PER = 1_000;
const TOKEN_RATE_PER = 1_000_000;

/** The sum of what has a price. */
export function billTotal({ lines }: Bill): bigint {
  return lines.reduce(
    (sum, [, quantity, rate]) => sum + (rate === null ? 0n : BigInt(quantity) * BigInt(rate)),
    0n,
  );
}

/** The bill as the API shows it. */
export function toCostBreakdown({ models, lines: packed, notes = [] }: Bill): CostBreakdown {
  const lines = packed.map((line) => fullLine(line, models));
  return {
    lines,
    estimated: lines.some((line) => line.estimated) || notes.some((code) => ESTIMATES.includes(code)),
    floor: notes.includes("cut_off"),
    notes: notes.map((code) => ({ code, text: noteText(code) ?? code })),
  };
}

/** Models whose tokens could not be priced. */
export function modelsWithoutPrice({ lines }: CostBreakdown): string[] {
  const unpriced = lines.filter(({ unit, costPico }) => unit === "token" && costPico === null);
  return [...new Set(unpriced.map(({ model }) => model ?? "(none)"))];
}

function fullLine([kind, quantity, rate, model, entry, note]: BillLine, models: string[]): CostLine {
  const isToken = (BILLED_KINDS as readonly string[]).includes(kind);
  const ratePer = isToken ? TOKEN_RATE_PER : TOOL_RATE_PER;
  const cost = rate === null ? null : BigInt(quantity) * BigInt(rate);
  return {
    kind,
    model: (isToken && models[model ?? 0]) || null,
    entry: entry ?? null,
    quantity,
    unit: isToken ? "token" : "request",
    rateUsd: rate === null ? null : formatUsd(BigInt(rate) * BigInt(ratePer)),
    ratePer,
    costPico: cost === null ? null : cost.toString(),
    costUsd: cost === null ? null : formatUsd(cost),
    estimated: note != null && ESTIMATES.includes(note),
    note: noteText(note ?? null),
  };
}

function noteText(code: string | null): string | null {
  return code === null ? null : Object.hasOwn(NOTES, code) ? NOTES[code as NoteCode] : code;
}
