/** Sums over exchanges as the API gives them: statistics of a period, the overview, counts per domain. */
import { z } from "zod";
import { AccountFilter, DomainFilter, ModelFilter, optional, time } from "./parameters.ts";
import { InFlight } from "./live.ts";

const count = z.number().int();
const costUsd = z
  .string()
  .nullable()
  .describe("Exact decimal, of what could be priced; null when nothing could though something should.");
const unpricedCount = count.describe(
  "Exchanges without a price: of an unknown model, or whose usage was never told. Free calls and errors are not among them.",
);

export const StatsQuery = z.object({
  domain: DomainFilter,
  since: optional(time()).describe("Started at or after; the last 24 hours when left out."),
});

export const Stats = z.object({
  totalRequests: count,
  totalTokens: count.describe("Input + output; cache apart."),
  totalInputTokens: count,
  totalOutputTokens: count,
  totalCacheCreationTokens: count,
  totalCacheReadTokens: count,
  averageResponseTime: z.number().describe("Milliseconds; 0 without requests."),
  errorCount: count.describe("Answers with status 400 and above, and exchanges without an answer."),
  activeDomains: count,
  requestsByModel: z.record(z.string(), count),
  requestsByType: z.record(z.string(), count),
  costUsd,
  unpricedCount,
});
export type Stats = z.infer<typeof Stats>;

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
export const Sums = z.object({
  requests: count,
  errors: count,
  inputTokens: count,
  outputTokens: count,
  totalTokens: count,
  cacheReadInputTokens: count,
  cacheCreationInputTokens: count,
  thinkingTokens: count,
  toolCallCount: count,
  cacheHitShare: z
    .number()
    .nullable()
    .describe("Cache reads as a share of all prompt tokens, 0 to 1; null without prompt tokens."),
  costUsd,
  unpricedCount,
});
export type Sums = z.infer<typeof Sums>;

const milliseconds = z.number().nullable();
export const Totals = Sums.extend({
  firstByteP50Ms: milliseconds,
  firstByteP95Ms: milliseconds,
  durationP50Ms: milliseconds,
  durationP95Ms: milliseconds,
});
export type Totals = z.infer<typeof Totals>;

export const Overview = z.object({
  from: z.iso.datetime(),
  to: z.iso.datetime(),
  totals: Totals,
  previousFrom: z.iso.datetime(),
  previous: Sums.describe("The period of equal length before."),
  bucketMs: count.describe("Length of one bucket of the series: 5 minutes, an hour or a day (UTC)."),
  series: z
    .array(Sums.extend({ time: z.iso.datetime(), firstByteP50Ms: milliseconds }))
    .describe("Every bucket of the period, empty ones included; the first and the last may be cut."),
  domains: z.array(Sums.extend({ domain: z.string() })).describe("The busiest, by requests."),
  accounts: z.array(Sums.extend({ accountId: z.string() })),
  models: z.array(Sums.extend({ model: z.string() })),
  requestTypes: z.array(Sums.extend({ requestType: z.string() })),
  inFlight: InFlight.nullable().describe(
    "Exchanges under way now, of every domain; null when that is not known just now.",
  ),
});
export type Overview = z.infer<typeof Overview>;

export const TokenStatsQuery = z.object({ domain: DomainFilter });

export const DomainTokens = z.object({
  inputTokens: count,
  outputTokens: count,
  cacheReadInputTokens: count,
  cacheCreationInputTokens: count,
  requestCount: count,
  queryEvaluationCount: count,
  inferenceCount: count,
  toolCallCount: count,
  costUsd,
  unpricedCount,
  lastUpdated: z.iso.datetime().nullable().describe("When its newest exchange began."),
});
export type DomainTokens = z.infer<typeof DomainTokens>;

export const TokenStats = z
  .union([z.record(z.string(), DomainTokens), DomainTokens, z.null()])
  .describe("Domain → counts of all time; with `domain` its counts alone, or null when it was never seen.");
