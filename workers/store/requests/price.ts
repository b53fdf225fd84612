/** Tokens and price of a row from its own columns, so that storing, completing and repricing agree. */
import { requests } from "../../../drizzle/schema.ts";
import type { ModelShare } from "../../schemas/cost.ts";
import { contextTokens, type TokenCounts, totalTokenCounts } from "../../domain/usage/token-usage.ts";
import { type Price, priceExchange } from "../../domain/pricing/price.ts";
import { packBill, unpackBill } from "../../domain/pricing/cost-codec.ts";
import type { BatchPriceInput } from "./batches.ts";

/** Columns of `requests` that the price depends on. */
export const PRICE_INPUT_COLUMNS = {
  startedAt: requests.startedAt,
  endpoint: requests.endpoint,
  method: requests.method,
  model: requests.model,
  modelServed: requests.modelServed,
  status: requests.status,
  errorType: requests.errorType,
  timeToFirstByteMs: requests.timeToFirstByteMs,
  upstreamAttempts: requests.upstreamAttempts,
  stopReason: requests.stopReason,
  usage: requests.usage,
  usagePartial: requests.usagePartial,
  contextTokens: requests.contextTokens,
  costBreakdown: requests.costBreakdown,
};
export type PriceInput = Pick<typeof requests.$inferInsert, keyof typeof PRICE_INPUT_COLUMNS>;

export interface PriceColumns extends TokenCounts {
  /** What ingest read, unless the usage has no valid counts. */
  contextTokens: number | null;
  /** Null where everything is the requested model's. */
  modelShares: ModelShare[] | null;
  costPico: bigint | null;
  /** Packed. */
  costBreakdown: string;
  priceVersion: string;
}

/**
 * `receivedTokens`: counted by ingest in the response; absent: taken from the stored bill. `batch`: of rows that belong to a message batch
 * (batches.ts).
 */
export function priceColumns(
  row: PriceInput,
  {
    receivedTokens,
    batch,
  }: { receivedTokens?: number | null | undefined; batch?: BatchPriceInput | undefined } = {},
): PriceColumns {
  if (batch && "results" in batch) {
    const { counts, ...price } = batch.results.price();
    return { ...columnsOf(price, counts), contextTokens: null };
  }
  const price = priceExchange(row.usage ?? null, {
    endpoint: row.endpoint,
    method: row.method,
    model: row.model ?? null,
    modelServed: row.modelServed ?? null,
    at: row.startedAt,
    status: row.status ?? null,
    errorType: row.errorType ?? null,
    timeToFirstByteMs: row.timeToFirstByteMs ?? null,
    upstreamAttempts: row.upstreamAttempts ?? null,
    stopReason: row.stopReason ?? null,
    isPartial: row.usagePartial ?? false,
    receivedTokens: receivedTokens ?? unpackBill(row.costBreakdown)?.received ?? null,
    areResultsCounted: batch?.areResultsCounted ?? false,
  });
  return {
    ...columnsOf(price, totalTokenCounts(row.usage)),
    // The content, which may show several inferences, is not read again.
    contextTokens: row.contextTokens == null ? null : contextTokens(row.usage ?? null, false),
  };
}

function columnsOf(price: Price, counts: TokenCounts): Omit<PriceColumns, "contextTokens"> {
  return {
    ...counts,
    modelShares: price.shares.length === 0 ? null : price.shares,
    costPico: price.costPico,
    costBreakdown: packBill(price.breakdown),
    priceVersion: price.priceVersion,
  };
}
