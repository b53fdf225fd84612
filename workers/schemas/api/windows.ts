/** Usage of accounts: our rolling five hours, and the limits that Claude reports. */
import { z } from "zod";
import { tokenTotals } from "./totals.ts";
import { text, whole, wholeInBody, withDefault } from "./parameters.ts";

const count = z.number().int();
const time = z.iso.datetime();

export const WindowListQuery = z.object({
  limit: withDefault(whole(1, 200).default(100)).describe("Maximum accounts, most recently active first."),
});
export const WindowParameter = z.object({ accountId: text(128, "an account's id").describe("The account.") });
export const WindowQuery = z.object({
  historyHours: withDefault(whole(0, 192).default(24)).describe("Hours of history of the limits."),
});

const WindowTotalsView = z.object({
  requests: count,
  ...tokenTotals,
});

const Share = WindowTotalsView.extend({
  shareOfTokens: z.number().describe("0 to 1, of input + output tokens."),
  shareOfCost: z.number().describe("0 to 1."),
});

const Point = z.object({
  time,
  utilization: z.number().nullable(),
  status: z.string().nullable(),
  remaining: z.number().nullable(),
  resetsAt: time.nullable(),
});

const Unified = z.object({
  window: z.string().describe("Claude's name: 5h, 7d, 7d_oi, overage, …"),
  utilization: z.number().nullable().describe("Share used; 1 is full; may exceed 1."),
  status: z.string().nullable().describe("allowed, allowed_warning, rejected, …"),
  resetsAt: time.nullable(),
  surpassedThreshold: z.number().nullable(),
  isBinding: z.boolean().describe("The limit that Claude currently enforces."),
  hasEnded: z.boolean().describe("It was reset since the last report; the values are from before."),
  perHour: z.number().nullable().describe("Share per hour at the current rate."),
  fullAt: time.nullable().describe("When it is full at this rate; null if not before its reset, or unknown."),
  reportedAt: time,
  fields: z.record(z.string(), z.string()).describe("Its headers as received."),
  history: z.array(Point).describe("Oldest first, at most one point a minute."),
});

const Classic = z.object({
  kind: z.string().describe("requests, tokens, input-tokens, output-tokens, priority-input-tokens, …"),
  limit: z.number().nullable(),
  remaining: z.number().nullable(),
  utilization: z.number().nullable(),
  resetsAt: time.nullable(),
  reportedAt: time,
  history: z.array(Point),
});

export const WindowView = z.object({
  accountId: z.string(),
  windowStart: time.describe("Requests that started after this are counted."),
  windowEnd: time,
  totals: WindowTotalsView,
  tokenLimit: count.nullable().describe("Output tokens per five hours; null if none is set."),
  remaining: z.number().nullable(),
  percentageUsed: z.number().nullable(),
  fullAt: time
    .nullable()
    .describe("When the limit is reached at the rate of the last hour; null if not within five hours."),
  thresholds: z.array(z.number()).describe("Shares at which to alert."),
  status: z.string().nullable().describe("Overall status of Claude's limits."),
  bindingWindow: z.string().nullable(),
  reportedAt: time.nullable().describe("When Claude last reported limits."),
  unified: z.array(Unified),
  classic: z.array(Classic),
  overall: z
    .record(z.string(), z.string())
    .describe("Headers about the unified limits as a whole, as received."),
  alerts: z
    .array(z.object({ window: z.string(), threshold: z.number(), at: time, resetsAt: time.nullable() }))
    .describe("The highest notified threshold of each window."),
});
export type WindowView = z.infer<typeof WindowView>;

export const WindowList = z.object({ windows: z.array(WindowView) });
export type WindowList = z.infer<typeof WindowList>;

export const WindowDetail = WindowView.extend({
  usageFrom: time.describe(
    "Start of what domains, sessions and models count: Claude's 5-hour window by its last reported reset, else the rolling five hours.",
  ),
  domains: z.array(Share.extend({ domain: z.string() })).describe("Most expensive first."),
  sessions: z.array(Share.extend({ sessionId: z.string().nullable() })).describe("The 200 most expensive."),
  otherSessions: WindowTotalsView.nullable().describe("All other sessions."),
  models: z.array(Share.extend({ model: z.string().nullable() })),
});
export type WindowDetail = z.infer<typeof WindowDetail>;

const LIMIT_RULE = "a whole number from 1 to 1000000000000, or null";
const THRESHOLD_RULE = "up to 10 shares above 0, at most 10, such as [0.75, 0.9]; null for these two";
export const WindowSettingsInput = z.strictObject(
  {
    tokenLimit: wholeInBody(1, 1e12, LIMIT_RULE)
      .nullable()
      .optional()
      .describe("Output tokens per five hours that count as full; null: none; absent: unchanged."),
    thresholds: z
      .array(
        z
          .number({ error: THRESHOLD_RULE })
          .gt(0, { error: THRESHOLD_RULE })
          .max(10, { error: THRESHOLD_RULE }),
        { error: THRESHOLD_RULE },
      )
      .max(10, { error: THRESHOLD_RULE })
      .nullable()
      .optional()
      .describe("Shares at which to alert; empty: never; null: defaults; absent: unchanged."),
  },
  { error: "a JSON object with tokenLimit and thresholds" },
);
export type WindowSettingsInput = z.infer<typeof WindowSettingsInput>;

export const WindowSettingsView = z.object({
  accountId: z.string(),
  tokenLimit: count.nullable(),
  thresholds: z.array(z.number()),
});

export const ReconcileInput = z.strictObject(
  { hours: wholeInBody(1, 192).default(5) },
  { error: "a JSON object with hours" },
);
