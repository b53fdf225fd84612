/**
 * The bill of an exchange: kind, quantity, rate and amount of each line; the amounts sum exactly to the
 * cost. Built by workers/domain/pricing, part of every request row of the API.
 */
import { z } from "zod";
import { BILLED_KINDS, type TokenField } from "./tokens.ts";

const usd = z.string().describe("Exact decimal of US dollars.");

export const CostLine = z.object({
  kind: z.string().describe(`${BILLED_KINDS.join(", ")}, or a server tool's counter.`),
  model: z.string().nullable().describe("The model of the rate; null for server tools."),
  entry: z
    .string()
    .nullable()
    .describe("Type of the entry of `usage.iterations` this belongs to; null for the response as a whole."),
  quantity: z.number().int(),
  unit: z.enum(["token", "request"]),
  rateUsd: usd.nullable().describe("Dollars per `ratePer` units, every modifier included; null = no price."),
  ratePer: z.number().int(),
  costPico: z.string().nullable().describe("quantity × rateUsd ÷ ratePer in pico-dollars, an integer."),
  costUsd: usd.nullable(),
  estimated: z.boolean(),
  note: z.string().nullable(),
});
export type CostLine = z.infer<typeof CostLine>;

export const CostBreakdown = z.object({
  lines: z.array(CostLine),
  estimated: z.boolean().describe("Parts of it are inferred, as lines and notes state."),
  floor: z.boolean().describe("The response ended before its final usage: the cost is at least this."),
  notes: z.array(z.object({ code: z.string(), text: z.string() })),
});
export type CostBreakdown = z.infer<typeof CostBreakdown>;

/** Kind, quantity, pico-dollars per unit (null = no price), index into `models` (null = none), entry, note. */
export type BillLine = [
  kind: string,
  quantity: number,
  rate: number | null,
  model?: number | null,
  entry?: string | null,
  note?: string | null,
];

/** A bill before it is packed for storage (workers/domain/pricing). */
export interface Bill {
  models: string[];
  lines: BillLine[];
  notes?: string[];
  /** Lower bound of the received output in tokens; only where the price depends on it, for repricing. */
  received?: number;
}

/** A message in the results of a batch: what its price depends on. */
export interface BilledMessage {
  model: string | null;
  stopReason: string | null;
  /** Minimum of received output in tokens. */
  receivedTokens: number;
  usage: Record<string, unknown> | null;
}

/** The part of an exchange's tokens and cost that is another model's than the requested one: an advisor's, a fallback's. */
export type ModelShare = Record<TokenField, number> & {
  model: string;
  /** Pico-dollars as decimal digits; "0" where the exchange is unpriced. */
  costPico: string;
  /** The exchange is unpriced, so that no cost of this model is counted; absent otherwise. */
  isUnpriced?: true;
};
