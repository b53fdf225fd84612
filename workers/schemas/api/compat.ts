/** Compatibility endpoints of the existing system (workers/api/compat), with its field names and units. */
import { z } from "zod";
import { costUsd, tokenTotals, unpricedCount } from "./totals.ts";
import { DomainFilter, ModelFilter, optional, text, time, whole, withDefault } from "./parameters.ts";

const count = z.number().int();
const limit = count
  .nullable()
  .describe("Output tokens of five hours; null unless one is set for the account.");
const remaining = z.number().nullable().describe("Remaining tokens of the limit; null without one.");
const percentageUsed = z
  .number()
  .nullable()
  .describe("Percent of the limit; may exceed 100; null without a limit.");
const { inputTokens, outputTokens, totalTokens, ...others } = tokenTotals;
/** The totals beside `outputTokens`. */
const besideOutput = { inputTokens, ...others };
/** All totals, under the existing system's names. */
const prefixed = {
  totalInputTokens: inputTokens,
  totalOutputTokens: outputTokens,
  totalTokens,
  totalRequests: count,
  ...others,
};

const accountId = text(128, "an account's id").describe("The account.");
const flag = optional(z.enum(["true", "false", "1", "0"], { error: "true or false" })).transform(
  (value) => value === "true" || value === "1",
);

/** Longest window of `current`, in minutes: 31 days. */
const MAX_WINDOW_MINUTES = 44_640;
export const CurrentUsageQuery = z.object({
  accountId,
  window: withDefault(whole(1, MAX_WINDOW_MINUTES).default(300)).describe("Length in minutes, up to now."),
  domain: DomainFilter,
  model: ModelFilter,
});

export const CurrentUsage = z.object({
  accountId: z.string(),
  domain: z.string().describe("`all` without a filter."),
  model: z.string().describe("`all` without a filter."),
  windowStart: z.iso.datetime().describe("Requests that started after this are counted."),
  windowEnd: z.iso.datetime(),
  ...prefixed,
  tokenLimit: limit,
  remaining,
  percentageUsed,
});
export type CurrentUsage = z.infer<typeof CurrentUsage>;

export const DailyUsageQuery = z.object({
  accountId,
  days: withDefault(whole(1, 400).default(30)).describe("Days (UTC), including today."),
  domain: DomainFilter,
  aggregate: flag.describe("true: one row per day and domain instead of one per model."),
});

export const DailyUsage = z.object({
  usage: z
    .array(
      z.object({
        date: z.iso.date().describe("UTC."),
        accountId: z.string(),
        domain: z.string(),
        model: z.string().optional().describe("Absent with `aggregate`; empty for requests without a model."),
        ...prefixed,
      }),
    )
    .describe("Newest first. Days without requests have no row."),
});
export type DailyUsage = z.infer<typeof DailyUsage>;

export const TimeSeriesQuery = z.object({
  accountId,
  window: withDefault(whole(1, 720).default(5)).describe("Length in hours, up to now."),
  interval: withDefault(whole(1, 1_440).default(5)).describe("Minutes per point; at most 2,016 points."),
});

export const TimeSeries = z.object({
  accountId: z.string(),
  windowHours: count,
  intervalMinutes: count,
  tokenLimit: limit,
  timeSeries: z
    .array(
      z.object({
        time: z.iso.datetime().describe("Start of the interval."),
        requests: count,
        outputTokens: count.describe("In this interval."),
        cumulativeUsage: count.describe("Output tokens since the window began."),
        remaining,
        percentageUsed,
        ...besideOutput,
      }),
    )
    .describe(
      "Every interval of the window, oldest first, including empty ones; the first and last may be partial.",
    ),
});
export type TimeSeries = z.infer<typeof TimeSeries>;

export const AccountsUsage = z.object({
  windowStart: z.iso.datetime(),
  windowEnd: z.iso.datetime(),
  accounts: z
    .array(
      z.object({
        accountId: z.string(),
        outputTokens: count,
        ...besideOutput,
        requestCount: count,
        lastRequestTime: z.iso.datetime(),
        tokenLimit: limit,
        remainingTokens: remaining,
        percentageUsed,
        domains: z.array(
          z.object({ domain: z.string(), outputTokens: count, requests: count, ...besideOutput }),
        ),
        miniSeries: z
          .array(z.object({ time: z.iso.datetime(), outputTokens: count, remaining }))
          .describe("Every five minutes of the window."),
      }),
    )
    .describe("Accounts active in the last five hours, busiest first."),
  tokenLimit: limit.describe("Always null: limits are per account."),
});
export type AccountsUsage = z.infer<typeof AccountsUsage>;

