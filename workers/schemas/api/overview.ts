/** `GET /api/overview`: totals of a period beside those of the period before. */
import { z } from "zod";
import { AccountFilter, DomainFilter, ModelFilter, optional, time } from "./parameters.ts";
import { tokenTotals } from "./totals.ts";
import { InFlight } from "./live.ts";

const count = z.number().int();
export const OverviewQuery = z.object({
  from: optional(time()).describe(
    "Start of the period, rounded down to 5 minutes; default: 24 hours before its end.",
  ),
  to: optional(time()).describe("End of the period; default: now."),
  domain: DomainFilter,
  accountId: AccountFilter,
  model: ModelFilter,
});

/** Totals of every part of the overview. */
export const OverviewTotals = z.object({
  requests: count,
  errors: count,
  ...tokenTotals,
  thinkingTokens: count,
  toolCallCount: count,
  cacheHitShare: z
    .number()
    .nullable()
    .describe("Cache reads as a share of all prompt tokens, 0 to 1; null without prompt tokens."),
});
export type OverviewTotals = z.infer<typeof OverviewTotals>;

const milliseconds = z.number().nullable();
export const PeriodTotals = OverviewTotals.extend({
  firstByteP50Ms: milliseconds,
  firstByteP95Ms: milliseconds,
  durationP50Ms: milliseconds,
  durationP95Ms: milliseconds,
});
export type PeriodTotals = z.infer<typeof PeriodTotals>;

export const Overview = z.object({
  from: z.iso.datetime(),
  to: z.iso.datetime(),
  totals: PeriodTotals,
  previousFrom: z.iso.datetime(),
  previous: OverviewTotals.describe("The preceding period of the same length."),
  bucketMs: count.describe("Length of one bucket of the series: 5 minutes, an hour or a day (UTC)."),
  series: z
    .array(OverviewTotals.extend({ time: z.iso.datetime(), firstByteP50Ms: milliseconds }))
    .describe("Every bucket of the period, including empty ones; the first and last may be partial."),
  domains: z.array(OverviewTotals.extend({ domain: z.string() })).describe("Those with most requests."),
  accounts: z.array(OverviewTotals.extend({ accountId: z.string() })),
  models: z.array(OverviewTotals.extend({ model: z.string() })),
  requestTypes: z.array(OverviewTotals.extend({ requestType: z.string() })),
  inFlight: InFlight.nullable().describe("Exchanges in flight now, of all domains; null if unknown."),
});
export type Overview = z.infer<typeof Overview>;
