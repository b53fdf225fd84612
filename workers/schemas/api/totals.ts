/** Token and cost fields of API responses. A kind added to schemas/tokens.ts appears in all of them. */
import { z } from "zod";
import { byField, TOKEN_KINDS, TOTAL_KINDS } from "../tokens.ts";

const count = z.number().int();
const TOTAL_TOKENS = "Input and output tokens, without cached tokens.";

export const costUsd = z
  .string()
  .nullable()
  .describe("Exact decimal of the exchanges that have a price; null where none has and one should.");
export const unpricedCount = count.describe(
  "Exchanges that have no price. An exchange that used several models counts under each of them.",
);

/** Of several exchanges. */
export const tokenTotals = {
  ...byField(TOTAL_KINDS, () => count),
  totalTokens: count.describe(TOTAL_TOKENS),
  costUsd,
  unpricedCount,
};

/** Of one exchange; null where the usage is unknown. */
export const exchangeTotals = {
  ...byField(TOTAL_KINDS, () => count.nullable()),
  totalTokens: count.nullable().describe(TOTAL_TOKENS),
};
/** Every kind, those included that are part of another kind. */
export const exchangeTokens = { ...exchangeTotals, ...byField(TOKEN_KINDS, () => count.nullable()) };
