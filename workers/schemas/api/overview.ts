/** `GET /api/overview`: totals of a period beside those of the period before. */
import { z } from "zod";
import { BUCKET_UNITS } from "../calendar.ts";
import {
  AccountFilter,
  DomainFilter,
  ModelFilter,
  oneOf,
  optional,
  PeriodEnd,
  PeriodStart,
  TimeZone,
} from "./parameters.ts";
import { costUsd, tokenTotals, unpricedCount } from "./totals.ts";
import { InFlight } from "./live.ts";

const count = z.number().int();
export const OverviewQuery = z.object({
  from: PeriodStart,
  to: PeriodEnd,
  timeZone: TimeZone,
  domain: DomainFilter,
  accountId: AccountFilter,
  model: ModelFilter,
  seriesBy: optional(oneOf(["domain"])).describe("Adds `costByDomain`, the series of cost by domain."),
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

/** The buckets of a series. */
export const seriesBuckets = {
  bucket: z.enum(BUCKET_UNITS).describe("Unit of the series: 5 minutes, or an hour or a day of `timeZone`."),
  bucketMs: count.describe("Its length; a day on which the clocks change is an hour shorter or longer."),
};

export const Overview = z.object({
  from: z.iso.datetime(),
  to: z.iso.datetime(),
  totals: PeriodTotals,
  previousFrom: z.iso.datetime(),
  previous: OverviewTotals.describe("The period of the same length that ends where this one starts."),
  ...seriesBuckets,
  series: z
    .array(OverviewTotals.extend({ time: z.iso.datetime(), firstByteP50Ms: milliseconds }))
    .describe("Every bucket of the period, including empty ones; the first and last may be partial."),
  costByDomain: z
    .array(
      z.object({
        domain: z.string().nullable().describe("Null: all other domains together."),
        costUsd,
        unpricedCount,
        series: z.array(costUsd).describe("Its cost in each bucket of `series`."),
      }),
    )
    .optional()
    .describe(
      "With `seriesBy=domain`: the most expensive domains and the others, which add up to the totals.",
    ),
  domains: z
    .array(OverviewTotals.extend({ domain: z.string() }))
    .describe("Those with most requests, 200 at most."),
  accounts: z.array(OverviewTotals.extend({ accountId: z.string() })),
  models: z
    .array(OverviewTotals.extend({ model: z.string() }))
    .describe("A request that used several models counts for each; tokens and cost are the model's own."),
  requestTypes: z.array(OverviewTotals.extend({ requestType: z.string() })),
  inFlight: InFlight.nullable().describe("Exchanges in flight now, of all domains; null if unknown."),
});
export type Overview = z.infer<typeof Overview>;