export const HourlyQuery = z.object({
  domain: DomainFilter,
  days: withDefault(whole(1, 30).default(7)).describe("Days back from the end of the current hour."),
});

const hour = z.iso.datetime().describe("Start of the hour, UTC.");
const query = z.object({ domain: z.string().nullable(), days: count });
export const HourlyRequests = z.object({
  data: z
    .record(z.string(), z.array(z.object({ hour, count })))
    .describe("Domain → its hours with requests, oldest first."),
  query,
});
export type HourlyRequests = z.infer<typeof HourlyRequests>;

export const HourlyTokens = z.object({
  data: z
    .record(
      z.string(),
      z.array(
        z.object({ hour, count: count.describe("Input + output."), outputTokens: count, ...besideOutput }),
      ),
    )
    .describe("Domain → its hours with requests, oldest first."),
  query,
});
export type HourlyTokens = z.infer<typeof HourlyTokens>;

export const SlidingWindowQuery = z.object({
  accountId,
  days: withDefault(whole(1, 30).default(7)).describe("Days back from now."),
  bucketMinutes: withDefault(whole(1, 60).default(10)).describe("Minutes between points."),
  windowHours: withDefault(whole(1, 24).default(5)).describe("Hours that each point sums up."),
});

export const SlidingWindow = z.object({
  accountId: z.string(),
  params: z.object({ days: count, bucketMinutes: count, windowHours: count }),
  data: z
    .array(
      z.object({
        time_bucket: z.iso.datetime(),
        sliding_window_tokens: count.describe("Output tokens of the hours up to this point."),
        sliding_window_input_tokens: count,
        sliding_window_cache_read_tokens: count,
        sliding_window_cache_creation_tokens: count,
        sliding_window_requests: count,
        sliding_window_cost_usd: costUsd,
        sliding_window_unpriced_count: unpricedCount,
        rate_limit_warning_in_window: z.boolean().describe("Claude warned or returned 429 in these hours."),
      }),
    )
    .describe("Every point, oldest first; the last one is now."),
});
export type SlidingWindow = z.infer<typeof SlidingWindow>;

export const DashboardStatsQuery = z.object({
  domain: DomainFilter,
  accountId: optional(text(128, "an account's id")).describe("Only this account."),
});

export const DashboardStats = z.object({
  totalConversations: count,
  activeUsers: count.describe("Accounts."),
  totalRequests: count,
  totalTokens: count.describe("Input + output, without cache."),
  totalCacheReadTokens: count,
  totalCacheCreationTokens: count,
  costUsd,
  unpricedCount,
  totalBranches: count,
  subtaskBranches: count,
  compactBranches: count,
  modelsUsed: z.array(z.string()).describe("Most used first."),
  modelsUsedCount: count,
  last24Hours: z.object({ requests: count, conversations: count, activeUsers: count }),
  hourlyActivity: z
    .array(
      z.object({
        hour,
        requestCount: count,
        tokenCount: count.describe("Input + output."),
        cacheReadInputTokens: count,
        cacheCreationInputTokens: count,
        costUsd,
        unpricedCount,
      }),
    )
    .describe("The last 24 hours, oldest first, including empty ones."),
});
export type DashboardStats = z.infer<typeof DashboardStats>;

export const StatsQuery = z.object({
  domain: DomainFilter,
  since: optional(time()).describe("Started at or after; default: the last 24 hours."),
});

export const Stats = z.object({
  totalRequests: count,
  totalTokens: count.describe("Input + output, without cache."),
  totalInputTokens: count,
  totalOutputTokens: count,
  totalCacheCreationTokens: count,
  totalCacheReadTokens: count,
  averageResponseTime: z.number().describe("Milliseconds; 0 without requests."),
  errorCount: count.describe("Failed requests."),
  activeDomains: count,
  requestsByModel: z.record(z.string(), count),
  requestsByType: z.record(z.string(), count),
  costUsd,
  unpricedCount,
});
export type Stats = z.infer<typeof Stats>;

export const TokenStatsQuery = z.object({ domain: DomainFilter });

export const DomainTokens = z.object({
  outputTokens,
  ...besideOutput,
  requestCount: count,
  queryEvaluationCount: count,
  inferenceCount: count,
  toolCallCount: count,
  lastUpdated: z.iso.datetime().nullable().describe("Start of its newest exchange."),
});
export type DomainTokens = z.infer<typeof DomainTokens>;

export const TokenStats = z
  .union([z.record(z.string(), DomainTokens), DomainTokens, z.null()])
  .describe("Domain → counts of all time; with `domain` only its counts, or null if it is unknown.");

export const NoQuery = z.object({});
