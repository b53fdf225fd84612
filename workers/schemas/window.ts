/**
 * What flows into an account's window and out of it: usage from ingest, rate-limit headers from the proxy, settings from
 * the API; and the state that the AccountWindow object answers with. Times are epoch milliseconds.
 */
import { z } from "zod";
import { byField, TOTAL_KINDS, type TokenTotals } from "./tokens.ts";

const count = z.number().int().nonnegative();
const name = z.string().nullable();

/** What one exchange adds to the window of its account. */
export const WindowExchange = z.object({
  id: z.string(),
  startedAt: z.number().int(),
  domain: z.string(),
  sessionId: name,
  model: name,
  ...byField(TOTAL_KINDS, () => count),
  /** Integer pico-dollars as decimal digits; null = unpriced. */
  costPico: z.string().nullable(),
  /**
   * How much of the exchange is known: 0 its end was not seen, 1 its bytes are lost, 2 all. What is known better is never
   * replaced by what is known less, whatever comes last.
   */
  rank: z.number().int().min(0).max(2),
});
export type WindowExchange = z.infer<typeof WindowExchange>;

/** Usage to count, and ids that turned out to belong to another account. */
export interface WindowFeed {
  accountId: string;
  exchanges: readonly WindowExchange[];
  moved: readonly { id: string; startedAt: number }[];
}

/** Rate-limit headers of one answer, names in lower case. */
export interface LimitReport {
  accountId: string;
  /** When they arrived. */
  at: number;
  headers: Readonly<Record<string, string>>;
}

/** One span of rows as Postgres has them. Half-open: `from` ≤ startedAt < `to`. */
export interface ReconcileSpan {
  accountId: string;
  from: number;
  to: number;
  /** The object's `sequence` from before the rows were read: what it learned since is left alone. */
  upTo: number;
  exchanges: readonly WindowExchange[];
}

/** Per account, set by an administrator. */
export const WindowSettings = z.object({
  /** Output tokens of five hours that count as full; null = no limit of our own. */
  tokenLimit: z.number().int().positive().nullable(),
  /** Shares at which to alert, ascending; empty = never. */
  thresholds: z.array(z.number().positive()),
});
export type WindowSettings = z.infer<typeof WindowSettings>;

/** Sums of one domain, session or model, and what part of the whole they are (0 to 1; 0 of nothing). */
export interface WindowShare extends TokenTotals {
  /** Null where exchanges have none. */
  name: string | null;
  /** Of input + output tokens. */
  shareOfTokens: number;
  shareOfCost: number;
}

export interface WindowTotals {
  /** The window holds what started after `from` and up to `to`. */
  from: number;
  to: number;
  total: TokenTotals;
  domains: WindowShare[];
  /** The largest; what is beyond them is in `otherSessions`. */
  sessions: WindowShare[];
  otherSessions: TokenTotals | null;
  models: WindowShare[];
}

/** One limit as the vendor last reported it. */
export interface LimitReading {
  /** Unified: the suffix ("5h", "7d", "7d_oi", "overage", …). Classic: the kind ("requests", "input-tokens", "priority-input-tokens", …). */
  name: string;
  style: "unified" | "classic";
  /** Share used; of unified windows it may exceed 1. Null when not told. */
  utilization: number | null;
  status: string | null;
  resetAt: number | null;
  /** Classic only. */
  limit: number | null;
  remaining: number | null;
  /** Every header of this limit, by its field, as it was sent. */
  fields: Readonly<Record<string, string>>;
}

export interface LimitPoint {
  at: number;
  utilization: number | null;
  status: string | null;
  remaining: number | null;
  resetAt: number | null;
}

export interface LimitForecast {
  /** Share per hour at the current pace; null when nobody can tell. */
  perHour: number | null;
  /** When it is full at this pace; null when not before its reset, or nobody can tell. */
  fullAt: number | null;
}

export interface LimitState extends LimitReading {
  reportedAt: number;
  /** Its reset has passed since the report: the figures are those of a window that is over. */
  hasEnded: boolean;
  /** The one the vendor names as binding. */
  isBinding: boolean;
  forecast: LimitForecast;
  /** Ascending, at most one point a minute; empty unless asked for. */
  history: LimitPoint[];
}

/** Everything an account's window knows. */
export interface WindowState {
  accountId: string;
  now: number;
  totals: WindowTotals;
  settings: WindowSettings;
  /** When the rolling five hours reach `tokenLimit` at the pace of the last hour; null when not within five hours. */
  fullAt: number | null;
  limits: LimitState[];
  /** Headers about limits as a whole, by what follows `anthropic-ratelimit-unified-`, as last reported. */
  overall: Readonly<Record<string, string>>;
  reportedAt: number | null;
  alerts: { window: string; threshold: number; at: number; resetAt: number | null }[];
  /** Start of the newest exchange counted. */
  newestAt: number | null;
}
