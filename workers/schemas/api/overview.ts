/** `GET /api/overview`: totals of a period beside those of the period before. */
import { z } from "zod";
import { AccountFilter, DomainFilter, ModelFilter, optional, time } from "./parameters.ts";
import { tokenTotals } from "./totals.ts";
import { InFlight } from "./live.ts";

const count = z.number().int();
export const OverviewQuery = z.object({
  from: optional(time()).describe(
    "Start of the period, cut to 5 minutes; 24 hours before its end when left out.",
  ),
  to: optional(time()).describe("End of the period; now when left out."),
  domain: DomainFilter,
  accountId: AccountFilter,
  model: ModelFilter,
});

/** What is summed everywhere in the overview. */
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
  previous: OverviewTotals.describe("The period of equal length before."),
  bucketMs: count.describe("Length of one bucket of the series: 5 minutes, an hour or a day (UTC)."),
  series: z
    .array(OverviewTotals.extend({ time: z.iso.datetime(), firstByteP50Ms: milliseconds }))
    .describe("Every bucket of the period, empty ones included; the first and the last may be cut."),
  domains: z.array(OverviewTotals.extend({ domain: z.string() })).describe("The busiest, by requests."),
  accounts: z.array(OverviewTotals.extend({ accountId: z.string() })),
  models: z.array(OverviewTotals.extend({ model: z.string() })),
  requestTypes: z.array(OverviewTotals.extend({ requestType: z.string() })),
  inFlight: InFlight.nullable().describe(
    "Exchanges under way now, of every domain; null when that is not known just now.",
  ),
});
export type Overview = z.infer<typeof Overview>;
