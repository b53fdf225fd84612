/** Pricing again what is stored, a batch per call: `POST /api/admin/reprice`. */
import { z } from "zod";
import { text, time } from "./parameters.ts";

const CURSOR_RULE = "the `nextCursor` of the batch before";
const LIMIT_RULE = "a whole number from 1 to 2000";
const DRY_RUN_RULE = "true or false";
const count = z.number().int();

/** Where a batch ended: domain's id, start in epoch milliseconds, request's id. */
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
    since: time().nullish().describe("Only exchanges that started at or after; all when left out."),
    domain: text(255, "a domain's name").toLowerCase().nullish().describe("Only this domain."),
    dryRun: z.boolean({ error: DRY_RUN_RULE }).default(false).describe("Only say what would change."),
    limit: z
      .number({ error: LIMIT_RULE })
      .int({ error: LIMIT_RULE })
      .min(1, { error: LIMIT_RULE })
      .max(2_000, { error: LIMIT_RULE })
      .default(1_000)
      .describe("Exchanges of one batch."),
    cursor: CursorInput.nullish().describe("Where the batch before ended: its `nextCursor`."),
  },
  { error: "since, domain, dryRun, limit, cursor" },
);
export type RepriceInput = z.infer<typeof RepriceInput>;

export const RepriceBatch = z.object({
  examined: count,
  changed: count.describe("Their cost or its breakdown is another one now (or would be)."),
  newlyPriced: count.describe("Of these, the ones that had no price."),
  newlyUnpriced: count.describe("Of these, the ones that have none any more."),
  deltaUsd: z
    .string()
    .regex(/^-?\d+(?:\.\d{1,12})?$/)
    .describe("By how much the sum of all costs moved; exact decimal, may be negative."),
  unpriced: count.describe("Of those examined, the ones without a price now."),
  unpricedModels: z.record(z.string(), count).describe("Model without a price → exchanges."),
  priceVersion: z.string().describe("The prices and rules that were applied."),
  dryRun: z.boolean(),
  reached: z
    .object({ domain: z.string(), startedAt: z.iso.datetime() })
    .nullable()
    .describe("The last exchange examined; null when there was none."),
  nextCursor: z.string().nullable().describe("Null when everything has been examined."),
});
export type RepriceBatch = z.infer<typeof RepriceBatch>;
