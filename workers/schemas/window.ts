/**
 * Input and output of an AccountWindow object: usage from ingest, rate-limit headers from the proxy, settings from
 * the API, and the state it returns. Times are epoch milliseconds.
 */
import { z } from "zod";
import { byField, TOTAL_KINDS, type TokenTotals } from "./tokens.ts";

const count = z.number().int().nonnegative();
const name = z.string().nullable();

/** The contribution of one exchange to the window of its account. */
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
   * Completeness: 0 its end was not seen, 1 its bytes are lost, 2 complete. A lower rank never replaces a higher one, in any
   * order of arrival.
   */
  rank: z.number().int().min(0).max(2),
});
export type WindowExchange = z.infer<typeof WindowExchange>;

/** Usage to count, and ids of exchanges that belong to another account after all. */
export interface WindowFeed {
  accountId: string;
  exchanges: readonly WindowExchange[];
  moved: readonly { id: string; startedAt: number }[];
}

/** Rate-limit headers of one response, names in lower case. */
export interface LimitReport {
  accountId: string;
  /** When they arrived. */
  at: number;
  headers: Readonly<Record<string, string>>;
}

/** The exchanges of a span as Postgres has them. Half-open: `from` ≤ startedAt < `to`. */
export interface ReconcileSpan {
  accountId: string;
  from: number;
  to: number;
  /** The object's `sequence` before the rows were read: later changes are kept. */
  upTo: number;
  exchanges: readonly WindowExchange[];
}

/** Per account, set by an administrator. */
export const WindowSettings = z.object({
  /** Output tokens of five hours that count as full; null = no configured limit. */
  tokenLimit: z.number().int().positive().nullable(),
  /** Shares at which to alert, ascending; empty = never. */
  thresholds: z.array(z.number().positive()),
});
export type WindowSettings = z.infer<typeof WindowSettings>;

/** Totals of one domain, session or model, and their share of the whole (0 to 1; 0 if the whole is 0). */
export interface WindowShare extends TokenTotals {
  /** Null where exchanges have none. */
  name: string | null;
  /** Of input + output tokens. */
  shareOfTokens: number;
  shareOfCost: number;
}

export interface WindowTotals {
  /** The window contains exchanges that started after `from` and up to `to`. */
  from: number;
  to: number;
  total: TokenTotals;
  domains: WindowShare[];
  /** The largest; the others are summed in `otherSessions`. */
  sessions: WindowShare[];
  otherSessions: TokenTotals | null;
  models: WindowShare[];
}

/** One limit as the vendor last reported it. */
export interface LimitReading {
  /** Unified: the suffix ("5h", "7d", "7d_oi", "overage", …). Classic: the kind ("requests", "input-tokens", "priority-input-tokens", …). */
  name: string;
  style: "unified" | "classic";
  /** Share used; of unified windows it may exceed 1. Null when not reported. */
  utilization: number | null;
  status: string | null;
  resetAt: number | null;
  /** Classic only. */
  limit: number | null;
  remaining: number | null;
  /** Every header of this limit by field, as sent. */
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
  /** Share per hour at the current rate; null when unknown. */
  perHour: number | null;
  /** When it is full at this rate; null when not before its reset, or unknown. */
  fullAt: number | null;
}

export interface LimitState extends LimitReading {
  reportedAt: number;
  /** Its reset has passed since the report: the values are those of an ended window. */
  hasEnded: boolean;
  /** The vendor names it as the binding one. */
  isBinding: boolean;
  forecast: LimitForecast;
  /** Ascending, at most one point per minute; empty unless requested. */
  history: LimitPoint[];
}

/** Full state of an account's window. */
export interface WindowState {
  accountId: string;
  now: number;
  /** Of the rolling five hours. */
  totals: WindowTotals;
  /** Of the vendor's five-hour window, by its last reported reset; of the rolling five hours where it reported none. */
  current: WindowTotals;
  settings: WindowSettings;
  /** When the rolling five hours reach `tokenLimit` at the last hour's rate; null when not within five hours. */
  fullAt: number | null;
  limits: LimitState[];
  /** Headers about limits as a whole, by the name after `anthropic-ratelimit-unified-`, as last reported. */
  overall: Readonly<Record<string, string>>;
  reportedAt: number | null;
  alerts: { window: string; threshold: number; at: number; resetAt: number | null }[];
  /** Start of the newest exchange counted. */
  newestAt: number | null;
}
