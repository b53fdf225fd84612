/**
 * The rates of one inference: the matching row of the price table, with modifiers applied. Integer pico-dollars per token,
 * exact for every published rate and every combination of modifiers. Called by price.ts.
 */
import { toHex } from "../bytes.ts";
import { MULTIPLIERS, PRICES, PRICING_RULES, type PriceRow, SERVER_TOOL_PRICES } from "./price-table.ts";
import { BILLED_KINDS, type BilledKind } from "../../schemas/tokens.ts";
import { isModel } from "../model-id.ts";
import { sha256 } from "../sha256.ts";
import { parseUsd } from "./usd.ts";

/** Pico-dollars per token. */
export type Rates = Record<BilledKind, bigint>;

export interface RateQuery {
  model: string | null;
  at: Date;
  /** Input, cache reads and cache writes together. */
  promptTokens: number;
  isFast: boolean;
  isBatch: boolean;
  isUsGeography: boolean;
}

/** Why there is no rate. */
export type RateProblem = "unknown_model" | "no_price_at_date" | "no_fast_price" | "fast_in_batch";
/** A modifier of the published rate. */
export type Modifier = "fast_mode" | "us_geography" | "batch";

export type RateResult =
  { rates: Rates; modifiers: Modifier[]; problem: null } | { rates: null; problem: RateProblem };

/** An id that is not in the table has no rate, even if it resembles one that is. */
export function findRates(query: RateQuery): RateResult {
  const { model, at, promptTokens, isFast, isBatch, isUsGeography } = query;
  const rows = model === null ? [] : rowsOf(model);
  if (rows.length === 0) return { rates: null, problem: "unknown_model" };
  const row = rows.find((each) => applies(each, at, promptTokens));
  if (!row) return { rates: null, problem: "no_price_at_date" };
  const modifiers: Modifier[] = [];
  let rates = publishedRates(row);
  if (isFast && row.fast !== "standard") {
    if (row.fast === null) return { rates: null, problem: "no_fast_price" };
    if (isBatch) return { rates: null, problem: "fast_in_batch" };
    rates = fastRates(rates, row.fast);
    modifiers.push("fast_mode");
  }
  if (isUsGeography && row.usGeography) {
    rates = scaled(rates, parseUsd(MULTIPLIERS.usGeography), parseUsd("1"));
    modifiers.push("us_geography");
  }
  if (isBatch) {
    rates = scaled(rates, parseUsd(MULTIPLIERS.batch), parseUsd("1"));
    modifiers.push("batch");
  }
  return { rates, modifiers, problem: null };
}

/** Whether the model has a price on some day. */
export function hasPrice(model: string): boolean {
  return rowsOf(model).length > 0;
}

function rowsOf(model: string): PriceRow[] {
  return PRICES.filter((row) => row.models.some((id) => isModel(id, model)));
}

/** The last day on which prices were checked, and a fingerprint of table and rules. */
export const PRICE_VERSION = `${PRICES.map(({ checked }) => checked).reduce((a, b) => (a > b ? a : b))}.${fingerprint()}`;

function fingerprint(): string {
  const text = JSON.stringify([PRICING_RULES, PRICES, SERVER_TOOL_PRICES, MULTIPLIERS]);
  return toHex(sha256(text).subarray(0, 4));
}

function applies(row: PriceRow, at: Date, promptTokens: number): boolean {
  const day = at.toISOString().slice(0, 10);
  return (
    (row.from === null || day >= row.from) &&
    (row.to === null || day < row.to) &&
    promptTokens >= (row.promptAbove === 0 ? 0 : row.promptAbove + 1) &&
    (row.promptUpTo === null || promptTokens <= row.promptUpTo)
  );
}

function publishedRates(row: PriceRow): Rates {
  return {
    input: perToken(row.input),
    cache_write_5m: perToken(row.write5m),
    cache_write_1h: perToken(row.write1h),
    cache_read: perToken(row.read),
    output: perToken(row.output),
  };
}

/** Cache rates scale with fast mode's input price. */
function fastRates(standard: Rates, fast: { input: string; output: string }): Rates {
  const [from, to] = [standard.input, perToken(fast.input)];
  return { ...scaled(standard, to, from), output: perToken(fast.output) };
}

function scaled(rates: Rates, by: bigint, over: bigint): Rates {
  return Object.fromEntries(BILLED_KINDS.map((kind) => [kind, (rates[kind] * by) / over])) as Rates;
}

function perToken(usdPerMillion: string): bigint {
  return parseUsd(usdPerMillion) / 1_000_000n;
}
