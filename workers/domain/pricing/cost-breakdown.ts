/**
 * A stored bill as the API returns it: every line with its amount, every note as text. Rates and quantities are those stored
 * when it was priced. Called by price.ts and workers/store.
 */
import type { CostBreakdown, CostLine, Bill, BillLine } from "../../schemas/cost.ts";
import { BILLED_KINDS } from "../../schemas/tokens.ts";
import { MULTIPLIERS } from "./price-table.ts";
import { formatUsd } from "./usd.ts";

/** Notes on a line or a bill, by code. Codes are stored. */
const NOTES = {
  lifetime_not_told: "The response does not report the cache lifetime; it is inferred.",
  counted_from_text:
    "The response was cut off; estimated from the received text at four characters per token.",
  declined_before_output: "Declined before any output; a fallback model responded. Not billed.",
  refused_before_output: "Refused before any output. Not billed.",
  not_billed_per_request: "Not billed per request, so it has no price here.",
  unknown_model: "No price is known for this model.",
  no_price_at_date: "No price is known for this model on that day.",
  no_fast_price: "No fast-mode price is known for this model.",
  fast_in_batch: "Fast mode is not available in batches, so no price is known.",
  fast_mode: "Fast mode: fast-mode rates, with the cache multipliers applied.",
  us_geography: `Inference in the US: all token rates × ${MULTIPLIERS.usGeography}.`,
  batch: `Batch: all token rates × ${MULTIPLIERS.batch}.`,
  speed_not_told: "The response ran in fast mode, but this model has no fast mode: standard price.",
  contradictory_usage:
    "The reported figures contradict each other; the parts are priced, not the reported total.",
  other_service_tier: "This service tier is billed by contract; shown at the standard price.",
  other_geography: "No surcharge is known for this geography; shown at the standard price.",
  fallback_credit: "A fallback credit was redeemed; the actual cost of cache writes is lower.",
  cut_off: "The response was cut off before its final usage; the cost is a minimum.",
  free_endpoint: "This endpoint is free of charge.",
  error_not_billed: "Errors are not billed.",
  not_sent: "The request was not sent to Claude.",
  response_lost: "The response was lost. Claude may bill the request, so it has no price.",
  invalid_usage: "The response reports a token count that is missing or no whole number, so it has no price.",
  usage_unknown: "The response reports no usage, so it has no price.",
  batch_pending:
    "Pending: the results of this batch are priced when they are downloaded, and not all of them have been.",
  batch_counted: "Billed with the download of the batch's results.",
  billed_elsewhere: "Work started by this request is billed later and not reported in a response.",
} as const;
export type NoteCode = keyof typeof NOTES;

/** Notes on inferred figures. */
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

/** The sum of the lines with a price. */
export function billTotal({ lines }: Bill): bigint {
  return lines.reduce(
    (sum, [, quantity, rate]) => sum + (rate === null ? 0n : BigInt(quantity) * BigInt(rate)),
    0n,
  );
}

/** The bill as the API returns it. */
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
