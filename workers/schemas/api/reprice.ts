/** Pricing stored exchanges again, one batch per call: `POST /api/admin/reprice`. */
import { z } from "zod";
import { DryRun, text, time, wholeInBody } from "./parameters.ts";

const CURSOR_RULE = "the `nextCursor` of the previous batch";
const count = z.number().int();

/** Domain id, start in epoch milliseconds, request id. */
const CURSOR_PATTERN = /^(\d{1,10})\.(\d{1,15})\.([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

export interface RepriceCursor {
  domainId: number;
  /** Epoch milliseconds. */
  at: number;
  id: string;
}

export function encodeRepriceCursor({ domainId, at, id }: RepriceCursor): string {
  return `${domainId}.${at}.${id}`;
}

const CursorInput = z.string({ error: CURSOR_RULE }).transform((value, context): RepriceCursor => {
  const [, domainId, at, id] = CURSOR_PATTERN.exec(value) ?? [];
  if (id !== undefined && Number(domainId) < 2 ** 31 && Number(at) < 8.64e15)
    return { domainId: Number(domainId), at: Number(at), id };
  context.addIssue({ code: "custom", message: CURSOR_RULE });
  return z.NEVER;
});

export const RepriceInput = z.strictObject(
  {
    since: time().nullish().describe("Only exchanges that started at or after; default: all."),
    domain: text(255, "a domain's name").toLowerCase().nullish().describe("Only this domain."),
    dryRun: DryRun,
    limit: wholeInBody(1, 2_000).default(1_000).describe("Maximum exchanges per batch."),
    cursor: CursorInput.nullish().describe("The `nextCursor` of the previous batch."),
  },
  { error: "since, domain, dryRun, limit, cursor" },
);
export type RepriceInput = z.infer<typeof RepriceInput>;

export const RepriceBatch = z.object({
  examined: count,
  changed: count.describe("Exchanges whose cost or breakdown changed, or would."),
  newlyPriced: count.describe("Changed exchanges that had no price before."),
  newlyUnpriced: count.describe("Changed exchanges that have no price now."),
  deltaUsd: z
    .string()
    .regex(/^-?\d+(?:\.\d{1,12})?$/)
    .describe("Change of the total cost; exact decimal, may be negative."),
  unpriced: count.describe("Examined exchanges without a price."),
  unpricedModels: z.record(z.string(), count).describe("Model without a price → exchanges."),
  priceVersion: z.string().describe("The applied version of prices and rules."),
  dryRun: z.boolean(),
  reached: z
    .object({ domain: z.string(), startedAt: z.iso.datetime() })
    .nullable()
    .describe("The last examined exchange; null when there was none."),
  nextCursor: z.string().nullable().describe("Null after the last batch."),
});
export type RepriceBatch = z.infer<typeof RepriceBatch>;
